"""The git transport with real repositories and real git, on loopback only."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
from typing import TYPE_CHECKING, NoReturn

import pytest
from gitserver import HOME, MIRROR, Repository, clone_of, git, opened, watched_git

from crawler.exceptions import MirrorUnusable, PageMissing, PageTooLarge
from crawler.transports.git import objects as gitobjects
from crawler.transports.git import program
from crawler.transports.git.limits import Watch
from crawler.transports.git.transport import Changes, GitLimits

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def mirror(tmp_path: Path) -> Repository:
    """A mirror of three articles in one commit."""
    repository = Repository(tmp_path / "served" / "mirror.git")
    repository.commit(MIRROR)
    return repository


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a line for every start of git: its process id and arguments."""
    return watched_git(tmp_path, monkeypatch)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Directory for clones."""
    return tmp_path / "cache"


# -- reading ---------------------------------------------------------------------------------


def test_every_page_is_read_as_it_is(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        assert {path: transport.read(path) for path in MIRROR} == MIRROR
        assert transport.commit == git(mirror.path, "rev-parse", "HEAD")
        assert (transport.ordered, transport.unsupported_keys) == (True, frozenset())


@pytest.mark.parametrize(
    "path", ["pages/ncid1/n99.md", "pages/ncid9/n10.md", "pages/ncid1", "nothing", "README.md/x"]
)
def test_an_absent_page_is_missing(mirror: Repository, cache: Path, path: str) -> None:
    with opened(mirror.path, cache) as transport:
        with pytest.raises(PageMissing):
            transport.read(path)
        assert transport.version_of(path) is None


def test_a_page_above_the_limit_is_refused_and_the_next_is_read(
    mirror: Repository, cache: Path
) -> None:
    mirror.commit({"a.md": b"x" * 1001, "b.md": b"y" * 1000})
    with opened(mirror.path, cache, limits=GitLimits(page_bytes=1000)) as transport:
        transport.expect(["a.md", "b.md"])
        with pytest.raises(PageTooLarge, match=r"a\.md is larger than 1000"):
            transport.read("a.md")
        assert transport.read("b.md") == b"y" * 1000


@pytest.mark.parametrize("mapped", [1000, 1 << 30])
def test_all_names_of_a_large_folder_are_found(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, mapped: int
) -> None:
    """Both in memory and in a mapped file."""
    monkeypatch.setattr("crawler.transports.git.objects.MAPPED_BYTES", mapped)
    files = {f"pages/s{n % 3}/n{n}{'.md' * (n % 2)}": str(n).encode() for n in range(2000)}
    # a folder sorts as if its name ended in "/": n11.md comes before n11
    files |= {f"pages/s{n % 3}/n{n}/deep": b"deep" for n in range(1, 2000, 10)}
    mirror = Repository(tmp_path / "large.git")
    mirror.commit(files)
    with opened(mirror.path, cache) as transport:
        assert {path: transport.read(path) for path in files} == files


def test_few_large_folders_are_cached(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"pages/s{n % 7}/n{n}.md": str(n).encode() for n in range(700)}
    mirror = Repository(tmp_path / "large.git")
    mirror.commit(files)
    monkeypatch.setattr(
        "crawler.transports.git.objects.KEPT_BYTES", 10_000
    )  # two of the seven sections
    with opened(mirror.path, cache) as transport:
        for path, content in files.items():
            assert transport.read(path) == content
        assert transport._files is not None
        assert sum(folder.weight for folder in transport._files._folders.values()) <= 10_000


def test_each_large_folder_is_read_once(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are kept in mapped files, because the newest articles are in all of them."""
    files = {f"pages/s{n % 7}/n{n}.md": str(n).encode() for n in range(700)}
    mirror = Repository(tmp_path / "large.git")
    mirror.commit(files)
    monkeypatch.setattr(
        "crawler.transports.git.objects.KEPT_BYTES", 10_000
    )  # two of the seven sections
    monkeypatch.setattr("crawler.transports.git.objects.MAPPED_BYTES", 1000)
    made: list[int] = []

    class Counted(gitobjects.Folder):
        def __init__(self, raw: bytes, oid_bytes: int, place: Path | None = None) -> None:
            made.append(len(raw))
            super().__init__(raw, oid_bytes, place)

    monkeypatch.setattr(gitobjects, "Folder", Counted)
    with opened(mirror.path, cache) as transport:
        for path, content in files.items():
            assert transport.read(path) == content
    assert len(made) == 2 + 7


def test_large_folders_stay_in_memory_if_the_disk_is_full(
    mirror: Repository, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(data: bytes, place: Path) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("crawler.transports.git.objects.MAPPED_BYTES", 1)
    monkeypatch.setattr("crawler.transports.git.objects._mapped", full)
    with opened(mirror.path, cache) as transport:
        assert {path: transport.read(path) for path in MIRROR} == MIRROR


@pytest.mark.parametrize(
    ("expected", "read"),
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
def test_expecting_pages_changes_nothing(
    tmp_path: Path, cache: Path, expected: str, read: str
) -> None:
    files = {f"pages/s/{name}": name.encode() * 100 for name in "abcdefxy"}
    mirror = Repository(tmp_path / "m.git")
    mirror.commit(files)
    with opened(mirror.path, cache) as transport:
        for _ in range(2):
            transport.expect(f"pages/s/{name}" for name in expected)
            assert [transport.read(f"pages/s/{name}") for name in read] == [
                files[f"pages/s/{name}"] for name in read
            ]


def test_what_is_read_stays_at_one_commit(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        mirror.commit(dict.fromkeys(MIRROR, b"changed"))
        git(mirror.path, "gc", "--prune=now", "-q")
        assert {path: transport.read(path) for path in MIRROR} == MIRROR


def test_equal_pages_have_the_same_id(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        one, other = (
            transport.version_of("pages/ncid1/n10.md"),
            transport.version_of("pages/ncid2/n10.md"),
        )
        assert one == other == git(mirror.path, "rev-parse", "HEAD:pages/ncid1/n10.md")
        assert one != transport.version_of("pages/ncid1/n11.md")


def test_a_directory_with_a_working_tree_is_a_mirror_too(tmp_path: Path, cache: Path) -> None:
    work = tmp_path / "with space%20 and ü"
    Repository(work / ".git").commit(MIRROR)
    with opened(work, cache) as transport:
        assert transport.read("README.md") == HOME


def test_a_mirror_of_sha256_ids(tmp_path: Path, cache: Path) -> None:
    mirror = Repository(tmp_path / "m.git", form="sha256")
    first = mirror.commit(MIRROR)
    with opened(mirror.path, cache) as transport:
        assert {path: transport.read(path) for path in MIRROR} == MIRROR
    mirror.commit(MIRROR | {"pages/ncid1/n12.md": b"new"}, parent=first)
    with opened(mirror.path, cache) as transport:
        assert asyncio.run(transport.changed_since(first)) == Changes(
            added=frozenset({"pages/ncid1/n12.md"})
        )


def test_a_shallow_mirror_can_be_cloned(mirror: Repository, tmp_path: Path, cache: Path) -> None:
    first = git(mirror.path, "rev-parse", "HEAD")
    mirror.commit(MIRROR | {"README.md": b"new"}, parent=first)
    git(tmp_path / "shallow.git", "clone", "--bare", "--depth=1", mirror.path.as_uri(),
        str(tmp_path / "shallow.git"))  # fmt: skip
    with opened(tmp_path / "shallow.git", cache) as transport:
        assert transport.read("README.md") == b"new"


# -- updates ---------------------------------------------------------------------------------


def test_added_modified_and_deleted_pages_are_reported(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
        assert asyncio.run(transport.changed_since(None)) is None
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
        assert asyncio.run(transport.changed_since(first)) == Changes(
            added=frozenset({"pages/ncid1/n12.md", "pages/ncid3/n12.md"}),
            modified=frozenset({"README.md"}),
            deleted=frozenset({"pages/ncid2/n10.md"}),
        )
        assert transport.read("pages/ncid3/n12.md") == b"new"


def test_one_request_shows_that_nothing_is_new(
    mirror: Repository, cache: Path, commands: Path
) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
    commands.unlink()
    with opened(mirror.path, cache) as transport:
        changes = asyncio.run(transport.changed_since(first))
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


def test_an_unfinished_run_can_be_compared_again(mirror: Repository, cache: Path) -> None:
    first = git(mirror.path, "rev-parse", "HEAD")
    commit = first
    for turn in range(50):
        commit = mirror.commit(MIRROR | {"README.md": b"%d" % turn}, parent=commit)
        with opened(mirror.path, cache) as transport:
            if turn == 0:
                start = transport.commit
            changes = asyncio.run(transport.changed_since(start))
            assert changes is not None, turn
            assert changes.modified == ({"README.md"} if turn else set())


def test_many_updates_leave_few_packs(mirror: Repository, cache: Path) -> None:
    commit = git(mirror.path, "rev-parse", "HEAD")
    large = os.urandom(100_000)
    for turn in range(50):
        files = MIRROR | {"README.md": large + b"%d" % turn}
        with opened(mirror.path, cache) as transport:
            asyncio.run(transport.changed_since(commit))
        commit = mirror.commit(files, parent=commit)
    packs = list(clone_of(cache).glob("objects/pack/*.pack"))
    assert len(packs) <= 22
    assert sum(pack.stat().st_size for pack in packs) < 24 * 101_000


def test_above_the_limit_everything_is_compared(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
    mirror.commit({f"pages/s/n{n}.md": b"%d" % n for n in range(30)}, parent=first)
    with opened(mirror.path, cache, limits=GitLimits(changed_paths=36)) as transport:
        changes = asyncio.run(transport.changed_since(first))
        assert changes is not None
        assert len(changes.added) == 30
        assert len(changes.deleted) == 6
    with opened(mirror.path, cache, limits=GitLimits(changed_paths=35)) as transport:
        assert asyncio.run(transport.changed_since(first)) is None


# -- the history, the branch -----------------------------------------------------------------


def test_a_restarted_history_while_the_clone_has_the_old_commit(
    mirror: Repository, cache: Path
) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
    mirror.commit(MIRROR | {"pages/ncid1/n12.md": b"new"})  # no parent: a new history
    git(mirror.path, "gc", "--prune=now", "-q")
    with opened(mirror.path, cache) as transport:
        assert asyncio.run(transport.changed_since(first)) == Changes(
            added=frozenset({"pages/ncid1/n12.md"})
        )


@pytest.mark.parametrize(
    "old",
    ["0" * 40, "1234567890" * 4, "1234567890abcdef" * 4, "HEAD", "--help", "", "refs/heads/mirror"],
)
def test_without_the_old_commit_everything_is_compared(
    mirror: Repository, cache: Path, old: str
) -> None:
    with opened(mirror.path, cache) as transport:
        assert asyncio.run(transport.changed_since(old)) is None
        assert transport.read("README.md") == HOME


def test_with_an_invalid_commit_everything_is_compared(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        blob = transport.version_of("README.md")
        assert asyncio.run(transport.changed_since(blob)) is None


def test_the_default_branch_renamed(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
    git(mirror.path, "branch", "-m", "master", "main")
    mirror.branch = "main"
    mirror.commit(MIRROR | {"README.md": b"new"}, parent=first)
    with opened(mirror.path, cache) as transport:
        assert asyncio.run(transport.changed_since(first)) == Changes(
            modified=frozenset({"README.md"})
        )


def test_the_only_branch_is_used_if_head_is_dangling(mirror: Repository, cache: Path) -> None:
    git(mirror.path, "symbolic-ref", "HEAD", "refs/heads/gone")
    with opened(mirror.path, cache) as transport:
        assert transport.read("README.md") == HOME


def test_a_configured_branch_is_followed(mirror: Repository, cache: Path) -> None:
    mirror.branch = "other"
    mirror.commit({"README.md": b"other"})
    with opened(mirror.path, cache, branch="other") as transport:
        assert transport.read("README.md") == b"other"
    with opened(mirror.path, cache) as transport:
        assert transport.read("README.md") == HOME


@pytest.mark.parametrize("branch", ["gone", "-x", "a:b", "*", "", "../master", "refs/heads/master"])
def test_a_configured_branch_that_is_gone(mirror: Repository, cache: Path, branch: str) -> None:
    git(mirror.path, "branch", "spare", "master")
    with (
        pytest.raises(MirrorUnusable, match=r"no branch .*it has master, spare"),
        opened(mirror.path, cache, branch=branch),
    ):
        pass


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
    slow.write_text(f"#!/bin/sh\ntouch {tmp_path}/runs\nsleep 1\n")
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
        held = not can_lock(tmp_path / "lock")
        await running
        assert held
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
