"""Makes the plan of a reread: what is read, from where, and what is left out."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from crawler.config.mirrors import Mirror, Mirrors, load_mirrors
from crawler.exceptions import FeedBusy, FeedUnusable, MirrorUnusable, PageError, WrongUsage
from crawler.feedfile import open_feed
from crawler.formats.base import Format, find_copy
from crawler.formats.registry import find_format
from crawler.formats.version import readers_version
from crawler.items import timestamp
from crawler.reread.origins import collect_origins
from crawler.reread.pages import pages_of
from crawler.reread.plan import GIT_CONFIGURATION, ORIGINS, Plan
from crawler.reread.workspace import PLAN, Workspace
from crawler.store.history import check_owner
from crawler.store.withdrawn import WITHDRAWN, read_ids, withdrawn_ids
from crawler.transports.git.program import CONFIGURATION, environment, program
from crawler.transports.git.transport import GitTransport

_GIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class RereadOptions:
    """The options of a reread.

    Attributes:
        feed: the feed's directory.
        mirror: name, URL or directory of the mirror to read; None for the feed's own.
        without: file with the ids to leave out.
        mirrors_file: the mirrors file.
        cache: directory for clones.
        many_machines: other machines read too, and cannot see a clone in this machine's cache.
        shrunk_share: the reread fails if the mirror has less than this share of the pages.
    """

    feed: Path
    mirror: str | None
    without: Path | None
    mirrors_file: Path
    cache: Path
    many_machines: bool = False
    shrunk_share: float = 0.9


def load_or_make_plan(options: RereadOptions, work: Workspace) -> Plan:
    """Return the plan in ``work``, or make a new one.

    Raises:
        WrongUsage: the feed, the mirror or the ids are invalid, or differ from those of the plan.
        RunError: the feed is in use or damaged, or the mirror cannot be read.
    """
    plan = work.plan()
    if plan is None:
        return _new_plan(options, work)
    if Path(plan.feed) != options.feed.resolve():
        raise _other_reread(work, f"of {plan.feed}, not of {options.feed}")
    if options.without is not None:
        ids = _checked_ids(options.without, plan.mirror_format())
        if _digest(ids | withdrawn_ids(options.feed)) != plan.withdrawn:
            raise _other_reread(work, f"without other ids than those in {options.without}")
    readers = readers_version(plan.mirror_format())
    if readers != plan.readers:  # parts of other readers cannot be used
        plan = replace(plan, readers=readers)
        work.write(PLAN, plan.as_json())
    return plan


def _other_reread(work: Workspace, which: str) -> WrongUsage:
    return WrongUsage(
        f"{work.directory} contains an unfinished reread {which}: finish that one, or delete "
        f"{work.directory}"
    )


def _new_plan(options: RereadOptions, work: Workspace) -> Plan:
    feed = options.feed.resolve()
    with _shared_lock(feed), open_feed(feed) as files:
        first, run = files["articles.jsonl"].first(), files["runs.jsonl"].first()
        name, address = str(first.get("mirror") or run.get("mirror")), run.get("address")
        described = load_mirrors(options.mirrors_file)
        mirror = _feeds_mirror(described, name, str(first.get("mirror_url")))
        source = described.find(options.mirror) if options.mirror else mirror
        if source is None:
            raise WrongUsage("the feed's mirror is not in the mirrors file: give it with --mirror")
        mirror_format = (mirror or source).format
        check_owner(feed, name, address, None, mirror_format)
        ids = withdrawn_ids(feed)
        if options.without is not None:
            ids |= _checked_ids(options.without, mirror_format)
        work.write(WITHDRAWN, "".join(f"{one}\n" for one in sorted(ids)))
        work.write(GIT_CONFIGURATION, CONFIGURATION.format(stall=_GIT_SECONDS))
        pages, commit = _pages(source, options, work)
        plan = Plan(
            work=str(work.directory.resolve()),
            feed=str(feed),
            mirror=name,
            address=address,
            format=f"{type(mirror_format).__module__}:{type(mirror_format).__qualname__}",
            pages=pages,
            commit=commit,
            at=timestamp(datetime.now(UTC)),
            articles=files["articles.jsonl"].end,
            listings=files["listings.jsonl"].end,
            changes=files["changes.jsonl"].end,
            withdrawn=_digest(ids),
            readers=readers_version(mirror_format),
        )
        _require_home(plan, mirror_format)
        collect_origins(work.directory / ORIGINS, feed, files["changes.jsonl"])
    return work.keep(plan)


# -- the feed ------------------------------------------------------------------------------


@contextmanager
def _shared_lock(feed: Path) -> Iterator[None]:
    """Hold the feed's lock, shared, so that no run writes the feed.

    Raises:
        FeedBusy: a run is writing it.
    """
    try:
        descriptor = os.open(feed / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # a copy of a feed, which no run writes
        yield
        return
    except OSError as error:
        raise FeedUnusable(f"{feed / 'lock'}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise FeedBusy(f"a run is writing the feed {feed}: reread it after the run") from None
    finally:
        os.close(descriptor)


def _checked_ids(path: Path, mirror_format: Format) -> frozenset[str]:
    try:
        ids = read_ids(path)
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"--without {path} cannot be read: {error}") from error
    if wrong := sorted(one for one in ids if not mirror_format.is_article_id(one)):
        raise WrongUsage(
            f"--without {path}: {wrong[0][:40]!r} is not an id of an article: correct it"
        )
    return ids


def _digest(ids: frozenset[str]) -> str:
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


# -- the mirror ----------------------------------------------------------------------------


def _feeds_mirror(described: Mirrors, name: str, url: str) -> Mirror | None:
    """Return the mirror that a feed was made from: by its name, else by the URL of its pages."""
    if name in described.mirrors:
        return described.mirrors[name]
    mirror_format = find_format()  # of a mirror that was given by URL or directory
    found = find_copy(url, mirror_format)
    if found is None:
        return None
    base = urlsplit(url.removesuffix(found[0]))
    if base.scheme == "file":
        root = Path(unquote(base.path))
        return described.find(str(root)) if _is_mirror(root, mirror_format.home) else None
    return described.find(base.geturl()) if base.scheme in ("http", "https") else None


def _is_mirror(folder: Path, home: str) -> bool:
    """Return whether a folder is a mirror's root, or a bare repository."""
    return (folder / home).is_file() or (folder / "HEAD").is_file()


def _pages(mirror: Mirror, options: RereadOptions, work: Workspace) -> tuple[str, str | None]:
    """Return where to read pages: a directory and None, or a git directory and a commit."""
    if path := mirror.roots.get("path"):
        if not os.path.isdir(path):
            raise WrongUsage(f"{path} is not a directory: give another with --mirror")
        return path, None
    repository = mirror.roots.get("git")
    if repository is None:
        raise WrongUsage(
            f"mirror {mirror.name!r} is neither a directory nor a git repository: give one with "
            "--mirror DIRECTORY"
        )
    if os.path.isdir(repository):
        return _commit(repository, mirror.branch or "HEAD", work.directory / GIT_CONFIGURATION)
    if options.many_machines:
        raise WrongUsage(
            f"the repository {repository} is not on this machine: clone it to a directory that all "
            "machines can read, and give that with --mirror"
        )
    return asyncio.run(_cloned(mirror, options.cache))


async def _cloned(mirror: Mirror, cache: Path) -> tuple[str, str]:
    """Update the clone in the cache; return its git directory and commit."""
    transport = GitTransport.of_mirror(mirror, cache)
    try:
        await transport.open()
        return str(transport.folder / "clone.git"), str(transport.commit)
    finally:
        transport.close()


def _commit(repository: str, branch: str, configuration: Path) -> tuple[str, str]:
    """Return the git directory of a repository on this machine, and the branch's commit."""
    wanted = ["--absolute-git-dir", "--verify", "--quiet", f"{branch}^{{commit}}"]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [program(), "-C", repository, "rev-parse", *wanted], capture_output=True, check=True,
            env=environment(configuration), text=True, timeout=_GIT_SECONDS,
        )  # fmt: skip
    except (subprocess.SubprocessError, UnicodeDecodeError) as error:
        raise MirrorUnusable(f"the repository {repository} cannot be read: {error}") from error
    git_dir, commit = done.stdout.splitlines()
    return git_dir, commit


def _require_home(plan: Plan, mirror_format: Format) -> None:
    """Require the mirror's home page: if it is missing, every article would count as gone."""
    pages = pages_of(plan)
    try:
        pages.fetch(mirror_format.home)
    except PageError as error:
        raise MirrorUnusable(
            f"{plan.pages} is not a mirror: its home page {mirror_format.home} is missing ({error}); "
            "give another with --mirror"
        ) from error
    finally:
        pages.close()
