"""The report in a real browser: it fits, it is readable light and dark, and it asks for nothing."""

from __future__ import annotations

import struct
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import pytest
from crawling import ROOT
from test_report import article, run, write

from crawler.exceptions import WrongUsage
from crawler.report.facts import gather
from crawler.report.page import render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def chromium() -> str:
    from crawler.transports.browser.executable import find_chromium  # noqa: PLC0415

    try:
        return str(find_chromium())
    except WrongUsage as error:
        pytest.skip(str(error))


TICKS = """[...document.querySelectorAll('.ticks span')].map(one => one.getBoundingClientRect())
    .filter(box => box.width).map(box => [box.left, box.right])"""
STATUSES = "[...document.querySelectorAll('td.good, td .good')].map(one => one.clientHeight || one.offsetHeight)"
WIDTHS = (320, 375, 480, 700, 900, 1280)
LONG = (
    "一座没有名字的灯塔在大雾里重新点亮" * 4,
    "A" * 400,
    "灯塔" * 150,
    "\u202e" * 90 + "🌋" * 90,
)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_asks_for_nothing(
    tmp_path: Path, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    articles = [
        article(
            number, title=long, authors=[{"name": long}], tags=[long],
            sections=[{"id": f"ncid{number}", "name": long}],
            date_published=f"20{20 + number // 12}-{1 + number % 12:02}-01",
        )
        for number, long in enumerate(LONG * 9, start=1)
    ]  # fmt: skip
    failed = {"malformed": {"count": 1, "ids": ["n1"]}, LONG[1]: {"count": 1, "ids": [LONG[1]]}}
    runs = [run(status=status, failures=failed) for status in ("partial", "complete", "feed")] * 20
    page = render(gather(write(tmp_path / "feed", articles[:34], runs)), datetime.now(UTC))
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    tab = browser.new_page(color_scheme=scheme)
    asked: list[str] = []
    errors: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: errors.append(message.text))
    tab.goto((tmp_path / "report.html").as_uri())
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        statuses = tab.evaluate(STATUSES)
        assert statuses
        assert max(statuses) < 30, "a status takes one line"
        ticks = tab.evaluate(TICKS)
        assert len(ticks) > 2
        for (_, right), (left, _) in pairwise(ticks):
            assert left > right, "labels of the axis overlap"
    ink, back = tab.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert (_light(back) > _light(ink)) is (scheme == "light")
    assert len(asked) == 1
    assert errors == []


@pytest.mark.soak
def test_the_picture_is_drawn(tmp_path: Path, chromium: str) -> None:
    """As the README shows it: of the sample, at desktop width."""
    assert chromium
    picture = tmp_path / "report.png"
    script = ROOT / "scripts" / "report_picture.py"
    subprocess.run([sys.executable, str(script), str(picture)], check=True, timeout=120)
    for drawn in (picture, ROOT / "docs" / "report.png"):
        width, height = struct.unpack(">II", drawn.read_bytes()[16:24])
        assert width == 1280
        assert 1000 < height < 2000


def _light(colour: str) -> float:
    return sum(float(part) for part in colour.strip("rgba()").split(",")[:3])
