"""Other programs that extract the same pages, each in a separate process.

    python bench/peer.py plain|trafilatura DIRECTORY OUT

``plain`` is a script as one writes it in an afternoon, with BeautifulSoup, lxml and a few regular
expressions. ``trafilatura`` is a general extractor of article text. Each writes a JSON line for every
article below DIRECTORY/pages, with those of the ten keys that it can fill.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_DATE = re.compile(r"【大纪元(\d{4})年(\d{1,2})月(\d{1,2})日讯?】")
_AUTHORS = re.compile(r"（大纪元记者([^（）]{2,20}?)(?:综合)?(?:报导|报道|编译)）")
_EDITORS = re.compile(r"责任编辑[：:]\s*([^\s#]+)")
_ADDRESS = re.compile(r"原文链接[^：:\n]*[：:]\s*(\S+)")


def plain() -> Callable[[str], dict[str, Any]]:
    """Return the extractor of the plain script."""
    from bs4 import BeautifulSoup  # noqa: PLC0415 - it may not be installed

    def text_of(paragraph: Any) -> str:
        text = "".join(line.strip() for line in paragraph.get_text().splitlines())
        return _AUTHORS.sub("", _DATE.sub("", text))

    def extract(page: str) -> dict[str, Any]:
        soup = BeautifulSoup(page, "lxml")
        body = soup.find(id="artbody") or soup
        date = _DATE.search(page)
        authors, editors = _AUTHORS.search(page), _EDITORS.search(page)
        address = _ADDRESS.search(page)
        anchors = [a for a in body.find_all(["a", "ok"]) if a.get("href")]
        images = [image["src"] for image in body.find_all("img") if image.get("src")]
        first = soup.find("img")
        texts = [text_of(paragraph) for paragraph in body.find_all("p")]
        return {
            "title": page.partition("\n")[0].lstrip("# ").strip(),
            "url": address[1] if address else None,
            "date_published": "-".join(part.zfill(2) for part in date.groups()) if date else None,
            "authors": re.split("[、，]", authors[1]) if authors else [],
            "editors": re.split("[、，/]", editors[1]) if editors else [],
            "tags": [a.get_text().strip() for a in anchors if "/tag/" in a["href"]],
            "image": first["src"] if first and first["src"] not in images else None,
            "images": images,
            "links": [a["href"] for a in anchors if "/tag/" not in a["href"]],
            "content_text": "\n\n".join(
                text for text in texts if text and not text.startswith("责任编辑")
            ),
        }

    return extract


def trafilatura() -> Callable[[str], dict[str, Any]]:
    """Return trafilatura with its defaults; the page's first line becomes the HTML title."""
    from trafilatura import bare_extraction  # noqa: PLC0415 - it may not be installed

    def extract(page: str) -> dict[str, Any]:
        heading, _, body = page.partition("\n")
        title = heading.lstrip("# ").strip()
        document = f"<html><head><title>{title}</title></head><body>{body}</body></html>"
        found = bare_extraction(document, with_metadata=True, include_comments=False)
        if found is None or isinstance(found, dict):
            return {}
        said = found.as_dict()
        return {
            "title": said["title"],
            "url": said["url"],
            "date_published": said["date"],
            "authors": said["author"].split("; ") if said["author"] else [],
            "tags": said["tags"] or [],
            "image": said["image"],
            "content_text": said["text"],
        }

    return extract


PEERS = {"plain": plain, "trafilatura": trafilatura}


def main(name: str, directory: Path, out: Path) -> None:
    """Extract every article once, even if several sections have a copy."""
    extract = PEERS[name]()
    pages = {page.stem: page for page in sorted(directory.glob("pages/*/*.md"))}
    with out.open("w", encoding="utf-8") as file:
        for article, page in pages.items():
            record = {"id": article, **extract(page.read_text("utf-8", errors="replace"))}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
