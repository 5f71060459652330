"""The feed's files: lines are complete or absent, and only one run writes at a time."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from crawling import ROOT

from crawler.exceptions import FeedBusy, FeedUnusable
from crawler.store.jsonlines import JsonLines, Lock, dumps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "articles.jsonl"


@pytest.fixture
def lines(path: Path) -> Iterator[JsonLines]:
    file = JsonLines(path)
    yield file
    file.close()


def test_a_line_is_json_in_utf8_with_its_newline_last() -> None:
    line = dumps({"id": "n1", "text": "海\n岛\u2028", "none": None})
    assert line == '{"id":"n1","text":"海\\n岛\u2028","none":null}\n'.encode()
    assert line.count(b"\n") == 1


ODD_TEXTS = [
    *map(chr, range(0x80)),  # controls have short escapes, long ones, or none
    "\u2028\u2029\x85\ufeff\ufffe\U0010ffff\U00020000\ue000",
    "a\x00b\x1f\x7f\x80\x9f",
    '\\"/\\u0041',
    "</script><!--",
    "é e\u0301 👩‍👩‍👧",
    "",
]


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_line_has_the_bytes_of_the_standard_library(text: str) -> None:
    record = {"id": text, text: [text, {"name": text}], "n": [0, -1, 1 << 53, True, None, [], {}]}
    plain = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    assert dumps(record) == plain.encode() + b"\n"


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_a_lone_surrogate_gives_no_line(lines: JsonLines, text: str) -> None:
    with pytest.raises(TypeError):
        lines.append({"id": "n1", "text": text})
    assert lines.size == lines.path.stat().st_size == 0


def test_several_lines_are_one_write(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, sizes = os.pwrite, []

    def counted(descriptor: int, data: bytes, at: int) -> int:
        sizes.append(len(data))
        return real(descriptor, data, at)

    monkeypatch.setattr(os, "pwrite", counted)
    lines = JsonLines(path)
    assert lines.append({"id": "n1"}, {"id": "n2"}) == sum(sizes) == 24
    assert lines.append() == 24
    lines.close()
    assert sizes == [24]
    assert path.read_bytes() == b'{"id":"n1"}\n{"id":"n2"}\n'


def test_lines_are_appended(path: Path) -> None:
    lines = JsonLines(path)
    assert lines.append({"id": "n1"}) == 12
    assert lines.append({"id": "海"}) == len(path.read_bytes()) == lines.size
    lines.close()
    again = JsonLines(path)
    again.append({"id": "n3"})
    again.close()
    assert [json.loads(line)["id"] for line in path.read_bytes().splitlines()] == ["n1", "海", "n3"]


@pytest.mark.parametrize(
    ("before", "torn"),
    [
        (b"", 0),
        (b"{}\n", 0),
        (b'{}\n{"id":', 6),
        (b'{"id":', 6),
        (b"{}\n\xe6\xb5", 2),
        (b"{}\n" + b"x" * (3 << 20), 3 << 20),
    ],
)
def test_an_unfinished_tail_is_cut_when_it_is_opened(path: Path, before: bytes, torn: int) -> None:
    """The lines before it are not changed."""
    path.write_bytes(before)
    file = JsonLines(path)
    file.close()
    assert file.torn == torn
    assert path.read_bytes() == before[: len(before) - torn]
    assert file.size == len(before) - torn


def test_the_last_line_before_an_offset(lines: JsonLines) -> None:
    ends = [lines.append({"id": f"n{number}", "x": "海" * number}) for number in range(1, 4)]
    assert lines.last_line() == dumps({"id": "n3", "x": "海海海"})
    assert lines.last_line(ends[0]) == dumps({"id": "n1", "x": "海"})
    assert lines.last_line(0) == b""


def test_records_from_an_offset_on(lines: JsonLines) -> None:
    first = lines.append({"id": "n1"})
    lines.append({"id": "n2"})
    assert [record["id"] for record in lines.records()] == ["n1", "n2"]
    assert [record["id"] for record in lines.records(first)] == ["n2"]


@pytest.mark.parametrize("damage", [b"\0\0\0\n", b"[]\n", b"{\n", b"\n", b"\xff{}\n"])
def test_a_damaged_line_is_named_by_its_place(path: Path, damage: bytes) -> None:
    path.write_bytes(b'{"id":"n1"}\n' + damage + b'{"id":"n3"}\n')
    file = JsonLines(path)
    with pytest.raises(FeedUnusable, match=r"the line at byte 12 is damaged"):
        list(file.records())
    file.close()


def test_a_partial_line_on_a_full_disk_is_cut_off(
    path: Path, lines: JsonLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a partial write the file is restored, and writing continues once there is space."""
    lines.append({"id": "n1"})
    before = path.read_bytes()
    real, calls = os.pwrite, []

    def full(fd: int, data: bytes, offset: int) -> int:
        calls.append(offset)
        if len(calls) == 1:
            return real(fd, data[:5], offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(FeedUnusable, match=r"No space left on device. Make room"):
            lines.append({"id": "n2"})
    assert calls == [12, 17]
    assert path.read_bytes() == before
    lines.append({"id": "n3"})
    assert path.read_bytes() == before + dumps({"id": "n3"})


def test_a_failed_sync_is_reported(lines: JsonLines, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(FeedUnusable, match="Input/output error"):
        lines.sync()


def test_a_directory_in_its_place(path: Path) -> None:
    path.mkdir()
    with pytest.raises(FeedUnusable, match="is not a regular file, but a link"):
        JsonLines(path)


# -- the lock ------------------------------------------------------------------------------------


def test_only_one_run_holds_the_lock(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    with pytest.raises(FeedBusy, match="another run holds the feed"):
        Lock(tmp_path / "lock")
    lock.leave()
    Lock(tmp_path / "lock").leave()


def test_the_note_exists_during_the_run(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = Lock(path)
    assert lock.left_behind is None
    lock.note({"start": "now"})
    assert json.loads(path.read_bytes()) == {"start": "now"}
    lock.note({"a": 1})
    assert path.read_bytes() == b'{"a":1}\n'
    lock.clear()
    lock.leave()
    assert path.read_bytes() == b""


def test_the_lock_dies_with_its_holder_and_the_note_stays(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import os, sys, pathlib; from crawler.store.jsonlines import Lock;"
        "Lock(pathlib.Path(sys.argv[1])).note({'start': 'then'}); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False)
    assert done.returncode == -9
    lock = Lock(path)
    assert lock.left_behind == {"start": "then"}
    lock.leave()


def test_an_unreadable_note_counts_as_missing(tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(b'{"start":')
    lock = Lock(tmp_path / "lock")
    assert lock.left_behind is None
    lock.leave()
