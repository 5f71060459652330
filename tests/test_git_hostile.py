"""The git transport with hostile and huge mirrors."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import subprocess
from pathlib import Path

import pytest
from gitserver import (
    FILE,
    FOLDER,
    HOME,
    LINK,
    MIRROR,
    MODULE,
    SETTINGS,
    Repository,
    clone_of,
    compared,
    git,
    opened,
    read,
    watched_git,
)

from crawler.exceptions import MirrorUnusable, PageError, PageMalformed, PageTooLarge, WrongUsage
from crawler.snapshot import Changes
from crawler.transports.git.program import environment
from crawler.transports.git.remote import redirected, remote_at
from crawler.transports.git.transport import GitTransport

CORPUS = Path(__file__).parent.parent / os.environ.get("EPOCH_CORPUS", "../shared/corpus")


@pytest.fixture
def mirror(tmp_path: Path) -> Repository:
    """An empty mirror."""
    return Repository(tmp_path / "mirror.git")


def with_pages(mirror: Repository, *entries: tuple[str, bytes, str], parent: str | None) -> str:
    """Commit a mirror with a home page and one section with ``entries``."""
    home = mirror.blob(HOME)
    section = mirror.tree(*sorted(entries, key=lambda entry: entry[1]))
    pages = mirror.tree((FOLDER, b"s", section))
    root = mirror.tree((FILE, b"README.md", home), (FOLDER, b"pages", pages))
    return mirror.commit_tree(root, parent=parent)


# -- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c touch% /tmp/owned",
        "fd::17",
        "file::/x",
        "transport::https://mirror.invalid/x.git",
        "ssh://mirror.invalid/x.git",
        "git@mirror.invalid:x.git",
        "mirror.invalid:x.git",
        "git://mirror.invalid/x.git",
        "ftp://mirror.invalid/x.git",
        "rsync://mirror.invalid/x.git",
        "git+ssh://mirror.invalid/x.git",
        "file://mirror.invalid/x.git",
        "javascript://mirror.invalid/",
        "https://",
        "https:///x.git",
        "https://user:secret@mirror.invalid/x.git",
        "https://token@mirror.invalid/x.git",
        "https://mirror.invalid/x.git\n--upload-pack=x",
    ],
)
def test_other_protocols_are_rejected(address: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        remote_at(address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "target",
    [
        "http://[mirror.invalid/",
        "http://mirror.invalid:99999/x",
        "http://\x1b]0;x\x07/",
        "file:///x",
    ],
)
def test_a_redirect_that_is_no_address_is_not_followed(target: str) -> None:
    remote = remote_at("http://mirror.invalid/x.git")
    with pytest.raises(MirrorUnusable, match="which is not followed: correct `git`") as caught:
        redirected(remote, f"<= Recv header: Location: {target}\n", "epoch")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("address", "protocols"),
    [
        ("https://mirror.invalid/x.git", ("https",)),
        ("HTTPS://mirror.invalid/x.git", ("https",)),
        ("http://127.0.0.1:8000/x.git", ("http", "https")),
        ("file:///srv/x.git", ("file",)),
        ("FILE:///srv/x.git", ("file",)),
        ("/srv/x.git", ("file",)),
        ("x.git", ("file",)),
        ("--upload-pack=x", ("file",)),
    ],
)
def test_protocols_that_run_no_program_are_used(address: str, protocols: tuple[str, ...]) -> None:
    remote = remote_at(address)
    assert remote.protocols == protocols
    assert remote.url.startswith((f"{protocols[0]}://", "HTTPS://"))


@pytest.mark.parametrize(("http", "allowed"), [(None, ""), ("http://proxy.invalid:3128", "http")])
def test_a_proxy_that_only_a_redirect_would_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, http: str | None, allowed: str
) -> None:
    """``all_proxy`` names one that cannot be used: for https, git must not go without it."""
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("all_proxy", "socks5://proxy.invalid")
    if http is None:
        with pytest.raises(WrongUsage, match="cannot be used"):
            environment(tmp_path, protocols=("http", "https"), host="mirror.invalid")
        return
    monkeypatch.setenv("http_proxy", http)
    given = environment(tmp_path, protocols=("http", "https"), host="mirror.invalid")
    assert (given["GIT_ALLOW_PROTOCOL"], given["http_proxy"]) == (allowed, http)
    assert "https_proxy" not in given


def test_git_may_use_only_the_protocol_of_the_address(
    mirror: Repository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.commit(MIRROR)
    watched_git(tmp_path, monkeypatch, f'env >> {tmp_path}/env; echo "--- $*" >> {tmp_path}/env')
    with opened(mirror.path, cache) as transport:
        read(transport, "README.md")
        compared(transport, transport.commit)
    runs = (tmp_path / "env").read_text().split("--- ")
    commands = [run.splitlines()[0].split()[2] for run in runs[1:]]
    for command, variables in zip(commands, runs, strict=False):
        far = command in {"ls-remote", "fetch"}
        assert f"GIT_ALLOW_PROTOCOL={'file' if far else 'none'}\n" in variables, command
        assert "GIT_TERMINAL_PROMPT=0\n" in variables, command
        assert "HOME=/dev/null\n" in variables, command
    assert {"ls-remote", "fetch", "cat-file"} <= set(commands)


# -- what is in the tree -----------------------------------------------------------------------


def test_links_and_submodules_are_not_pages(mirror: Repository, cache: Path) -> None:
    target = mirror.blob(b"/etc/passwd")
    module = "1234567890" * 4
    with_pages(
        mirror,
        (LINK, b"n1.md", target),
        (MODULE, b"n2.md", module),
        (FILE, b"n3.md", mirror.blob(b"good")),
        ("100755", b"n4.md", mirror.blob(b"executable")),
        parent=None,
    )
    with opened(mirror.path, cache) as transport:
        with pytest.raises(PageMalformed, match="symbolic link"):
            read(transport, "pages/s/n1.md")
        with pytest.raises(PageMalformed, match="submodule"):
            read(transport, "pages/s/n2.md")
        assert transport.blob_id_at("pages/s/n1.md") is None
        transport.prefetch(f"pages/s/n{n}.md" for n in range(1, 5))
        assert read(transport, "pages/s/n3.md") == b"good"
        assert read(transport, "pages/s/n4.md") == b"executable"


def test_a_folder_that_is_a_link_is_not_followed(mirror: Repository, cache: Path) -> None:
    section = mirror.tree((FILE, b"n1.md", mirror.blob(b"good")))
    pages = mirror.tree((LINK, b"a", mirror.blob(b"s")), (FOLDER, b"s", section))
    mirror.commit_tree(mirror.tree((FOLDER, b"pages", pages)))
    with opened(mirror.path, cache) as transport:
        assert read(transport, "pages/s/n1.md") == b"good"
        with pytest.raises(PageError):
            read(transport, "pages/a/n1.md")


def test_submodules_are_not_fetched(mirror: Repository, cache: Path, tmp_path: Path) -> None:
    canary = tmp_path / "fetched"
    modules = f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% {canary}\n'
    mirror.commit_tree(
        mirror.tree(
            (FILE, b".gitmodules", mirror.blob(modules.encode())),
            (FILE, b"README.md", mirror.blob(HOME)),
            (MODULE, b"x", "1234567890" * 4),
        )
    )
    with opened(mirror.path, cache) as transport:
        assert read(transport, "README.md") == HOME
    assert not canary.exists()
    assert not (clone_of(cache) / "modules").exists()


HOSTILE_NAMES = [
    b"..",
    b".",
    b".git",
    b".GIT",
    b"a\nb.md",
    b"a\x1b[31mb.md",
    b"\xff\xfe.md",
    "\u202e.md".encode(),
    b"a" * 5000,
    b"-rf",
    b"../../x.md",
]


ODD_PATHS = [
    "pages/../README.md", "../../README.md", ".git/config", "pages/.GIT/x", "/README.md",
    "pages//n1.md", "", "README.md\n", "pages/s/\x00", "./README.md", "\ud800.md",
]  # fmt: skip


def test_odd_names_affect_nothing_else(mirror: Repository, cache: Path) -> None:
    bad, good = mirror.blob(b"bad"), mirror.blob(b"good")
    first = with_pages(mirror, (FILE, b"n1.md", good), parent=None)
    with opened(mirror.path, cache):
        pass
    odd = [(FILE, name, bad) for name in HOSTILE_NAMES]
    with_pages(mirror, *odd, (FILE, b"n1.md", good), (FILE, b"n2.md", good), parent=first)
    with opened(mirror.path, cache) as transport:
        changes = compared(transport, first)
        assert changes is not None
        assert changes.added == {"pages/s/n2.md", "pages/s/-rf", "pages/s/" + "a" * 5000}
        assert read(transport, "pages/s/n1.md") == read(transport, "pages/s/n2.md") == b"good"
    assert sorted(path.name for path in cache.parent.iterdir()) == ["cache", "mirror.git"]


def test_odd_paths_are_not_pages(mirror: Repository, cache: Path) -> None:
    mirror.commit(MIRROR)
    with opened(mirror.path, cache) as transport:
        for path in ODD_PATHS:
            with pytest.raises(PageMalformed):
                read(transport, path)
            assert transport.blob_id_at(path) is None
        assert read(transport, "README.md") == HOME


def test_a_page_that_becomes_a_link_is_reported(mirror: Repository, cache: Path) -> None:
    blob = mirror.blob(b"good")
    first = with_pages(mirror, (FILE, b"n1.md", blob), parent=None)
    with opened(mirror.path, cache):
        pass
    with_pages(mirror, (LINK, b"n1.md", blob), parent=first)
    with opened(mirror.path, cache) as transport:
        assert compared(transport, first) == Changes(modified=frozenset({"pages/s/n1.md"}))


def test_a_page_that_becomes_a_folder_is_reported(mirror: Repository, cache: Path) -> None:
    blob = mirror.blob(b"good")
    first = with_pages(mirror, (FILE, b"n1.md", blob), parent=None)
    with opened(mirror.path, cache):
        pass
    with_pages(mirror, (FOLDER, b"n1.md", mirror.tree((FILE, b"x", blob))), parent=first)
    with opened(mirror.path, cache) as transport:
        changes = compared(transport, first)
    assert changes is not None
    assert changes.deleted == {"pages/s/n1.md"}
    assert changes.added == {"pages/s/n1.md/x"}


# -- what must not run -------------------------------------------------------------------------


def test_hooks_and_configuration_do_not_run(
    mirror: Repository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f'#!/bin/sh\necho "$0 $*" >> {canary}\nexit 1\n')
    script.chmod(0o755)
    first = mirror.commit(MIRROR)
    with opened(mirror.path, cache):
        pass
    mirror.commit(MIRROR | {"README.md": b"new"}, parent=first)
    for repository in (mirror.path, clone_of(cache)):
        _set_traps(repository, script)
    (tmp_path / ".gitconfig").write_text(_traps(script) + f"[core]\n\thooksPath = {tmp_path}/h\n")
    _hooks(tmp_path / "h", script)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GIT_SSH_COMMAND", "GIT_PROXY_COMMAND", "GIT_PAGER", "GIT_EXTERNAL_DIFF"):
        monkeypatch.setenv(name, str(script))
    with opened(mirror.path, cache) as transport:
        assert compared(transport, first) == Changes(modified=frozenset({"README.md"}))
        assert read(transport, "README.md") == b"new"
    assert not canary.exists(), canary.read_text()


def _traps(script: Path) -> str:
    return (
        f"[core]\n\tfsmonitor = {script}\n\talternateRefsCommand = {script}\n\tpager = {script}\n"
        f"\tsshCommand = {script}\n\tgitProxy = {script}\n\taskPass = {script}\n"
        f'[uploadpack]\n\tpackObjectsHook = {script}\n[url "ext::{script} "]\n\tinsteadOf = file:\n'
        f"[diff]\n\texternal = {script}\n[credential]\n\thelper = !{script}\n"
        "[protocol]\n\tallow = always\n"
    )


def _hooks(folder: Path, script: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in ("reference-transaction", "post-checkout", "pre-auto-gc", "post-update"):
        (folder / name).write_text(script.read_text())
        (folder / name).chmod(0o755)


def _set_traps(repository: Path, script: Path) -> None:
    with (repository / "config").open("a") as config:
        config.write(_traps(script))
    _hooks(repository / "hooks", script)


def test_a_local_partial_clone_does_not_fetch_missing_objects(
    mirror: Repository, cache: Path, tmp_path: Path
) -> None:
    """A hostile partial clone could run a program to fetch a missing object."""
    canary = tmp_path / "ran"
    blob = mirror.blob(b"good")
    with_pages(mirror, (FILE, b"n1.md", blob), parent=None)
    (mirror.path / "objects" / blob[:2] / blob[2:]).unlink()
    with (mirror.path / "config").open("a") as config:
        config.write(
            "[core]\n\trepositoryFormatVersion = 1\n[extensions]\n\tpartialClone = evil\n"
            f'[remote "evil"]\n\turl = {mirror.path}\n\tpromisor = true\n'
            f'\tuploadpack = "touch {canary};"\n'
        )
    with pytest.raises(MirrorUnusable), opened(mirror.path, cache):
        pass
    assert not canary.exists()


def test_a_local_mirror_of_another_account(mirror: Repository, cache: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    mirror.commit(MIRROR)
    subprocess.run(["chown", "-R", "1234:1234", mirror.path], check=True)
    with opened(mirror.path, cache) as transport:
        assert read(transport, "README.md") == HOME


def test_control_characters_of_the_remote_are_replaced(
    mirror: Repository, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mirror.commit(MIRROR)
    name = "b\u202e\u2066" + "x" * 100
    git(mirror.path, "update-ref", f"refs/heads/{name}", "HEAD")
    transport = GitTransport(str(mirror.path), branch="gone", cache=cache)
    caplog.set_level(logging.DEBUG)
    with pytest.raises(MirrorUnusable) as caught:
        asyncio.run(transport.open())
    assert str(caught.value).isprintable()


# -- what is huge ------------------------------------------------------------------------------


def anonymous() -> int:
    """Return this process's anonymous memory in bytes."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


@pytest.mark.parametrize("size", [50 << 20, pytest.param(1 << 30, marks=pytest.mark.soak)])
def test_a_huge_page_is_rejected_unread(mirror: Repository, cache: Path, size: int) -> None:
    huge = stream(mirror, size)
    with_pages(mirror, (FILE, b"n1.md", huge), (FILE, b"n2.md", mirror.blob(b"good")), parent=None)
    with opened(mirror.path, cache) as transport:
        read(transport, "README.md")
        before = anonymous()
        transport.prefetch(["pages/s/n1.md", "pages/s/n2.md"])
        with pytest.raises(PageTooLarge):
            read(transport, "pages/s/n1.md")
        assert read(transport, "pages/s/n2.md") == b"good"
        assert anonymous() - before < 8 << 20
    for pack in clone_of(cache).glob("objects/pack/*.pack"):
        assert pack.stat().st_size < size // 50


def stream(mirror: Repository, size: int) -> str:
    """Store a blob of ``size`` zeros without keeping it in memory."""
    command = f"head -c {size} /dev/zero | git --git-dir {mirror.path} hash-object -w --stdin"
    done = subprocess.run(
        ["/bin/sh", "-c", command], stdout=subprocess.PIPE, check=True, text=True,
        env={"PATH": os.environ["PATH"], **SETTINGS},
    )  # fmt: skip
    return done.stdout.strip()


SECTIONS = 12


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_a_mirror_of_very_many_files(mirror: Repository, cache: Path, count: int) -> None:
    blobs = [mirror.blob(b"page %d\n" % number) for number in range(100)]
    first = many_files(mirror, blobs, count, parent=None)
    before = anonymous()
    with opened(mirror.path, cache) as transport:
        asyncio.run(read_pages(transport, count))
        assert anonymous() - before < 60 << 20
    many_files(mirror, blobs, count + 1, parent=first)
    with opened(mirror.path, cache) as transport:
        assert compared(transport, first) == Changes(added=frozenset({page(count)}))


async def read_pages(transport: GitTransport, count: int) -> None:
    for number in range(count):
        body = (await transport.fetch(page(number))).body
        assert body == b"page %d\n" % (number % 100)


def page(number: int) -> str:
    """Return the path of page ``number``."""
    return f"pages/ncid{number % SECTIONS:02}/n{10_000_000 + number}.md"


def many_files(mirror: Repository, blobs: list[str], count: int, *, parent: str | None) -> str:
    """Commit ``count`` pages; fast-import would take a quarter of an hour for a million."""
    sections = []
    for section in range(SECTIONS):
        numbers = range(section, count, SECTIONS)
        entries = ((FILE, page(n).rpartition("/")[2].encode(), blobs[n % 100]) for n in numbers)
        sections.append((FOLDER, b"ncid%02d" % section, mirror.tree(*entries)))
    return mirror.commit_tree(
        mirror.tree((FOLDER, b"pages", mirror.tree(*sections))), parent=parent
    )


# -- the real thing ----------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize("name", ["comment", "special", "news"])
def test_a_whole_real_mirror_is_read_in_little_memory(
    tmp_path: Path, cache: Path, name: str
) -> None:
    bundle = CORPUS / f"epoch-{name}-2022.bundle"
    if not bundle.exists():
        pytest.skip(f"no corpus at {CORPUS}")
    source = tmp_path / "source.git"
    git(source, "clone", "--quiet", "--bare", str(bundle), str(source))
    listed = git(source, "ls-tree", "-r", "-z", "HEAD").split("\0")
    files = {line.split("\t")[1]: line.split()[2] for line in listed if line}
    before = anonymous()
    with opened(source, cache) as transport:
        most = 0
        for number, (path, oid) in enumerate(sorted(files.items(), reverse=True)):
            assert transport.blob_id_at(path) == oid
            assert len(read(transport, path)) > 0
            if number % 500 == 0:
                most = max(most, anonymous())
        assert most - before < 60 << 20


@pytest.mark.soak
def test_every_update_of_a_real_mirror_is_reported_exactly(tmp_path: Path, cache: Path) -> None:
    bundle = CORPUS / "epoch-news-2022.bundle"
    if not bundle.exists():
        pytest.skip(f"no corpus at {CORPUS}")
    source = tmp_path / "source.git"
    git(source, "clone", "--quiet", "--bare", str(bundle), str(source))
    commits = git(source, "rev-list", "--reverse", "--first-parent", "HEAD").split()
    served = tmp_path / "served.git"
    git(served, "clone", "--quiet", "--bare", "--local", str(source), str(served))
    before = None
    for commit in commits:
        git(served, "update-ref", "refs/heads/master", commit)
        with opened(served, cache) as transport:
            assert transport.commit == commit
            changes = compared(transport, before)
            if before is not None:
                assert changes == truth(source, before, commit)
        before = commit


def truth(source: Path, old: str, new: str) -> Changes:
    """Return what differs, found by comparing two listings."""
    was, now = (
        {line.split("\t")[1]: line.split()[2] for line in listing.split("\0") if line}
        for listing in (git(source, "ls-tree", "-r", "-z", commit) for commit in (old, new))
    )
    return Changes(
        added=frozenset(now.keys() - was.keys()),
        modified=frozenset(path for path in was.keys() & now.keys() if was[path] != now[path]),
        deleted=frozenset(was.keys() - now.keys()),
    )
