"""Damages a mirror in a directory in ways that real mirrors are damaged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mirrorkit.indexes import moved_notice

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_END_OF_BODY = re.compile(r"\n <p>\n  责任编辑.*?\n</div>\n", re.DOTALL)


def page_path(directory: Path, section_id: str, article_id: str) -> Path:
    """Return the path of a section's copy of an article."""
    return directory / "pages" / section_id / f"{article_id}.md"


def drop_page(directory: Path, section_id: str, article_id: str) -> None:
    """Remove a page that remains listed."""
    page_path(directory, section_id, article_id).unlink()


def break_page(
    directory: Path,
    section_id: str,
    article_id: str,
    data: bytes = "### 只剩下标题\n".encode(),
) -> None:
    """Replace a page with ``data``, which by default does not fit the mirror's template."""
    page_path(directory, section_id, article_id).write_bytes(data)


def cut_page(directory: Path, section_id: str, article_id: str) -> None:
    """Cut off the end of a page's body: editor and end mark, but not the rest of the file.

    Raises:
        ValueError: the page has no editor line to cut at.
    """
    path = page_path(directory, section_id, article_id)
    text, cuts = _END_OF_BODY.subn("\n</div>\n", path.read_text(encoding="utf-8"))
    if not cuts:
        message = f"{path} has no line of an editor"
        raise ValueError(message)
    path.write_bytes(text.encode())


def drop_index(directory: Path, section_id: str, page: str = "README.md") -> None:
    """Remove a section's index, or an archive page such as ``2.md``."""
    (directory / "indexes" / section_id / page).unlink()


def empty_index(directory: Path, section_id: str) -> None:
    """Remove all entries from a section's index, but not heading and pager."""
    path = directory / "indexes" / section_id / "README.md"
    lines = path.read_text(encoding="utf-8").split("\n")
    kept = (line for line in lines if not (line.startswith("#### ") and " 第 " not in line))
    path.write_bytes("\n".join(kept).encode())


def move_away(
    directory: Path,
    address: str = "owner/repo",
    *,
    sections: Iterable[str] = (),
    pixel: str = "",
) -> None:
    """Replace the home page and sections' indexes with a notice that links to ``address``."""
    notice = moved_notice(address, pixel=pixel).encode()
    (directory / "README.md").write_bytes(notice)
    for section_id in sections:
        (directory / "indexes" / section_id / "README.md").write_bytes(notice)
