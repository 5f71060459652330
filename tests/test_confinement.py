"""The hosts and ports that Chromium can reach."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hostile import World, world
from playwright.async_api import async_playwright

from crawler.exceptions import WrongUsage
from crawler.transports.browser.confinement import (
    Confinement,
    Endpoint,
    Upstream,
    endpoint_of,
    upstream_for,
)
from crawler.transports.browser.executable import find_chromium, launch_options

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignore proxies in the environment of the tests."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


# -- a hostile page ----------------------------------------------------------------------------


async def show(page: str, options: dict[str, Any], world: World) -> None:
    """Open a page in Chromium, and wait until it has tried everything."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**options)
        tab = await (await browser.new_context()).new_page()
        await tab.goto(page, wait_until="domcontentloaded")
        assert await asyncio.to_thread(world.mirror.done.wait, 240)
        await asyncio.sleep(1)  # let the last attempts arrive
        await browser.close()


def events(net_log: Path) -> Counter[tuple[str, str]]:
    """Return Chromium's network events: their kind, and the name or address concerned."""
    log = json.loads(net_log.read_text("utf-8"))
    kinds = {number: kind for kind, number in log["constants"]["logEventTypes"].items()}
    found: Counter[tuple[str, str]] = Counter()
    for event in log["events"]:
        values = event.get("params", {})
        names = [str(values[key]) for key in ("host", "hostname", "address") if key in values]
        found[kinds[event["type"]], next(iter(names), "")] += 1
    return found


def about(found: Counter[tuple[str, str]], kind: str) -> set[str]:
    """Return the names and addresses of the events of one kind."""
    return {name for event, name in found if event == kind and name}


@pytest.mark.usefixtures("chromium")
@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxied"])
def test_a_hostile_page_reaches_no_host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, proxied: bool
) -> None:
    """Neither by TCP nor by UDP, and Chromium's log shows no DNS query."""
    with world() as hosts:
        hosts.prepare("one.example", "two.invalid", "169.254.169.254")
        site = hosts.mirror.url
        if proxied:
            site = "http://mirror.invalid"
            proxy = f"http://us%40er:se%3Acret@127.0.0.1:{hosts.proxy.server_port}"
            monkeypatch.setenv("http_proxy", proxy)
        options = launch_options(str(find_chromium()), Confinement.around(f"{site}/"))
        options["args"].append(f"--log-net-log={tmp_path / 'net'}")
        asyncio.run(show(f"{site}/page", options, hosts))
        assert hosts.reached() == ({""} if proxied else set())
        assert set(hosts.mirror.paths) == {"", "/page", "/away", "/done"}
        assert hosts.udp.received() == 0
        password = f"Basic {base64.b64encode(b'us@er:se:cret').decode()}"
        assert hosts.proxy.asked == (
            {("mirror.invalid", None), ("mirror.invalid", password)} if proxied else set()
        )
        allowed = hosts.proxy if proxied else hosts.mirror
        found = events(tmp_path / "net")
        assert about(found, "TCP_CONNECT_ATTEMPT") - {"255.255.255.255:1"} == {
            f"127.0.0.1:{allowed.server_port}"
        }
        kinds = {kind for kind, _ in found}
        assert not kinds & {"UDP_BYTES_SENT", "HOST_RESOLVER_MANAGER_JOB", "DNS_TRANSACTION"}
        # the names were looked up, and Chromium answered itself
        assert "http://255.255.255.255:1" in about(found, "HOST_RESOLVER_MANAGER_REQUEST")


@pytest.mark.soak
@pytest.mark.usefixtures("chromium")
def test_the_page_reaches_other_hosts_without_the_confinement() -> None:
    """Each kind of attempt arrives, so the previous test can fail."""
    with world() as hosts:
        hosts.prepare()
        options = launch_options(str(find_chromium()), Confinement.around(f"{hosts.mirror.url}/"))
        del options["proxy"]
        options["args"] = []
        asyncio.run(show(f"{hosts.mirror.url}/page", options, hosts))
        assert hosts.udp.received() > 0
        reached = hosts.reached()
    names = "fetch beacon socket events image worker popup redirect form iframe script link video "
    names += "object prefetch icon font module csp early redirected-image"
    assert {f"/{name}" for name in names.split()} <= reached


# -- its switches ------------------------------------------------------------------------------


def switches(confinement: Confinement) -> dict[str, str]:
    return dict(switch.split("=", 1) for switch in confinement.arguments())


def test_without_a_proxy_the_endpoints_are_exempt_from_the_missing_one() -> None:
    confinement = Confinement.around("https://github.com/o/r/", ["github.githubassets.com:8443"])
    assert confinement.proxy() == {
        "server": "http://nowhere.invalid:1",
        "bypass": "<-loopback>,https://github.com:443,https://github.githubassets.com:8443",
    }
    assert switches(confinement)["--host-resolver-rules"] == (
        "MAP github.com:443 github.com:443,"
        "MAP github.githubassets.com:8443 github.githubassets.com:8443,"
        "MAP * 255.255.255.255:1"
    )
    assert "--proxy-pac-url" not in switches(confinement)


def routes(confinement: Confinement) -> dict[str, str]:
    """Return the routes in Chromium's proxy script."""
    address = switches(confinement)["--proxy-pac-url"]
    script = base64.b64decode(address.partition("base64,")[2]).decode()
    found = re.search(r"ROUTES = (.*);", script)
    assert found
    return dict(json.loads(found[1]))


def test_a_proxy_is_named_to_chromium_by_an_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the alias resolves to its address, so no page can use it. Exempt hosts are direct."""
    monkeypatch.setenv("https_proxy", "http://user:secret@10.0.0.1:3128")
    monkeypatch.setenv("no_proxy", "assets.example")
    confinement = Confinement.around("https://mirror.example/", ["assets.example", "[::1]:1"])
    assert routes(confinement) == {
        "https://assets.example": "DIRECT",
        "https://mirror.example": "PROXY proxy.invalid:3128",
        "https://[::1]:1": "PROXY proxy.invalid:3128",
    }
    assert switches(confinement)["--host-resolver-rules"] == (
        "MAP assets.example:443 assets.example:443,"
        "MAP proxy.invalid:3128 10.0.0.1:3128,"
        "MAP * 255.255.255.255:1"
    )
    assert confinement.proxy() == {
        "server": "http://nowhere.invalid:1",
        "bypass": "<-loopback>",
        "username": "user",
        "password": "secret",
    }
    assert "secret" not in repr(confinement)


def test_an_https_proxy_keeps_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its certificate is for this name."""
    monkeypatch.setenv("https_proxy", "https://proxy.example")
    confinement = Confinement.around("https://mirror.example/")
    assert routes(confinement) == {"https://mirror.example": "HTTPS proxy.example:443"}
    rules = switches(confinement)["--host-resolver-rules"]
    assert rules == "MAP proxy.example:443 proxy.example:443,MAP * 255.255.255.255:1"


# -- the environment's proxies -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"https_proxy": "http://p:3128"}, Upstream(("p", 3128))),
        ({"https_proxy": "p:3128"}, Upstream(("p", 3128))),
        ({"https_proxy": "https://p"}, Upstream(("p", 443), tls=True)),
        ({"http_proxy": "http://p:3128"}, None),
        ({"all_proxy": "http://p:1"}, Upstream(("p", 1))),
        ({"https_proxy": "http://p:3128", "no_proxy": "github.com"}, None),
        ({"https_proxy": "http://p:3128", "no_proxy": "other.com"}, Upstream(("p", 3128))),
        (
            {"https_proxy": "http://u%40:p%3A@p:3128"},
            Upstream(("p", 3128), username="u@", password="p:"),  # noqa: S106
        ),
    ],
)
def test_proxies_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: Upstream | None
) -> None:
    """As curl and Scrapy interpret them."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert upstream_for("https", "github.com") == expected


@pytest.mark.parametrize(
    "address", ["socks5://u:secret@p:1080", "socks://p", "http://p:port", "http://:3128"]
)
def test_an_unsupported_proxy_is_rejected(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """It is not bypassed, and the message does not contain its password."""
    monkeypatch.setenv("https_proxy", address)
    with pytest.raises(WrongUsage, match=f"^{re.escape(address.replace('u:secret@', ''))}: "):
        Confinement.around("https://github.com/o/r/")


# -- places ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("https://github.com/o/r", ("github.com", 443)),
        ("http://H.example:8080/#/", ("h.example", 8080)),
        ("http://[::1]/", ("::1", 80)),
        ("http://镜像.example/", ("xn--o1q148n.example", 80)),
        ("ws://h.example/", ("h.example", 0)),
        ("about:blank", ("", 0)),
        ("http://a:b/", ("", 0)),
        ("http://[::/", ("", 0)),
    ],
)
def test_endpoints(address: str, endpoint: Endpoint) -> None:
    """Host and port do not depend on the spelling."""
    assert endpoint_of(address) == endpoint
