# Commands for users and developers. They need Python 3.11 or newer, make, and access to PyPI.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check

# The tests start hundreds of crawls: let Python keep its bytecode, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help crawl test soak check bench lock clean

help:            ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

crawl: $(VENV)/.ready   ## crawl the bundled sample mirror into feeds/sample
	$(BIN)/scrapy crawl epoch_mirror -a mirror=sample

test: $(VENV)/.ready-dev   ## run the tests: offline, under five minutes
	$(BIN)/python -m pytest -n 3 --dist worksteal

soak: $(VENV)/.ready-dev   ## run the long tests: every page of the corpus, a thousand kills, whole replays
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "soak or hypothesis"

check: $(VENV)/.ready-dev   ## lint, and check format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.ready-dev   ## measure speed and memory against baselines of the same run
	$(BIN)/python bench/run.py

lock: $(VENV)/.ready-dev   ## pin the versions installed in .venv
	$(BIN)/python scripts/lock.py

clean:           ## remove generated files, but not the feeds
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The marker file is written last, so that the next make completes an interrupted setup. An environment
# without pip is created again: Debian leaves one behind if python3-venv is not installed.
$(VENV)/.ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …" >&2; exit 2; }
	@$(PIP) --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || \
	  { echo "Cannot create $(VENV). On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	$(PIP) install --quiet -r requirements.lock
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	$(PIP) install --quiet -r requirements-dev.lock
	touch $@
