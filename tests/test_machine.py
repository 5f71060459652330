"""The number of readers depends on what the process may use of the machine."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING

import pytest
from mirrorkit import large_mirror

from crawler.config import machine
from crawler.readers.readers import MANY

if TYPE_CHECKING:
    from pathlib import Path

    from crawling import Crawl

GB = 1 << 30
BIG = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 256 * GB // 4096}


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of a host with 64 processors and 256 GB, without limits."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    monkeypatch.setattr(os, "sysconf", BIG.__getitem__)
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda _: unlimited)
    return tmp_path


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


V2 = {"proc/self/cgroup": "0::/system.slice/crawl.service"}
UNIT = "sys/fs/cgroup/system.slice/crawl.service/"
V1 = {"proc/self/cgroup": "4:memory:/docker/x\n2:cpu,cpuacct:/docker/x\n0::/\n7:pids:/docker/x"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, machine.READERS_AT_MOST),
        (V2 | {UNIT + "memory.max": "max", UNIT + "cpu.max": "max 100000"}, 8),
        (V2 | {UNIT + "memory.max": str(GB)}, 4),
        (V2 | {UNIT + "memory.high": str(GB)}, 4),
        (V2 | {UNIT + "memory.max": str(512 << 20)}, 0),
        (V2 | {UNIT + "memory.max": str(100 << 20)}, 0),
        (V2 | {"sys/fs/cgroup/system.slice/memory.max": str(GB), UNIT + "memory.max": "max"}, 4),
        (V2 | {"sys/fs/cgroup/memory.max": str(GB)}, 4),  # a container that does not see its path
        (V2 | {UNIT + "cpu.max": "300000 100000"}, 3),
        (V2 | {UNIT + "cpu.max": "150000 100000"}, 2),
        (V2 | {UNIT + "cpu.max": "50000 100000"}, 0),
        (V2 | {UNIT + "pids.max": "20", UNIT + "pids.current": "6"}, 2),
        (V2 | {UNIT + "pids.max": "4", UNIT + "pids.current": "3"}, 0),
        (V1 | {"sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": str(GB)}, 4),
        (V1 | {"sys/fs/cgroup/memory/memory.limit_in_bytes": str(GB)}, 4),
        (V1 | {"sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": str(1 << 63)}, 8),
        (
            V1
            | {
                "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "200000",
                "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000",
            },
            2,
        ),
        (
            V1
            | {
                "sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us": "100000",
            },
            8,
        ),
        ({"proc/self/cgroup": "nonsense\n1:2\n0::/../../..", UNIT + "memory.max": "x"}, 8),
    ],
)
def test_control_groups(host: Path, files: dict[str, str], expected: int) -> None:
    assert machine.reader_count(write(host, files)) == expected


@pytest.mark.parametrize(("processors", "expected"), [(1, 0), (2, 2), (7, 7), (9, 8)])
def test_affinity(
    host: Path, monkeypatch: pytest.MonkeyPatch, processors: int, expected: int
) -> None:
    """No readers for a single processor: they would not be faster."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
    assert machine.reader_count(host) == expected


@pytest.mark.parametrize(("processors", "expected"), [(1, 8), (8, 8), (64, 64)])
def test_how_many_can_be_asked_for(
    host: Path, monkeypatch: pytest.MonkeyPatch, processors: int, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
    assert machine.most_readers(host) == expected


@pytest.mark.parametrize("limit", [resource.RLIMIT_AS, resource.RLIMIT_DATA])
def test_ulimit(host: Path, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(
        resource, "getrlimit", lambda kind: (GB if kind == limit else -1, resource.RLIM_INFINITY)
    )
    assert machine.reader_count(host) == 4


def test_little_memory(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", {**BIG, "SC_PHYS_PAGES": GB // 4096}.__getitem__)
    assert machine.reader_count(host) == 4


REFUSING = """
import errno, multiprocessing.util

def refuse(*_):
    raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

multiprocessing.util.spawnv_passfds = refuse
"""


def test_readers_that_cannot_be_started(tmp_path: Path, crawl: Crawl) -> None:
    """The crawler reads the pages itself, with a warning; no page is lost."""
    large_mirror(tmp_path / "mirror", 1, MANY + 10)
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(REFUSING)
    result = crawl(
        f"mirror={tmp_path / 'mirror'}",
        settings={"READERS": 3},
        env={"PYTHONPATH": str(tmp_path / "site")},
        fresh=True,
    )
    assert (result.exit_code, len(result.feed.ids)) == (0, MANY + 10), result.log
    why = "([Errno 11] Resource temporarily unavailable)"
    assert [line.partition("WARNING: ")[2] for line in result.warnings] == [
        f"Processes that read articles cannot be started {why}",
        f"Cannot start a process to read pages {why}, reading them in the crawler",
    ]
