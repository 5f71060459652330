"""The limits in docs/security.md are those of the code."""

from __future__ import annotations

import pytest
from crawling import ROOT
from documents import part, table

from crawler import settings, urls
from crawler.formats.epoch.headings import MAX_NAME
from crawler.formats.epoch.nesting import MAX_TREE_DEPTH
from crawler.formats.pages import MAX_PAGE_BYTES
from crawler.items import MAX_LINE_BYTES
from crawler.middlewares import robots
from crawler.readers import pages
from crawler.readers.pages import BOUNDS
from crawler.readers.processes import BATCH_BYTES, BATCH_PAGES
from crawler.transports.bounded import MAX_HEADER_BYTES
from crawler.transports.browser.transport import MAX_PROCESS_BYTES
from crawler.transports.git.limits import GitLimits

LIMITS = part((ROOT / "docs" / "security.md").read_text(encoding="utf-8"), "Limits")
GIT = GitLimits()
READING = f"{BOUNDS.cpu_seconds} s of CPU, {BOUNDS.memory_bytes >> 20} MiB"


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("reading one large or odd page", READING),
        ("reading a batch in a `READERS` process", READING),
        ("a page", f"{MAX_PAGE_BYTES >> 20} MiB"),
        ("a line of the feed", f"{MAX_LINE_BYTES >> 20} MiB"),
        ("an address", f"{urls.MAX_LENGTH:,} characters"),
        ("the name of a section", f"{MAX_NAME} characters"),
        ("nested elements", f"{MAX_TREE_DEPTH:,} levels"),
        ("a batch", f"{BATCH_PAGES} pages, {BATCH_BYTES >> 20} MiB"),
        ("memory of a git process", f"{GIT.memory_bytes >> 20} MiB"),
        ("CPU of a git process", f"{GIT.cpu_seconds:,.0f} s"),
        ("silence of a git server", f"{GIT.stall_seconds:.0f} s"),
        ("one git command", f"{GIT.total_seconds:,.0f} s"),
        ("unpacking one object", f"{GIT.object_seconds:.0f} s"),
        ("a clone", f"{GIT.clone_bytes >> 30} GiB"),
        ("free disk space", f"{GIT.spare_bytes >> 20} MiB"),
        ("a process of Chromium", f"{MAX_PROCESS_BYTES >> 30} GiB"),
        ("a page in Chromium", f"{settings.BROWSER_PAGE_SECONDS} s"),
        ("an HTTP response", f"{settings.DOWNLOAD_TIMEOUT} s"),
        ("its headers, interim responses included", f"{MAX_HEADER_BYTES >> 10} KiB"),
        ("robots.txt", f"{robots._MAX_ROBOTS_BYTES >> 10} KiB"),
    ],
)
def test_a_limit_is_the_codes(what: str, limit: str) -> None:
    rows = {row[0]: row[1:] for row in table(LIMITS)}
    assert rows[what][0] == limit
    assert rows[what][1]


def test_the_definition_of_a_large_or_odd_page_is_documented() -> None:
    said = " ".join(LIMITS.split())
    assert f"more than {pages.LARGE_BYTES >> 10} KiB" in said
    assert f"{len(pages._LINE_BREAKS)} newlines in a row" in said
    assert f"more than {pages._MANY_TAGS:,} `<`" in said
