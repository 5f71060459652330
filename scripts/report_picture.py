"""Draw docs/report.png: the report on a fresh feed of the sample, at desktop width.

    .venv/bin/python scripts/report_picture.py [FILE]

It needs the browser extra, a Chromium, and a font with Han characters (on Debian and Ubuntu:
``apt-get install chromium fonts-noto-cjk``). Run it after a change of ``crawler/report``, and look at
the picture.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crawler.transports.browser.executable import find_chromium  # noqa: E402 - by the path above

PICTURE = ROOT / "docs" / "report.png"
WIDTH = 1280

_LOWEST = "document.querySelector('.pair').getBoundingClientRect().bottom"


def main(arguments: list[str]) -> None:
    """Crawl, report, and draw the report from its top to the end of the newest articles."""
    picture = Path(arguments[0]) if arguments else PICTURE
    with TemporaryDirectory() as folder:
        feed, page = Path(folder) / "sample", Path(folder) / "report.html"
        _scrapy("crawl", "epoch_mirror", "-a", "mirror=sample", "-a", f"feed={feed}", "--nolog")
        _scrapy("report", str(feed), "--to", str(page))
        _draw(page, picture)


def _scrapy(*words: str) -> None:
    command = [sys.executable, "-m", "scrapy", *words]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - its words are this file's


def _draw(page: Path, picture: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(find_chromium()), args=["--no-sandbox"]
        )
        tab = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
        tab.goto(page.as_uri())
        height = tab.evaluate(_LOWEST)
        clip = {"x": 0.0, "y": 0.0, "width": float(WIDTH), "height": float(height)}
        tab.screenshot(path=picture, full_page=True, clip=clip)  # type: ignore[arg-type]
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
