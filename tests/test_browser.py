"""The browser transport against stand-ins of the sites, in a real Chromium."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser_probe import no_download
from crawling import ROOT, clean_environment
from processes import browser_of, descendants, of_kind, wait_until
from standin import SAMPLE, Elsewhere, StandIn, sites

from crawler.config.mirrors import Mirror
from crawler.exceptions import PageMalformed, PageMissing, PageTooLarge, PageUnreachable, WrongUsage
from crawler.formats.epoch.article import read_article
from crawler.formats.epoch.home import read_home
from crawler.formats.epoch.index import read_index
from crawler.formats.epoch.paths import copy_of, section_of

if TYPE_CHECKING:
    from collections.abc import Iterator

from scrapy.http import HtmlResponse, Response
from scrapy.utils.project import get_project_settings

from crawler.transports.browser.confinement import Confinement
from crawler.transports.browser.executable import find_chromium, launch_options
from crawler.transports.browser.transport import MAX_RENDERED_BYTES, BrowserTransport
from crawler.transports.registry import transport_for

pytestmark = pytest.mark.usefixtures("chromium")

PROBE = ROOT / "tests" / "browser_probe.py"
PAGES = sorted(str(path.relative_to(SAMPLE)) for path in SAMPLE.glob("pages/*/*.md"))
LISTS = ["README.md", *sorted(str(p.relative_to(SAMPLE)) for p in SAMPLE.glob("indexes/*/*.md"))]

#: Page of the sample -> its fault; fault -> the reason that it is counted under.
FAULTS = {
    "crash": "crashed",
    "grow": "too_costly",
    "attributes": "too_large",
    "long": "too_large",
    "never": "malformed",
    "empty": "malformed",
    "rate_limit": "rate_limited",
    "rate_limit_200": "rate_limited",
    "too_many": "rate_limited",
    "unicorn": "unavailable",
    "too_long": "unavailable",
    "not_found_200": "missing",
    "redirect": "redirect",
    "redirect_inside": "redirect",
    "offsite": "redirect",
    "offsite_same_host": "redirect",
    "attachment": "not_a_page",
    "download": "not_a_page",
    "refuse": "connection",
}
#: One fault of each kind, for the short tests.
KINDS = (
    "crash", "grow", "attributes", "never", "rate_limit_200", "redirect", "offsite", "attachment",
    "download", "refuse", "dialog", "popup",
)  # fmt: skip
#: Faults that keep a page, or the browser, from responding.
HANGING = ("hung", "hung_later", "silent")
#: Things that a page tries in vain; it is read all the same.
HARMLESS = ("dialog", "popup", "worker")


@dataclass
class Probing:
    """A run of the probe: its output and its processes.

    Attributes:
        process: the crawler.
        told: result of each page by path, in the order of arrival.
        stats: Scrapy's, once the run has ended.
    """

    process: subprocess.Popen[str]
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    stats: dict[str, Any] = field(default_factory=dict)

    def tell(self, pages: int = 10**6) -> None:
        """Read its output until it has reported this many pages, or ends."""
        assert self.process.stdout is not None
        while len(self.told) < pages and (line := self.process.stdout.readline()):
            said = json.loads(line)
            self.stats = said.get("stats", self.stats)
            if "path" in said:
                assert said["path"] not in self.told, "a page told twice"
                self.told[said["path"]] = said

    def finish(self) -> None:
        """Read the rest of its output; the crawler must end by itself and without an error."""
        self.tell()
        assert self.process.wait(240) == 0
        assert self.process.stderr is not None
        log = self.process.stderr.read()
        assert "Traceback" not in log, log
        assert " ERROR: " not in log, log

    def markdown(self, path: str) -> str:
        """Return the page's Markdown."""
        assert "text" in self.told[path], self.told[path]
        return str(self.told[path]["text"])

    def reasons(self) -> dict[str, str]:
        """Return the failed pages with their reasons."""
        return {path: said["reason"] for path, said in self.told.items() if "reason" in said}


@contextmanager
def probing(
    base: str, *paths: str, env: dict[str, str] | None = None, **options: Any
) -> Iterator[Probing]:
    """Start the probe; kill its processes at the end of the block."""
    command = [sys.executable, str(PROBE), base, json.dumps(options), *paths]
    environment = {**clean_environment(), **(env or {})}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    with ExitStack() as stack:
        stack.callback(_end, process)
        yield Probing(process)


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream.close()


def assert_same(path: str, markdown: str) -> None:
    """Compare the parsed page with the parsed file of the mirror."""
    raw = (SAMPLE / path).read_text("utf-8")
    if copy_of(path):
        ours, theirs = read_article(raw), read_article(markdown)
        for name in (
            "title", "original", "dateline", "byline", "lines", "editors", "image", "caption",
            "images", "content_text",
        ):  # fmt: skip
            assert getattr(theirs, name) == getattr(ours, name), (path, name)
    elif section := section_of(path):
        assert read_index(markdown, section[0]) == read_index(raw, section[0])
    else:
        assert read_home(markdown) == read_home(raw)


# -- one run with all faults ---------------------------------------------------


@pytest.mark.parametrize(
    "kinds", [KINDS, pytest.param((*FAULTS, *HARMLESS), marks=pytest.mark.soak)], ids=len
)
def test_a_fault_affects_only_its_page(kinds: tuple[str, ...]) -> None:
    """Each is counted under a reason, and the other pages are read.

    So are pages that open windows, show dialogs or start workers. No other host gets a request.
    """
    with sites() as (site, elsewhere):
        faults = dict(zip(PAGES, kinds, strict=False))
        site.faults = dict(faults)
        gone = "pages/ncid900101/n99999999.md"
        good = PAGES[len(faults) :][:3]
        paths = [*faults, *good, gone]
        with probing(site.base, *paths, contexts=2, pages_per_context=5, page_seconds=20) as run:
            run.finish()
        told = {path: run.told[path].get("reason") for path in paths}
        download = next(path for path, fault in faults.items() if fault == "download")
        if told[download] is None:  # the article was complete before the download started
            faults[download] = "none"
        failing = {path: FAULTS[fault] for path, fault in faults.items() if fault in FAULTS}
        assert told == {**dict.fromkeys(paths), **failing, gone: "missing"}
        for path in paths:
            if told[path] is None:
                assert_same(path, run.markdown(path))
        assert_nobody_else_was_asked(run, site, elsewhere)
        assert_contexts_were_recycled(run)


def assert_nobody_else_was_asked(run: Probing, site: StandIn, elsewhere: Elsewhere) -> None:
    """The pages try trackers, fonts, frames, sockets, workers, popups and redirects."""
    assert elsewhere.hits.paths == []
    assert run.stats["epoch/browser/requests_refused"] > len(run.told)
    assert site.hits.agents == {"epoch-tests"}
    assert not [path for path in site.hits.paths if "/login" in path and "return_to" not in path]
    assert "/sw.js" not in site.hits.paths


def assert_contexts_were_recycled(run: Probing) -> None:
    """A context is replaced after five pages or a failed page, and otherwise reused."""
    assert len(run.told) / 5 < run.stats["epoch/browser/tabs"] < len(run.told)
    # one browser for all, or two if one seemed to hang on a busy machine
    replaced = (run.stats.get(f"epoch/browser/{how}", 0) for how in ("killed", "lost"))
    assert run.stats["epoch/browser/launches"] <= 1 + sum(replaced)


def test_hanging_pages_time_out() -> None:
    """Whatever hangs, and all at the same time."""
    with sites() as (site, elsewhere):
        site.faults = dict(zip(PAGES, HANGING, strict=False))
        with probing(site.base, *site.faults, contexts=3, page_seconds=2) as run:
            run.finish()
        assert run.reasons() == dict.fromkeys(site.faults, "timeout")
        assert elsewhere.hits.paths == []


@pytest.mark.soak
@pytest.mark.parametrize("fault", HANGING)
def test_a_hanging_page_affects_no_other_page(fault: str) -> None:
    """Neither the previous page, whose tab it uses, nor the next one."""
    with sites() as (site, _):
        site.faults = {PAGES[1]: fault}
        with probing(site.base, *PAGES[:4], page_seconds=30) as run:
            run.finish()
        assert run.reasons() == {PAGES[1]: "timeout"}


# -- what a page becomes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "site_kind", [pytest.param("newer, cut, hexadecimal", marks=pytest.mark.soak), "docsify"]
)
def test_rendered_pages_read_like_the_mirrors_files(site_kind: str) -> None:
    """Index pages and articles, in both forms of the site."""
    paths = ["README.md", LISTS[1], *PAGES[40:120:40]]
    gone = "pages/ncid900101/n99999999.md"
    with sites() as (site, elsewhere), ExitStack() as stack:
        site.new_payload = True
        site.renderer = type(site.renderer)(canonical=False)
        site.cut_at = 1500
        base = site.docsify_base if site_kind == "docsify" else site.base
        run = stack.enter_context(probing(base, *paths, gone, page_seconds=30))
        run.finish()
        for path in paths:
            assert_same(path, run.markdown(path))
        assert run.reasons() == {gone: "missing"}
        assert elsewhere.hits.paths == []


# -- processes ---------------------------------------------------------------------------------


@pytest.mark.soak
def test_a_dead_browser_or_driver_is_replaced() -> None:
    """After a kill during the crawl, every page is read and the crawl ends cleanly."""
    with sites() as (site, _), probing(site.base, *PAGES[:9], page_seconds=30) as run:
        run.tell(pages=2)
        os.kill(browser_of(descendants(run.process.pid)).pid, signal.SIGKILL)
        run.tell(pages=5)
        os.kill(of_kind(descendants(run.process.pid), "playwright/driver").pid, signal.SIGKILL)
        run.tell()
        assert run.reasons() == {}
        assert len(run.told) == 9
        assert run.process.wait(240) == 0
        assert run.stats["epoch/browser/lost"] >= 1


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory for TMPDIR: Chromium's socket in it may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="e", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.mark.parametrize("fault", ["hung", pytest.param("silent", marks=pytest.mark.soak)])
def test_a_cancelled_fetch_and_a_killed_crawler(fault: str, short_path: Path) -> None:
    """Cancelling a fetch closes its tab, so that the next page has a context.

    After kill -9 during an endless loop or a silent response, no process and no file is left.
    """
    with sites() as (site, _):
        site.faults = {PAGES[0]: fault, PAGES[2]: fault}
        environment = {"TMPDIR": str(short_path)}
        with probing(site.base, *PAGES[:3], env=environment, page_seconds=600) as run:
            assert wait_until(lambda: any(PAGES[0] in path for path in site.hits.paths)), run.told
            run.process.send_signal(signal.SIGUSR1)
            run.tell(pages=2)
            assert run.reasons() == {PAGES[0]: "cancelled"}
            assert_same(PAGES[1], run.markdown(PAGES[1]))
            assert wait_until(lambda: any(PAGES[2] in path for path in site.hits.paths)), run.told
            processes = descendants(run.process.pid)
            assert browser_of(processes) in processes
            assert list(short_path.iterdir())
            run.process.kill()
            run.process.wait()
            assert wait_until(lambda: not any(process.alive for process in processes)), [
                process for process in processes if process.alive
            ]
            assert wait_until(lambda: not list(short_path.iterdir())), list(short_path.iterdir())


@pytest.mark.soak
def test_no_process_outlives_a_finished_run(short_path: Path) -> None:
    """No file is left either."""
    with (
        sites() as (site, _),
        probing(site.base, *PAGES[:2], env={"TMPDIR": str(short_path)}) as run,
    ):
        run.tell(pages=1)
        processes = descendants(run.process.pid)
        assert browser_of(processes) in processes
        run.finish()
        assert wait_until(lambda: not any(process.alive for process in processes))
        assert not list(short_path.iterdir())


# -- without a browser -------------------------------------------------------------------------


def test_a_missing_chromium_is_reported_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Once before the crawl, not for every page."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WrongUsage, match=r"apt-get install chromium.*BROWSER_EXECUTABLE"):
        BrowserTransport("https://github.com/o/r/blob/master/", no_download)
    with pytest.raises(WrongUsage, match="'/nowhere/chrome' is not an executable"):
        find_chromium("/nowhere/chrome")


def test_the_executable_can_be_set(tmp_path: Path) -> None:
    """As a path; one that does not run is reported with what it prints."""
    program = tmp_path / "my-chrome"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    assert find_chromium(str(program)) == program
    program.write_text("#!/bin/sh\necho libnone.so: cannot open >&2\nexit 127\n")
    with pytest.raises(WrongUsage, match=r"exits with 127: libnone.so: cannot open. Reinstall it"):
        find_chromium(str(program))


@pytest.mark.parametrize("base", ["ftp://host/", "https://github.com/o/r/blob/master", "news"])
def test_an_invalid_base_is_rejected(base: str) -> None:
    """It must be an http or https URL that ends in a slash."""
    with pytest.raises(WrongUsage, match="must be an http or https URL"):
        BrowserTransport(base, no_download)


def opened(**settings: object) -> BrowserTransport:
    """Return the browser transport of a run with these settings for a mirror on GitHub."""
    base = "https://github.com/o/r/blob/master/"
    project = get_project_settings()
    project.update(settings)
    transport = transport_for(
        Mirror("m", base, {"browser": base}),
        "browser",
        project,
        download=no_download,
        on_progress=print,
    )
    assert isinstance(transport, BrowserTransport)
    return transport


@pytest.mark.parametrize(
    "name", ["BROWSER_CONTEXTS", "BROWSER_PAGES_PER_CONTEXT", "BROWSER_PAGE_SECONDS"]
)
@pytest.mark.parametrize("value", ["0", "-1", "two", ""])
def test_invalid_settings_are_rejected(name: str, value: str) -> None:
    """Before the run; none of them may make it wait forever."""
    with pytest.raises(WrongUsage, match=rf"{name} must be a positive integer"):
        opened(**{name: value})


def test_the_pace_limits_concurrent_pages() -> None:
    """To use more contexts, the user changes the pace too."""
    assert opened().contexts == 1
    assert opened(BROWSER_CONTEXTS="8").contexts == 2
    assert opened(BROWSER_CONTEXTS=8, PACE_CONCURRENCY=4).contexts == 4


def test_importing_the_transport_does_not_load_playwright() -> None:
    """Only importing the handler does, in runs that use it."""
    code = "import sys, crawler.transports.browser.transport; sys.exit('playwright' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_only_root_runs_without_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """For all other users Chromium uses its sandbox."""
    confinement = Confinement.around("https://github.com/")
    for user, sandboxed in ((0, False), (1000, True)):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert launch_options("chromium", confinement)["chromium_sandbox"] is sandboxed


def test_the_handler_is_for_the_mirrors_scheme_only() -> None:
    """Otherwise a driver would start for each scheme."""
    transport = BrowserTransport("https://github.com/o/r/blob/master/", no_download)
    assert list(transport.settings()["DOWNLOAD_HANDLERS"]) == ["https"]
    assert transport.script_hosts == ("github.githubassets.com",)


# -- responses -----------------------------------------------------------------------------------


def answer(status: int, body: str = "", *, url: str | None = None) -> Response:
    """Return a response to a request for an article."""
    request = BrowserTransport("https://h/m/", no_download).request("pages/nf1/n1.md")
    return HtmlResponse(
        url or request.url, status=status, body=body.encode(), encoding="utf-8", request=request
    )


def restored(response: Response) -> bytes:
    """Return the Markdown of a rendered page, as another process would."""
    fetched = BrowserTransport("https://h/m/", no_download).fetched(response)
    restore = pickle.loads(pickle.dumps(fetched.restore))  # noqa: S301 - our own
    body: bytes = restore(fetched.body)
    return body


@pytest.mark.parametrize(
    ("response", "error", "reason"),
    [
        (answer(404), PageMissing, "missing"),
        (answer(410, "<p>gone</p>"), PageMissing, "missing"),
        (answer(403), PageUnreachable, "http_403"),
        (answer(500, "<p>?</p>"), PageUnreachable, "http_500"),
        (answer(429), PageUnreachable, "rate_limited"),
        (answer(503, "<h1>Unicorn!</h1>"), PageUnreachable, "unavailable"),
        (answer(200), PageMalformed, "malformed"),
        (answer(200, "<p>hello</p>"), PageMalformed, "malformed"),
        (answer(200, url="https://h/login"), PageUnreachable, "redirect"),
        (answer(200, "x" * (MAX_RENDERED_BYTES + 1)), PageTooLarge, "too_large"),
    ],
)
def test_responses_without_a_page_have_a_reason(
    response: Response, error: type[Exception], reason: str
) -> None:
    """From the site's wording, or else from the status."""
    with pytest.raises(error) as raised:
        restored(response)
    assert raised.value.reason == reason  # type: ignore[attr-defined]
