"""The git transport with real repositories and real git, on loopback only."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
from typing import TYPE_CHECKING, NoReturn

import pytest
from gitserver import (
    HOME,
    MIRROR,
    Repository,
    clone_of,
    compared,
    git,
    opened,
    read,
    read_all,
    watched_git,
)

from crawler.exceptions import MirrorUnusable, PageMissing, PageTooLarge
from crawler.snapshot import Changes
from crawler.transports.git import clone, program, trees
from crawler.transports.git.branches import choose
from crawler.transports.git.limits import GitLimits, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.transports.git.transport import GitTransport


@pytest.fixture
def mirror(published: Repository) -> Repository:
    """A mirror of three articles."""
    return published


@pytest.fixture(scope="module")
def transport(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitTransport]:
    """A transport of that mirror, for tests that only read."""
    with opened(template, tmp_path_factory.mktemp("cache")) as transport:
        yield transport


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a line for every start of git: its process id and arguments."""
    return watched_git(tmp_path, monkeypatch)


# -- reading ---------------------------------------------------------------------------------


def test_every_page_is_read_as_it_is(template: Path, transport: GitTransport) -> None:
    assert read_all(transport, MIRROR) == MIRROR
    assert transport.commit == git(template, "rev-parse", "HEAD")
    assert (transport.ordered, transport.unsupported_keys) == (True, frozenset())


@pytest.mark.parametrize(
    "path", ["pages/ncid1/n99.md", "pages/ncid9/n10.md", "pages/ncid1", "nothing", "README.md/x"]
)
def test_an_absent_page_is_missing(transport: GitTransport, path: str) -> None:
    with pytest.raises(PageMissing, match=f"is not in commit {transport.commit}"):
        read(transport, path)
    assert transport.blob_id_at(path) is None


def test_a_page_above_the_limit_is_refused_and_the_next_is_read(
    mirror: Repository, cache: Path
) -> None:
    mirror.commit({"a.md": b"x" * 1001, "b.md": b"y" * 1000})
    with opened(mirror.path, cache, limits=GitLimits(page_bytes=1000)) as transport:
        transport.prefetch(["a.md", "b.md"])
        with pytest.raises(PageTooLarge, match=r"a\.md is larger than 1000"):
            read(transport, "a.md")
        assert read(transport, "b.md") == b"y" * 1000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A mirror with seven sections of 300 pages or more, and its files."""
    files = {f"pages/s{n % 7}/n{n}{'.md' * (n % 2)}": str(n).encode() for n in range(2100)}
    # a folder sorts as if its name ended in "/": n11.md comes before n11
    files |= {f"pages/s{n % 7}/n{n}/deep": b"deep" for n in range(1, 2100, 10)}
    mirror = Repository(tmp_path_factory.mktemp("large") / "large.git")
    mirror.commit(files)
    return mirror.path, files


@pytest.mark.parametrize("mapped", [1000, 1 << 30])
def test_few_large_folders_are_cached(
    large: tuple[Path, dict[str, bytes]],
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    mapped: int,
) -> None:
    """All names are found, in memory and in mapped files.

    Mapped folders take no memory, so each is read once: the newest articles are in all of them.
    """
    path, files = large
    weights: list[int] = []

    class Weighed(trees.Folder):
        def __init__(self, raw: bytes, oid_bytes: int, place: Path) -> None:
            super().__init__(raw, oid_bytes, place)
            weights.append(self.weight)

    monkeypatch.setattr(trees, "Folder", Weighed)
    monkeypatch.setattr(trees, "MAPPED_BYTES", mapped)
    monkeypatch.setattr(trees, "KEPT_BYTES", 40_000)  # two of the seven sections
    with opened(path, cache) as transport:
        assert read_all(transport, files) == files
        assert transport._files is not None
        assert sum(folder.weight for folder in transport._files._kept.values()) <= 40_000
    if mapped == 1000:
        assert len(weights) == 2 + 7 + 210
    else:
        assert len(weights) > 1000


def test_large_folders_stay_in_memory_if_the_disk_is_full(
    mirror: Repository, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(data: bytes, place: Path) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("crawler.transports.git.trees.MAPPED_BYTES", 1)
    monkeypatch.setattr("crawler.transports.git.trees._mapped", full)
    with opened(mirror.path, cache) as transport:
        assert read_all(transport, MIRROR) == MIRROR


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitTransport]:
    """A transport of a mirror whose pages are named by letters."""
    folder = tmp_path_factory.mktemp("letters")
    mirror = Repository(folder / "m.git")
    mirror.commit({f"pages/s/{name}": name.encode() * 100 for name in "abcdefxy"})
    with opened(mirror.path, folder / "cache") as transport:
        yield transport


@pytest.mark.parametrize(
    ("expected", "asked"),
    [
        ("abcdef", "abcdef"),
        ("abcdef", "fedcba"),
        ("abcdef", "bdf"),
        ("ab", "xayb"),
        ("aaab", "aaba"),
        ("", "abc"),
        ("a?b", "ab"),
    ],
)
def test_expecting_pages_changes_nothing(letters: GitTransport, expected: str, asked: str) -> None:
    for _ in range(2):
        letters.prefetch(f"pages/s/{name}" for name in expected)
        assert [read(letters, f"pages/s/{name}") for name in asked] == [
            name.encode() * 100 for name in asked
        ]


def test_what_is_read_stays_at_one_commit(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        mirror.commit(dict.fromkeys(MIRROR, b"changed"))
        git(mirror.path, "gc", "--prune=now", "-q")
        assert read_all(transport, MIRROR) == MIRROR


def test_equal_pages_have_the_same_id(template: Path, transport: GitTransport) -> None:
    one, other, third = (
        transport.blob_id_at(f"pages/{page}")
        for page in ("ncid1/n10.md", "ncid2/n10.md", "ncid1/n11.md")
    )
    assert one == other == git(template, "rev-parse", "HEAD:pages/ncid1/n10.md")
    assert one != third


def test_a_directory_with_a_working_tree_is_a_mirror_too(tmp_path: Path, cache: Path) -> None:
    work = tmp_path / "with space%20 and ü"
    Repository(work / ".git").commit(MIRROR)
    with opened(work, cache) as transport:
        assert read(transport, "README.md") == HOME


def test_a_mirror_of_sha256_ids(tmp_path: Path, cache: Path) -> None:
    mirror = Repository(tmp_path / "m.git", form="sha256")
    first = mirror.commit(MIRROR)
    with opened(mirror.path, cache) as transport:
        assert read_all(transport, MIRROR) == MIRROR
    mirror.commit(MIRROR | {"pages/ncid1/n12.md": b"new"}, parent=first)
    with opened(mirror.path, cache) as transport:
        assert compared(transport, first) == Changes(added=frozenset({"pages/ncid1/n12.md"}))


def test_a_shallow_mirror_can_be_cloned(mirror: Repository, tmp_path: Path, cache: Path) -> None:
    first = git(mirror.path, "rev-parse", "HEAD")
    mirror.commit(MIRROR | {"README.md": b"new"}, parent=first)
    git(tmp_path / "shallow.git", "clone", "--bare", "--depth=1", mirror.path.as_uri(),
        str(tmp_path / "shallow.git"))  # fmt: skip
    with opened(tmp_path / "shallow.git", cache) as transport:
        assert read(transport, "README.md") == b"new"


# -- updates ---------------------------------------------------------------------------------


def test_added_modified_and_deleted_pages_are_reported(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
        assert compared(transport, None) is None
    files = MIRROR | {
        "README.md": b"new home",
        "pages/ncid1/n12.md": b"new",
        "pages/ncid3/n12.md": b"new",
        "LICENSE": b"no page",
        "tools/indexes/x.md": b"no page",
    }
    del files["pages/ncid2/n10.md"]
    second = mirror.commit(files, parent=first)
    with opened(mirror.path, cache) as transport:
        assert transport.commit == second
        assert compared(transport, first) == Changes(
            added=frozenset({"pages/ncid1/n12.md", "pages/ncid3/n12.md"}),
            modified=frozenset({"README.md"}),
            deleted=frozenset({"pages/ncid2/n10.md"}),
        )
        assert read(transport, "pages/ncid3/n12.md") == b"new"


def test_one_request_shows_that_nothing_is_new(
    mirror: Repository, cache: Path, commands: Path
) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
    commands.unlink()
    with opened(mirror.path, cache) as transport:
        changes = compared(transport, first)
    assert changes == Changes()
    assert not changes
    said = commands.read_text()
    assert said.count("ls-remote") == 1
    assert "fetch" not in said
    assert "cat-file --batch" not in said


def test_an_update_fetches_only_new_objects(tmp_path: Path, cache: Path) -> None:
    noise = {f"pages/s/n{n}.md": os.urandom(10_000) for n in range(100)}
    mirror = Repository(tmp_path / "m.git")
    first = mirror.commit(noise)
    with opened(mirror.path, cache):
        before = {pack.name for pack in clone_of(cache).glob("objects/pack/*.pack")}
    mirror.commit(noise | {"pages/s/n100.md": os.urandom(10_000)}, parent=first)
    with opened(mirror.path, cache):
        [new] = {p for p in clone_of(cache).glob("objects/pack/*.pack") if p.name not in before}
    assert 10_000 < new.stat().st_size < 30_000


def test_many_updates_leave_few_packs(
    mirror: Repository, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Repacking keeps the commit of an unfinished run, so that it can be compared again."""
    monkeypatch.setattr(clone, "PACKS", 3)
    start = commit = git(mirror.path, "rev-parse", "HEAD")
    large = os.urandom(100_000)
    for turn in range(10):
        with opened(mirror.path, cache) as transport:
            found = compared(transport, start)
            assert found is not None, turn
            assert found.modified == ({"README.md"} if turn else set())
        commit = mirror.commit(MIRROR | {"README.md": large + b"%d" % turn}, parent=commit)
    packs = list(clone_of(cache).glob("objects/pack/*.pack"))
    assert len(packs) <= 5
    assert sum(pack.stat().st_size for pack in packs) < 7 * 101_000


def test_above_the_limit_everything_is_compared(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
    mirror.commit({f"pages/s/n{n}.md": b"%d" % n for n in range(30)}, parent=first)
    with opened(mirror.path, cache, limits=GitLimits(changed_paths=36)) as transport:
        changes = compared(transport, first)
        assert changes is not None
        assert len(changes.added) == 30
        assert len(changes.deleted) == 6
    with opened(mirror.path, cache, limits=GitLimits(changed_paths=35)) as transport:
        assert compared(transport, first) is None


# -- the history, the branch -----------------------------------------------------------------


def test_a_restarted_history_while_the_clone_has_the_old_commit(
    mirror: Repository, cache: Path
) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
    mirror.commit(MIRROR | {"pages/ncid1/n12.md": b"new"})  # no parent: a new history
    git(mirror.path, "gc", "--prune=now", "-q")
    with opened(mirror.path, cache) as transport:
        assert compared(transport, first) == Changes(added=frozenset({"pages/ncid1/n12.md"}))


@pytest.mark.parametrize(
    "old",
    ["0" * 40, "1234567890" * 4, "1234567890abcdef" * 4, "HEAD", "--help", "", "refs/heads/mirror"],
)
def test_without_the_old_commit_everything_is_compared(transport: GitTransport, old: str) -> None:
    assert compared(transport, old) is None


def test_with_an_invalid_commit_everything_is_compared(transport: GitTransport) -> None:
    assert compared(transport, transport.blob_id_at("README.md")) is None


def test_the_default_branch_renamed(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
    git(mirror.path, "branch", "-m", "master", "main")
    mirror.branch = "main"
    mirror.commit(MIRROR | {"README.md": b"new"}, parent=first)
    with opened(mirror.path, cache) as transport:
        assert compared(transport, first) == Changes(modified=frozenset({"README.md"}))


def test_the_only_branch_is_used_if_head_is_dangling(mirror: Repository, cache: Path) -> None:
    git(mirror.path, "symbolic-ref", "HEAD", "refs/heads/gone")
    with opened(mirror.path, cache) as transport:
        assert read(transport, "README.md") == HOME


def test_a_configured_branch_is_followed(mirror: Repository, cache: Path) -> None:
    mirror.branch = "other"
    mirror.commit({"README.md": b"other"})
    with opened(mirror.path, cache, branch="other") as transport:
        assert read(transport, "README.md") == b"other"
    with opened(mirror.path, cache) as transport:
        assert read(transport, "README.md") == HOME


@pytest.mark.parametrize("branch", ["gone", "-x", "a:b", "*", "", "../master", "refs/heads/master"])
def test_a_configured_branch_that_is_gone(branch: str) -> None:
    heads = {"HEAD": "0" * 40, "refs/heads/spare": "0" * 40, "refs/heads/master": "0" * 40}
    with pytest.raises(MirrorUnusable, match=r"no branch .*it has master, spare"):
        choose(heads, branch)


def test_an_empty_repository(tmp_path: Path, cache: Path) -> None:
    empty = Repository(tmp_path / "empty.git")
    with pytest.raises(MirrorUnusable, match="is empty"), opened(empty.path, cache):
        pass


def test_a_git_that_outlives_its_crawler_keeps_the_clone_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed crawler releases its lock, but its git keeps writing into the clone."""
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(
        f"#!/bin/sh\ncd {tmp_path}; touch runs; until [ -e end ]; do sleep 0.05; done\n"
    )
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(slow.parent), prepend=os.pathsep)

    async def run() -> None:
        lock = (tmp_path / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        limits = Watch(GitLimits(), tmp_path)
        lifeline = program.Lifeline()
        running = asyncio.ensure_future(
            program.run(["fetch"], env=dict(os.environ), watch=limits, lifeline=lifeline, lock=lock)
        )
        while not (tmp_path / "runs").exists():  # noqa: ASYNC110 - another process creates it
            await asyncio.sleep(0.01)
        lock.close()  # as the kernel does for a process that was killed
        assert not can_lock(tmp_path / "lock")
        (tmp_path / "end").touch()
        await running
        assert can_lock(tmp_path / "lock")
        lifeline.close()

    asyncio.run(run())


def can_lock(path: Path) -> bool:
    """Return whether nobody holds the lock."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
