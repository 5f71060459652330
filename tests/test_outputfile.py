"""A file takes its target's place when it is complete, and never otherwise."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from crawling import ROOT

from crawler.exceptions import TryLater, WrongUsage
from crawler.outputfile import output_file


def write(path: Path, data: bytes = b"new") -> None:
    with output_file(path) as file:
        file.write(data)


@pytest.mark.parametrize("name", ["a", "长 ?#%20", os.fsdecode(b"\xff\xfe")])
def test_a_file_is_replaced_or_stays(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for data in (b"one", b"two"):
        write(path, data)
        assert path.read_bytes() == data

    def fail() -> None:
        with output_file(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_the_temporary_file_of_a_killed_program_is_reused(tmp_path: Path) -> None:
    (tmp_path / ".a.new").write_bytes(b"a long part of another file")
    write(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_two_programs_do_not_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with output_file(path) as file:
        file.write(b"first")
        with pytest.raises(TryLater, match="being written by another program"):
            write(path, b"second")
    assert path.read_bytes() == b"first"


def test_a_file_that_was_renamed_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program finishes between our opening of the temporary file and our lock."""
    path, opened = tmp_path / "a", Path.open
    (tmp_path / ".a.new").write_bytes(b"first")

    def open_late(self: Path, mode: str) -> object:
        file = opened(self, mode)
        self.rename(path)
        return file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_late)
        with pytest.raises(TryLater):
            write(path, b"second")
    assert path.read_bytes() == b"first"


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    write(tmp_path / "link")
    assert (tmp_path / "link").readlink() == Path("target")
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_device_stays_one(tmp_path: Path) -> None:
    """``--to /dev/null``, as root, must not put a file in the device's place."""
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    write(tmp_path / "fifo")
    assert os.read(reader, 15) == b"new"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "fifo").stat().st_mode)


@pytest.mark.parametrize("path", ["", "none/a", "a" * 255, "a" * 300, "/proc/a"])
def test_what_cannot_be_written_is_named(tmp_path: Path, path: str) -> None:
    with pytest.raises(WrongUsage, match=r"cannot be written: .*: give another file"):
        write(tmp_path / path)
    assert not list(tmp_path.iterdir())


FILL = """
import sys
from pathlib import Path
from crawler.exceptions import TryLater
from crawler.outputfile import output_file
try:
    with output_file(Path(sys.argv[1])) as file:
        file.write(bytes(100_000))
except TryLater as error:
    print(error)
"""


def test_a_full_disk_is_reported_and_nothing_is_left(tmp_path: Path) -> None:
    write(tmp_path / "a")
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path / "a")], cwd=ROOT, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)), check=True,
    )  # fmt: skip
    assert "cannot be written: File too large: make room, then try again" in done.stdout
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
