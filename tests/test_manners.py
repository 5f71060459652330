"""Politeness: pure rules as tables, the rest in real crawls of a misbehaving server."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import misbehaving as bad
import pytest
from browser_probe import no_download
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from misbehaving import MisbehavingServer
from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
)
from scrapy.http import Response
from scrapy.settings import Settings
from scrapy.utils.project import get_project_settings

from crawler.config.mirrors import Mirror
from crawler.exceptions import PageMissing, PageTooLarge, PageUnreachable, WrongUsage
from crawler.middlewares.offsite import is_under
from crawler.middlewares.proxy import ProxyMiddleware
from crawler.middlewares.refusals import ForbiddenByRobots
from crawler.middlewares.robots import RobotsUnreachable, _same_host_target
from crawler.politeness.host_slot import HostSlot, ParkBudget
from crawler.politeness.pace import GITHUB, LOOPBACK, PUBLIC, Pace, chosen_pace, pace_of
from crawler.politeness.retry_after import retry_after_seconds
from crawler.transports.failures import failure_of, failure_of_status
from crawler.transports.registry import transport_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawling import Crawl

PROJECT = Path(__file__).parent.parent
RUNNER = Path(__file__).with_name("manners_crawl.py")
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
FINE = bad.answer(b"fine", headers={"Content-Type": "text/plain"})


# --- pure rules -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("120", 120.0),
        (b"120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("999999999999", 10 * 366 * 86400.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 10 * 366 * 86400.0),
        ("9999999999999", None),
        ("Sun, 01 Mar 2026 12:05:00 GMT", 300.0),
        ("Sunday, 01-Mar-26 12:05:00 GMT", 300.0),
        ("Sun Mar  1 12:05:00 2026", 300.0),
        ("Sun, 01 Mar 2026 13:05:00 +0100", 300.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Sun, 01 Mar 2026 25:00:00 GMT", None),
        ("Sun, 99 Mar 2026 12:00:00 GMT", None),
        ("-1", None),
        ("+5", None),
        ("5 s", None),
        ("inf", None),
        ("nan", None),
        ("1e3", None),
        ("٣", None),
        ("soon", None),
        ("", None),
        (b"\xff\xfe", None),
    ],
)
def test_retry_after(value: str | bytes | None, expected: float | None) -> None:
    assert retry_after_seconds(value, NOW) == expected


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://raw.githubusercontent.com/o/r/master/", GITHUB),
        ("https://GitHub.com/o/r/blob/master/", GITHUB),
        ("https://github.com.example.org/", PUBLIC),
        ("https://gist.github.com/", PUBLIC),
        ("http://127.0.0.1:8000/", LOOPBACK),
        ("http://127.254.3.2/", LOOPBACK),
        ("http://[::1]:8000/", LOOPBACK),
        ("http://localhost/", LOOPBACK),
        ("http://localhost.example.org/", PUBLIC),
        ("http://notlocalhost/", PUBLIC),
        ("http://127.0.0.1.example.org/", PUBLIC),
        ("http://[::ffff:127.0.0.1]/", PUBLIC),
        ("http://0.0.0.0/", PUBLIC),
        ("http://127.1/", PUBLIC),
        ("http://10.0.0.1/", PUBLIC),
        ("http://user@127.0.0.1@example.org/", PUBLIC),
        ("file:///data/mirror", PUBLIC),
    ],
)
def test_pace(base: str, expected: Pace) -> None:
    assert pace_of(base) == expected


def test_github_gets_two_at_a_time_and_4500_an_hour() -> None:
    assert (GITHUB.concurrency, round(3600 / GITHUB.delay)) == (2, 4500)


def test_user_sets_the_pace() -> None:
    settings = Settings({"PACE_CONCURRENCY": "1", "PACE_DELAY": "2.5"})
    assert chosen_pace("https://example.org/", settings) == Pace(1, 2.5)


@pytest.mark.parametrize("wrong", [{"PACE_CONCURRENCY": "0"}, {"PACE_DELAY": "-1"},
                                   {"PACE_DELAY": "nan"}, {"PACE_DELAY": "fast"}])  # fmt: skip
def test_wrong_pace_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(WrongUsage, match=next(iter(wrong))):
        chosen_pace("https://example.org/", Settings(wrong))


BASE = "https://raw.example.org/o/r/master/"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (BASE, True),
        (BASE + "README.md", True),
        (BASE + "pages/a/n1.md?03011200", True),
        ("https://RAW.example.org:443/o/r/master/README.md", True),
        (BASE + "a..b/n1.md", True),
        ("https://raw.example.org/o/r/master", False),
        ("https://raw.example.org/o/r/master2/README.md", False),
        ("https://raw.example.org/o/r/README.md", False),
        (BASE + "../other/README.md", False),
        (BASE + "%2e%2e/other/README.md", False),
        (BASE + "%252e%252e%252fother/README.md", False),
        (BASE + "..%5cother/README.md", False),
        (BASE + "..;/other/README.md", False),
        (BASE + "pages/..;a=1/../README.md", False),
        (BASE + "%2e%2e%3b/other/README.md", False),
        (BASE + "a;..;/n1.md", True),
        (BASE + "pages\\..\\..\\README.md", False),
        ("http://raw.example.org/o/r/master/README.md", False),
        ("https://raw.example.org:8443/o/r/master/README.md", False),
        ("https://raw.example.org@evil.example/o/r/master/README.md", False),
        ("https://who@raw.example.org/o/r/master/README.md", False),
        ("https://evil.example/o/r/master/README.md", False),
        ("file:///o/r/master/README.md", False),
        ("https://[/o/r/master/README.md", False),
        ("https://raw.example.org:x/o/r/master/README.md", False),
    ],
)
def test_is_under(url: str, expected: bool) -> None:
    assert is_under(url, BASE) is expected


def waits(budget: float = 3600) -> ParkBudget:
    return ParkBudget(first=60, longest=1800, budget=budget)


@pytest.mark.parametrize(
    ("named", "in_a_row", "expected"),
    [
        (None, 0, 60),
        (None, 1, 120),
        (None, 2, 240),
        (None, 5, 1800),
        (None, 5000, 1800),
        (0.0, 1, 120),
        (30.0, 0, 30),
        (30.0, 3, 30),
        (1.0, 5, 32),
        (7200.0, 0, 7200),
    ],
)
def test_length_of_a_wait(named: float | None, in_a_row: int, expected: float) -> None:
    assert waits().length(named, in_a_row) == expected


def test_waits_spend_a_budget() -> None:
    some = waits(budget=100)
    assert [some.spend(60), some.spend(60), some.spend(40), some.spend(1)] == [
        True, False, True, False,
    ]  # fmt: skip
    assert some.spent == 100


def test_wait_beyond_the_longest_is_not_started() -> None:
    some = waits(budget=1e9)
    assert not some.spend(1801)
    assert some.spent == 0


def test_slot_spaces_requests() -> None:
    slot = HostSlot(delay=2)
    slot.record_sent(100)
    assert (slot.wait(100), slot.wait(102)) == (2, 0)


def test_requests_in_flight_do_not_lengthen_a_park() -> None:
    slot, some = HostSlot(delay=0), waits()
    first, second = slot.record_sent(0), slot.record_sent(0)
    slot.park(1, None, first, some)
    slot.park(2, None, second, some)
    assert (slot.wait(2), slot.in_a_row, some.spent) == (59, 1, 60)


def test_request_in_flight_that_names_a_later_time_extends_the_park() -> None:
    slot, some = HostSlot(delay=0), waits()
    first, second = slot.record_sent(0), slot.record_sent(0)
    slot.park(1, 10, first, some)
    slot.park(2, 100, second, some)
    assert (slot.wait(2), slot.parks, slot.in_a_row, some.spent) == (100, 1, 1, 101)


def test_only_a_response_to_a_later_request_resets_the_waits() -> None:
    slot, some = HostSlot(delay=0), waits()
    early = slot.record_sent(0)
    slot.park(1, None, slot.record_sent(0), some)
    slot.answered(early)
    assert slot.in_a_row == 1
    slot.answered(slot.record_sent(61))
    assert slot.in_a_row == 0


def chained(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


class Unpacked(ValueError):
    """Stand-in for Scrapy's private exception, recognized by this attribute."""

    decompressed_size = 1


class PlaywrightTimeout(Exception):
    """Stand-in for Playwright's exception, recognized by its name."""


PlaywrightTimeout.__name__ = "TimeoutError"


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (404, PageMissing, "missing"),
        (410, PageMissing, "missing"),
        (403, PageUnreachable, "http_403"),
        (500, PageUnreachable, "http_500"),
        (429, PageUnreachable, "http_429"),
        (206, PageUnreachable, "http_206"),
        (301, PageUnreachable, "redirect"),
        (304, PageUnreachable, "redirect"),
    ],
)
def test_failure_of_a_status(status: int, kind: type, reason: str) -> None:
    failure = failure_of_status(Response("http://127.0.0.1/x", status=status))
    assert (type(failure), failure.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (DownloadTimeoutError("x"), PageUnreachable, "timeout"),
        (TimeoutError(), PageUnreachable, "timeout"),
        (PlaywrightTimeout(), PageUnreachable, "timeout"),
        (CannotResolveHostError("x"), PageUnreachable, "connection"),
        (DownloadConnectionRefusedError("x"), PageUnreachable, "connection"),
        (DownloadFailedError("x"), PageUnreachable, "connection"),
        (ResponseDataLossError(), PageUnreachable, "connection"),
        (ConnectionResetError(), PageUnreachable, "connection"),
        (
            chained(DownloadFailedError("x"), OSError("certificate verify failed")),
            PageUnreachable,
            "certificate",
        ),
        (DownloadCancelledError(""), PageTooLarge, "too_large"),
        (chained(IgnoreRequest("x"), Unpacked()), PageTooLarge, "too_large"),
        (IgnoreRequest("x"), PageUnreachable, "ignored"),
        (ForbiddenByRobots("x"), PageUnreachable, "robots"),
        (NotSupported("x"), PageUnreachable, "unsupported"),
        (RuntimeError("x"), PageUnreachable, "unreachable"),
    ],
)
def test_failure_of(error: Exception, kind: type, reason: str) -> None:
    failure = failure_of(error)
    assert (type(failure), failure.reason) == (kind, reason)


# --- real crawls ----------------------------------------------------------------------------------


def back_in(seconds: float) -> bad.Behaviour:
    """Be busy until a date; HTTP dates have whole seconds, so up to one second is lost."""

    def behave(connection: bad.Connection) -> None:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        bad.busy(503, date)(connection)

    return behave


def order(server: MisbehavingServer, *paths: str, **settings: Any) -> dict[str, Any]:
    """Return an order to crawl ``paths`` of ``server`` with short waits."""
    quick = {"RETRY_FIRST_WAIT": 0.05, "ROBOTSTXT_OBEY": False, "MIRROR_BASES": [server.base]}
    return {"urls": [server.base.rstrip("/") + path for path in paths],
            "settings": quick | settings}  # fmt: skip


def start(*orders: dict[str, Any], **env: str) -> subprocess.Popen[str]:
    """Start the crawls in an environment without proxies, except those in ``env``.

    They share no turns with other runs, which may be parked or slow.
    """
    alone = {"XDG_CACHE_HOME": os.devnull}
    return subprocess.Popen(
        [sys.executable, RUNNER, json.dumps(orders)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT)} | alone | env,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def reports(crawl: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Wait for the end of ``crawl`` and return its reports."""
    try:
        out, err = crawl.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        crawl.kill()
        pytest.fail(f"the crawl did not end:\n{crawl.communicate()[1]}")
    assert crawl.returncode == 0, err
    return [named(report) | {"log": err} for report in json.loads(out)]


def named(report: dict[str, Any]) -> dict[str, Any]:
    """Return the outcomes of a report by path."""
    outcomes = {urlsplit(url).path: what for url, what in report["outcomes"].items()}
    return report | {"outcomes": outcomes}


PAGE = b"### page\n" * 100


def another_protocol(connection: bad.Connection) -> None:
    """Answer with something other than HTTP."""
    connection.send(b"SSH-2.0\r\n\r\n")
    connection.close()


ZOO: dict[str, tuple[bad.Behaviour, float, str]] = {
    # path: behaviour, how many times (then it is served), outcome of the page
    "/good": (FINE, 1, "ok 4"),
    "/500-passes": (bad.status(500), 2, "ok 4"),
    "/500": (bad.status(500), 99, "http_500"),
    "/403": (bad.status(403), 99, "http_403"),
    "/404": (bad.status(404), 99, "missing"),
    "/410": (bad.status(410), 99, "missing"),
    "/reset-passes": (bad.reset(), 2, "ok 4"),
    "/reset": (bad.reset(), 99, "connection"),
    "/hang-up": (bad.hang_up(), 99, "connection"),
    "/cut-short": (bad.wrong_length(PAGE, len(PAGE) + 100), 99, "connection"),
    "/cut-short-passes": (bad.wrong_length(PAGE, len(PAGE) + 100), 2, "ok 4"),
    "/too-short-a-length": (bad.wrong_length(PAGE, len(PAGE) - 100), 99, f"ok {len(PAGE) - 100}"),
    "/dribble": (bad.dribble(PAGE), 99, "timeout"),
    "/silence": (bad.silence(), 99, "timeout"),
    "/bomb": (bad.gzip_of_zeros(2), 99, "too_large"),
    "/endless-headers": (bad.endless_headers(), 99, "too_large"),
    "/endless-header": (bad.endless_headers(line=b" " + b"x" * 8000), 99, "too_large"),
    "/endless-trailers": (bad.endless_trailers(), 99, "connection"),
    "/endless-interim": (bad.endless_interim(), 99, "too_large"),
    "/larger-than-pages": (bad.answer(bytes(9 << 20)), 99, "too_large"),
    "/no-http": (another_protocol, 99, "connection"),
    "/redirect-inside": (bad.redirect("/good"), 99, "ok 4"),
    "/redirect-itself": (bad.redirect("/redirect-itself"), 99, "redirect"),
    "/redirect-round-1": (bad.redirect("/redirect-round-2"), 99, "redirect"),
    "/redirect-round-2": (bad.redirect("/redirect-round-1"), 99, "redirect"),
    "/redirect-file": (bad.redirect("file:///etc/passwd"), 99, "redirect"),
    "/redirect-nowhere": (bad.status(302), 99, "redirect"),
    "/redirect-broken": (bad.redirect("http://[/"), 99, "redirect"),
    "/html": (bad.answer(b"<html>", headers={"Content-Type": "text/html"}), 99, "ok 6"),
    "/error-page": (bad.answer(b"Sorry!"), 99, "ok 6"),
}  # fmt: skip


@pytest.fixture(scope="module")
def own_certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Return a TLS context with a self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    certificate = x509.CertificateBuilder(
        issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1,
        not_valid_before=today - timedelta(days=1), not_valid_after=today + timedelta(days=1),
    ).sign(key, hashes.SHA256())  # fmt: skip
    pem = serialization.Encoding.PEM
    key_format = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(key.private_bytes(pem, *key_format) + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.fixture(scope="module")
def zoo(own_certificate: ssl.SSLContext) -> Iterator[dict[str, Any]]:
    """Crawl all of `ZOO` at the same time; another server must get no request."""
    with MisbehavingServer() as gone:
        pass
    with MisbehavingServer() as server, MisbehavingServer() as other, \
         MisbehavingServer(tls=own_certificate) as unproven:  # fmt: skip
        server.behave("*", FINE)
        for path, (behaviour, times, _) in ZOO.items():
            server.behave(path, behaviour, times=times)
        server.behave("/redirect-away", bad.redirect(other.base + "good"))
        bases = [server.base, gone.base, unproven.base]
        wanted = order(server, *ZOO, "/redirect-away", DOWNLOAD_TIMEOUT=2.5, MIRROR_BASES=bases)
        wanted["urls"] += [gone.base + "refused", unproven.base + "unproven"]
        wanted["urls"] += [other.base + "other", "file:///etc/passwd", "data:/,x"]
        (report,) = reports(start(wanted))
        yield report | {"server": server, "other": other, "unproven": unproven}


@pytest.mark.parametrize("path", ZOO)
def test_the_outcome_of_each_misbehaviour(zoo: dict[str, Any], path: str) -> None:
    assert zoo["outcomes"][path] == ZOO[path][2]


def test_other_host_gets_no_request(zoo: dict[str, Any]) -> None:
    assert zoo["outcomes"]["/redirect-away"] == "redirect"
    assert (zoo["other"].connections, zoo["stats"]["epoch/filtered/outside"]) == (0, 3)


def test_page_that_redirects_to_itself_is_requested_once(zoo: dict[str, Any]) -> None:
    assert len(zoo["server"].times_of("/redirect-itself")) == 1


def test_zeros_are_not_decompressed(zoo: dict[str, Any]) -> None:
    """2 GB of zeros in 2 MB: the memory of the whole crawl stays below 200 MB."""
    assert zoo["peak_kib"] < 200_000


@pytest.mark.parametrize("path", ["/endless-headers", "/endless-header", "/endless-interim"])
def test_endless_headers_are_asked_for_once(zoo: dict[str, Any], path: str) -> None:
    """300 MB of them: not kept either (:func:`test_zeros_are_not_decompressed`)."""
    assert len(zoo["server"].times_of(path)) == 1


def test_server_error_is_retried_with_delays(zoo: dict[str, Any]) -> None:
    gaps = [b - a for a, b in pairwise(zoo["server"].times_of("/500"))]
    assert len(gaps) == 3
    assert all(gap >= pause for gap, pause in zip(gaps, [0.05, 0.1, 0.2], strict=True))


def test_refused_connection(zoo: dict[str, Any]) -> None:
    assert zoo["outcomes"]["/refused"] == "connection"


def test_certificate_is_verified_before_any_request(zoo: dict[str, Any]) -> None:
    assert zoo["outcomes"]["/unproven"] == "certificate"
    assert zoo["unproven"].requests == []


def test_headers_name_the_operator_and_nothing_else(zoo: dict[str, Any]) -> None:
    headers = [seen.headers for seen in zoo["server"].requests]
    assert {one["user-agent"] for one in headers} == {
        "epoch-mirror/0.1 (+mailto:operator@example.org)"
    }
    assert not any("cookie" in one or "referer" in one for one in headers)


ALL_GOOD = {f"/p{number}": "ok 4" for number in range(40)}


class InPairs:
    """Answers when two requests are in progress, or after a while.

    Attributes:
        most: the largest number of requests in progress at the same time.
    """

    def __init__(self) -> None:
        self._in_progress = self.most = 0
        self._changed = threading.Condition()

    def __call__(self, connection: bad.Connection) -> None:
        with self._changed:
            self._in_progress += 1
            self.most = max(self.most, self._in_progress)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._in_progress > 1, 1)
        connection.pause(0.1)
        with self._changed:
            self._in_progress -= 1
        FINE(connection)


@pytest.fixture(scope="module")
def parked() -> Iterator[dict[str, dict[str, Any]]]:
    """Crawl several busy hosts at the same time, and one that is slow."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    in_pairs = InPairs()
    cases: dict[str, tuple[bad.Behaviour, float, dict[str, Any]]] = {
        "seconds": (bad.late(bad.busy(429, "4")), 5, {"DOWNLOAD_TIMEOUT": 3.8}),
        "date": (back_in(6), 1, {}),
        "unnamed": (bad.busy(429), 3, {"PARK_FIRST_WAIT": 0.4, "PACE_CONCURRENCY": 1}),
        "tomorrow": (bad.busy(429, format_datetime(tomorrow, usegmt=True)), 99, {}),
        "budget": (bad.busy(503), 99, {"PARK_FIRST_WAIT": 0.2, "PARK_BUDGET": 1}),
        "page": (FINE, 0, {"PARK_FIRST_WAIT": 0.1}),
        "slow": (in_pairs, 8, {"PACE_CONCURRENCY": 2}),
    }
    with ExitStack() as stack:
        servers = {name: stack.enter_context(MisbehavingServer()) for name in cases}
        orders = []
        for name, (behaviour, times, settings) in cases.items():
            servers[name].behave("*", bad.late(FINE) if name == "seconds" else FINE)
            servers[name].behave("*", behaviour, times=times)
            orders.append(order(servers[name], *ALL_GOOD, **settings))
        servers["page"].behave("/p7", bad.busy(503))
        crawls = reports(start(*orders))
        yield {
            name: report | {"times": [seen.time for seen in server.requests], "most": in_pairs.most}
            for (name, server), report in zip(servers.items(), crawls, strict=True)
        }


@pytest.mark.parametrize("name", ["seconds", "date", "unnamed"])
def test_parked_pages_are_all_fetched_and_not_counted_as_retries(
    parked: dict[str, Any], name: str
) -> None:
    assert parked[name]["outcomes"] == ALL_GOOD
    assert "retry/count" not in parked[name]["stats"]


def test_whole_host_is_parked_for_the_seconds_named(parked: dict[str, Any]) -> None:
    """Five of 16 concurrent responses are busy: this is one park, and not a longer one.

    The wait is longer than the time-out of a download, but does not count towards it.
    """
    assert longest_silence(parked["seconds"]["times"]) > 2
    assert parked["seconds"]["stats"]["epoch/parked/count"] == 1
    assert 4 <= parked["seconds"]["stats"]["epoch/parked/seconds"] < 2 * 4


def longest_silence(times: list[float]) -> float:
    """Return the longest time without a request.

    It may seem shorter than it was: the server of a busy machine sees requests late.
    """
    return max(later - earlier for earlier, later in pairwise(times))


def test_retry_after_date_is_obeyed(parked: dict[str, Any]) -> None:
    assert longest_silence(parked["date"]["times"]) > 2
    assert parked["date"]["stats"]["epoch/parked/count"] == 1


def test_waits_double_without_retry_after(parked: dict[str, Any]) -> None:
    gaps = [later - earlier for earlier, later in pairwise(parked["unnamed"]["times"][:4])]
    assert all(gap >= wait for gap, wait in zip(gaps, [0.4, 0.8, 1.6], strict=True))
    assert parked["unnamed"]["stats"]["epoch/parked/seconds"] == 2.8


@pytest.mark.parametrize("name", ["tomorrow", "budget"])
def test_host_that_stays_busy_ends_the_run(parked: dict[str, Any], name: str) -> None:
    report = parked[name]
    assert report["stats"]["finish_reason"] == "HostBusy"
    assert "asks to wait until 20" in report["stats"]["run_error"]
    assert report["outcomes"] == {}


def test_run_does_not_wait_until_tomorrow(parked: dict[str, Any]) -> None:
    """No page is requested again, in particular."""
    assert len(parked["tomorrow"]["times"]) <= LOOPBACK.concurrency


def test_concurrency_stays_within_the_pace(parked: dict[str, Any]) -> None:
    assert parked["slow"]["outcomes"] == ALL_GOOD
    assert parked["slow"]["most"] == 2


def test_page_that_is_always_busy_fails_alone(parked: dict[str, Any]) -> None:
    assert parked["page"]["outcomes"] == ALL_GOOD | {"/p7": "http_503"}
    assert parked["page"]["stats"]["finish_reason"] == "finished"


ROBOTS: dict[str, tuple[bad.Behaviour, str | None, str | None]] = {
    # robots.txt, outcomes of /private and /open; None if neither is requested
    "rules": (bad.answer(b"User-agent: *\nDisallow: /private\n"), "robots", "ok 4"),
    "for-us": (
        bad.answer(b"User-agent: epoch-mirror\nDisallow: /private\n\nUser-agent: *\nDisallow: /"),
        "robots",
        "ok 4",
    ),
    "late-rule": (
        bad.answer(b"User-agent: *\n" + b"# x\n" * 120_000 + b"Disallow: /private\n"),
        "robots",
        "ok 4",
    ),
    "none": (bad.status(404), "ok 4", "ok 4"),
    "forbidden": (bad.status(403), "ok 4", "ok 4"),
    "html": (bad.answer(b"<html><p>Disallow: /"), "ok 4", "ok 4"),
    "error": (bad.status(500), None, None),
    "reset": (bad.reset(), None, None),
    "moved": (bad.redirect("/there/robots.txt"), "robots", "ok 4"),
    "round": (bad.redirect("/robots.txt"), "ok 4", "ok 4"),
    "file": (bad.redirect("file:///etc/hosts"), None, None),
}
UNREACHABLE = {"error", "reset", "file", "away", "port"}


@pytest.fixture(scope="module")
def robots() -> Iterator[dict[str, dict[str, Any]]]:
    """Crawl hosts with all kinds of robots.txt at the same time."""
    servers = {
        name: MisbehavingServer() for name in [*ROBOTS, "away", "port", "other", "once", "slow"]
    }
    for server in servers.values():
        server.__enter__()
        server.behave("*", FINE)
    for name, (behaviour, _, _) in ROBOTS.items():
        servers[name].behave("/robots.txt", behaviour)
    rules = bad.answer(b"User-agent: *\nDisallow: /private\n")
    servers["moved"].behave("/there/robots.txt", rules)
    elsewhere = f"http://localhost:{servers['other'].port}/robots.txt"
    servers["away"].behave("/robots.txt", bad.redirect(elsewhere))
    same_host = f"http://127.0.0.1:{servers['other'].port}/robots.txt"
    servers["port"].behave("/robots.txt", bad.redirect(same_host))
    servers["once"].behave("/robots.txt", rules)
    servers["once"].behave("/robots.txt", bad.status(500), times=2)
    servers["slow"].behave("/robots.txt", bad.answer(b"User-agent: *\nCrawl-delay: 0.7\n"))
    try:
        paths = ["/private", "/open", "/open2", "/open3"]
        asked = {name: server for name, server in servers.items() if name != "other"}
        orders = [order(server, *paths, ROBOTSTXT_OBEY=True) for server in asked.values()]
        crawls = reports(start(*orders))
        yield {
            name: report | {"server": asked[name], "other": servers["other"]}
            for name, report in zip(asked, crawls, strict=True)
        }
    finally:
        for server in servers.values():
            server.__exit__(None, None, None)


@pytest.mark.parametrize("name", ROBOTS)
def test_robots_txt(robots: dict[str, Any], name: str) -> None:
    outcomes = robots[name]["outcomes"]
    assert (outcomes.get("/private"), outcomes.get("/open")) == ROBOTS[name][1:]
    ended = robots[name]["stats"]["finish_reason"]
    assert ended == ("RobotsUnreachable" if name in UNREACHABLE else "finished")


@pytest.mark.parametrize("name", sorted(UNREACHABLE))
def test_unreachable_robots_txt_disallows_all(robots: dict[str, Any], name: str) -> None:
    """RFC 9309, 2.3.1.4: no page is requested, and the run ends with this reason."""
    asked = {seen.path for seen in robots[name]["server"].requests}
    assert asked == {"/robots.txt"}
    assert "robots.txt" in robots[name]["stats"]["run_error"]


def test_robots_txt_on_another_host_is_not_requested(robots: dict[str, Any]) -> None:
    assert robots["away"]["other"].connections == 0
    assert "which is not followed: not on 127.0.0.1" in robots["away"]["stats"]["run_error"]
    assert "which is not followed: not on 127.0.0.1" in robots["port"]["stats"]["run_error"]


@pytest.mark.parametrize(
    ("asked", "target", "followed"),
    [
        ("http://h.example/robots.txt", "https://h.example/robots.txt", True),
        ("http://h.example:80/robots.txt", "https://h.example:443/r", True),
        ("http://h.example:8080/robots.txt", "https://h.example:8080/robots.txt", True),
        ("https://h.example/robots.txt", "/there/robots.txt", True),
        ("https://h.example/robots.txt", "https://H.example:443/robots.txt", True),
        ("https://h.example/robots.txt", "http://h.example/robots.txt", False),
        ("https://h.example/robots.txt", "", False),
        ("https://h.example/robots.txt", "http://[h.example/robots.txt", False),
        ("http://h.example/robots.txt", "http://h.example:6379/robots.txt", False),
        ("http://h.example/robots.txt", "https://h.example:8443/robots.txt", False),
        ("http://h.example/robots.txt", "http://h.example:x/robots.txt", False),
        ("http://h.example/robots.txt", "http://www.h.example/robots.txt", False),
        ("http://h.example/robots.txt", "http://h.example@evil.example/robots.txt", False),
        ("http://h.example/robots.txt", "http://who@h.example/robots.txt", False),
        ("http://h.example/robots.txt", "file:///etc/hosts", False),
    ],
)
def test_where_a_redirect_of_robots_txt_may_lead(asked: str, target: str, followed: bool) -> None:
    response = Response(asked, status=302, headers={"Location": target})
    if followed:
        assert _same_host_target(response) == urljoin(asked, target)
    else:
        with pytest.raises(RobotsUnreachable, match="all pages are disallowed"):
            _same_host_target(response)


def test_robots_txt_is_retried_after_an_error_and_read_once(robots: dict[str, Any]) -> None:
    assert robots["once"]["outcomes"]["/private"] == "robots"
    assert len(robots["once"]["server"].times_of("/robots.txt")) == 3
    assert len(robots["none"]["server"].times_of("/robots.txt")) == 1


def test_crawl_delay_is_applied(robots: dict[str, Any]) -> None:
    """Three pages after the first take 2.1 s; the server may see the first one late."""
    _, first, *_, last = robots["slow"]["server"].requests
    assert last.time - first.time > 1
    assert "sending a request every 0.7 s" in robots["slow"]["log"]


STOPPED: dict[str, tuple[bad.Behaviour, dict[str, Any]]] = {
    "parked": (bad.busy(429, "600"), {}),
    "parked for robots.txt": (bad.busy(429, "600"), {"ROBOTSTXT_OBEY": True}),
    "silent": (bad.silence(), {"DOWNLOAD_TIMEOUT": 600}),
    "slow pace": (FINE, {"PACE_DELAY": 600}),
}


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.soak)]
)
def test_a_signal_ends_all_waits(number: signal.Signals) -> None:
    """They are longer than :func:`reports` waits for the end."""
    with ExitStack() as stack:
        servers = [stack.enter_context(MisbehavingServer()) for _ in STOPPED]
        orders = []
        for server, (behaviour, settings) in zip(servers, STOPPED.values(), strict=True):
            server.behave("*", behaviour)
            orders.append(order(server, *ALL_GOOD, **settings))
        crawl = start(*orders)
        while not all(server.requests for server in servers):
            assert crawl.poll() is None, crawl.communicate()
            time.sleep(0.05)
        time.sleep(0.3)
        crawl.send_signal(number)
        ended = dict(zip(STOPPED, reports(crawl), strict=True))
    for name, report in ended.items():
        assert report["stats"]["finish_reason"] == "shutdown", name
        assert "run_error" not in report["stats"], name
        assert set(report["outcomes"].values()) <= {"ok 4"}, name


def test_public_host_gets_one_request_a_second_through_the_proxy() -> None:
    """The environment's proxy stands in for a public host; ``no_proxy`` is obeyed too."""
    with MisbehavingServer() as proxy, MisbehavingServer() as near:
        proxy.behave("*", FINE)
        near.behave("*", FINE)
        far = "http://mirror.invalid/"
        public = order(near, MIRROR_BASES=[far]) | {"urls": [f"{far}{n}" for n in range(3)]}
        env = {"all_proxy": proxy.base, "no_proxy": "127.0.0.1"}
        reported = reports(start(public, order(near, "/near"), **env))
        assert [seen.path for seen in near.requests] == ["/near"]
        assert {seen.path for seen in proxy.requests} == {f"{far}{n}" for n in range(3)}
        # two seconds; the proxy may see the first one late
        assert proxy.requests[-1].time - proxy.requests[0].time > 1
    assert set(reported[0]["outcomes"].values()) == {"ok 4"}


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_every_name_of_a_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for other in ("http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(other, raising=False)
        monkeypatch.delenv(other.upper(), raising=False)
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    request = Request("http://mirror.invalid/x")
    ProxyMiddleware().process_request(request)
    assert request.meta["proxy"] == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("name", "via"), [("all_proxy", "http"), ("http_proxy", "git"), ("ALL_PROXY", "browser")]
)
def test_a_proxy_that_cannot_be_used_is_refused(
    crawl: Crawl, tmp_path: Path, name: str, via: str
) -> None:
    """By each transport, before anything is sent: the mirror would see where the crawler is."""
    with MisbehavingServer() as server:
        address = f"{server.base}mirror" + ".git" * (via == "git")
        result = crawl(
            f"mirror={address}", f"via={via}", env={name: "socks5h://u:secret@127.0.0.1:1"},
            settings={"CACHE_DIRECTORY": tmp_path / "cache"},
        )  # fmt: skip
        assert server.connections == 0
    assert result.exit_code == 2, result.log
    assert "socks5h://127.0.0.1:1: this proxy from the environment cannot be used" in result.log
    assert "secret" not in result.log


def test_a_tls_proxy_for_https_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scrapy cannot use one."""
    monkeypatch.setenv("https_proxy", "https://p:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(WrongUsage, match="an https proxy for an https mirror"):
        transport_for(
            Mirror("m", BASE, {"http": BASE}), "http", get_project_settings(),
            download=no_download, on_progress=print,
        )  # fmt: skip
