"""The paths of the pages of an Epoch Times mirror, and the URLs of articles and tags.

README.md                     home page
indexes/SECTION/README.md     a section's own index
indexes/SECTION/N.md          its archive pages, numbered from the oldest
pages/SECTION/nDIGITS.md      an article, one copy for each section that lists it
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from crawler.formats.pages import Copy
from crawler.text import one_line, visible
from crawler.urls import UnusableURL, canonical, is_own, is_relative

HOME: Final = "README.md"
INDEXES: Final = "indexes"
PARTS: Final = (HOME, INDEXES, "pages")
"""Files and folders with a mirror's pages: the home page, index pages, articles."""
ENTRIES_PER_PAGE: Final = 30
"""Entries of a full archive page ("30 in every file")."""
ID_PATTERN: Final = r"^n\d{1,12}$"
URL_PATTERN: Final = (
    r"^https://www\.epochtimes\.com/(gb|b5)/\d{1,2}/\d{1,2}/\d{1,2}/n\d{1,12}\.htm$"
)

LANGUAGES: Final = {"gb": "zh-Hans", "b5": "zh-Hant"}
_SECTION_ID = r"[A-Za-z][A-Za-z0-9_-]{0,63}"
_ARTICLE_ID = r"n[0-9]{1,12}"
_SECTION = re.compile(_SECTION_ID)
_ARTICLE = re.compile(_ARTICLE_ID)
_INDEX_PATH = re.compile(rf"indexes/({_SECTION_ID})/(README|[1-9][0-9]{{0,6}})\.md")
_ARTICLE_PATH = re.compile(rf"pages/({_SECTION_ID})/({_ARTICLE_ID})\.md")
_TAG_PATH = re.compile(r"/(?:gb|b5)/tag/([^/?#]+?)(?:\.html?)?/?\Z")
_ORIGINAL = re.compile(
    r"https://www\.epochtimes\.com/(?:gb|b5)/([0-9]{1,2})/([0-9]{1,2})/([0-9]{1,2})/n[0-9]{1,12}\.htm"
)


def index_path(section: str, page: int | None = None) -> str:
    """Return the path of an archive page, or of the section's own index without ``page``."""
    return f"indexes/{section}/{'README' if page is None else page}.md"


def section_of(path: str) -> tuple[str, int | None] | None:
    """Return the section and the number of an index page, or None if ``path`` is not one.

    The number of a section's own index is None.
    """
    match = _INDEX_PATH.fullmatch(path)
    if not match:
        return None
    return match[1], None if match[2] == "README" else int(match[2])


def article_path(section: str, article: str) -> str:
    """Return the path of a section's copy of an article."""
    return f"pages/{section}/{article}.md"


def copy_of(path: str) -> Copy | None:
    """Return the copy of an article at ``path``, or None if it is not an article's path."""
    match = _ARTICLE_PATH.fullmatch(path)
    return Copy(match[1], match[2]) if match else None


def is_section_id(text: str) -> bool:
    """Return whether ``text`` can be a section's id."""
    return _SECTION.fullmatch(text) is not None


def is_article_id(text: str) -> bool:
    """Return whether ``text`` can be an article's id."""
    return _ARTICLE.fullmatch(text) is not None


def id_order(article: str) -> int:
    """Return the number in an article's id, which increases with time."""
    return int(article[1:])


def day_of(url: str) -> date | None:
    """Return the date in an article's canonical URL, or None if it has none that exists."""
    match = _ORIGINAL.fullmatch(url)
    try:
        return date(2000 + int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


class Tag(NamedTuple):
    """A linked tag: its name, and the canonical URL of its page."""

    label: str
    url: str


def tag_at(href: str) -> Tag | None:
    """Return the tag of an absolute URL ``…/gb/tag/…``, or None if it is not the URL of a tag."""
    return _tag_at(href) if "/tag/" in href and href.startswith("http") else None


@lru_cache(maxsize=4096)  # the same tags are linked again and again
def _tag_at(href: str) -> Tag | None:
    if is_relative(href):
        return None
    try:
        url = canonical(href, href)
    except UnusableURL:
        return None
    parts = urlsplit(url)
    match = _TAG_PATH.match(parts.path) if is_own(parts.hostname or "") else None
    label = one_line(visible(unquote(match[1]))) if match else ""
    return Tag(label, url) if label else None
