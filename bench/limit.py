"""The lower limit of a crawl: reads each article's blob, parses it with lxml, writes a JSON line.

    python bench/limit.py REPOSITORY COMMIT FEED BYTES

No crawl of the same pages in one process can be much faster. BYTES is the length of a line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from lxml import etree


def main(repository: str, commit: str, feed: str, length: int) -> None:
    """Write a line of ``length`` bytes to ``feed`` for each article of ``commit``."""
    git = ["git", "--git-dir", repository]
    tree = [*git, "ls-tree", "-r", "-z", commit, "pages/"]
    listing = subprocess.run(tree, check=True, capture_output=True).stdout
    blobs: dict[bytes, bytes] = {}  # each article once, even if several sections have a copy
    for entry in listing.rstrip(b"\0").split(b"\0"):
        about, path = entry.split(b"\t", 1)
        blobs.setdefault(path.rpartition(b"/")[2], about.split()[2])
    parser = etree.HTMLParser(encoding="utf-8")
    with tempfile.TemporaryFile() as wanted, Path(feed).open("wb", buffering=0) as out:
        wanted.write(b"\n".join(blobs.values()))
        wanted.seek(0)
        batch = [*git, "cat-file", "--batch", "--buffer"]
        with subprocess.Popen(batch, stdin=wanted, stdout=subprocess.PIPE) as reader:
            assert reader.stdout
            for name in blobs:
                size = int(reader.stdout.readline().split()[2])
                body = reader.stdout.read(size + 1)[:-1]
                etree.fromstring(body, parser)
                record = {"id": name.decode(), "text": _of_length(body, length)}
                out.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")


def _of_length(body: bytes, length: int) -> str:
    """Return the page's text, repeated or cut to about ``length`` bytes."""
    copies = length // max(len(body), 1) + 1
    return (body * copies)[:length].decode(errors="ignore")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
