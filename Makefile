# Everything a user or a developer does, each from nothing but Python 3.11+ and make.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SCRAPY := $(BIN)/scrapy

# The tests start hundreds of crawls: each module is compiled once, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help crawl test soak check bench lock clean

help:            ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

crawl: $(VENV)/.ready   ## set up, and crawl the bundled sample mirror into feeds/sample
	$(SCRAPY) crawl epoch_mirror -a mirror=sample

test: $(VENV)/.ready-dev   ## set up, and run the tests (offline, under five minutes)
	@scripts/need-chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile

soak: $(VENV)/.ready-dev   ## the long tests: every page of the corpus, fifty kills, whole replays
	@scripts/need-chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "soak or hypothesis"

check: $(VENV)/.ready-dev   ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.ready-dev   ## speed and memory, as ratios against a baseline of the same run
	$(BIN)/python bench/run.py

lock: $(VENV)/.ready-dev   ## pin the versions that are installed now
	$(BIN)/python scripts/lock.py

clean:           ## remove what make made; feeds stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A virtual environment is ready when the pinned set is in it; the mark is as old as that.
$(VENV)/.ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	touch $@
