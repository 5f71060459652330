"""Makes the plan of a reread: what is read, from where, and what is left out."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from crawler.config.mirrors import Mirror, Mirrors, load_mirrors
from crawler.exceptions import FeedBusy, FeedUnusable, MirrorUnusable, PageError, WrongUsage
from crawler.formats.base import Format
from crawler.formats.version import readers_version
from crawler.items import timestamp
from crawler.reread.origins import collect_origins
from crawler.reread.pages import pages_of
from crawler.reread.plan import Plan, format_name, temporary_path
from crawler.reread.reading import ORIGINS
from crawler.reread.workspace import Workspace
from crawler.store.history import check_owner
from crawler.store.withdrawn import WITHDRAWN, read_ids, withdrawn_ids
from crawler.transports.git.program import CONFIGURATION, environment, program
from crawler.transports.git.transport import GitTransport

_FIRST_LINE_BYTES = 1 << 26
_GIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class RereadOptions:
    """The options of a reread.

    Attributes:
        feed: the feed's directory.
        mirror: name, URL or directory of the mirror to read; None for the feed's own.
        without: file with the ids to leave out.
        mirrors_file: describes the mirrors.
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
        work.replace(plan)
    return plan


def _other_reread(work: Workspace, which: str) -> WrongUsage:
    return WrongUsage(
        f"{work.directory} contains an unfinished reread {which}: finish that one, or delete "
        f"{work.directory}"
    )


def _new_plan(options: RereadOptions, work: Workspace) -> Plan:
    feed = options.feed.resolve()
    if not (feed / "articles.jsonl").is_file():
        raise WrongUsage(f"{options.feed} is not a feed: give a directory with articles.jsonl")
    with _shared_lock(feed):
        first = _first(feed / "articles.jsonl")
        run = _first(feed / "runs.jsonl")
        name, address = str(first.get("mirror") or run.get("mirror")), run.get("address")
        described = load_mirrors(options.mirrors_file)
        mirror = _feeds_mirror(described, name, str(first.get("mirror_url")))
        mirror_format = mirror.format if mirror else _format(described, options.mirror)
        check_owner(feed, name, address, None, mirror_format)
        source = described.find(options.mirror) if options.mirror else mirror
        ids = withdrawn_ids(feed)
        if options.without is not None:
            ids |= _checked_ids(options.without, mirror_format)
        _write(work.directory / WITHDRAWN, "".join(f"{one}\n" for one in sorted(ids)))
        _write(work.directory / "gitconfig", CONFIGURATION.format(stall=_GIT_SECONDS))
        pages, commit = _source(source, name, options, work)
        plan = Plan(
            work=str(work.directory.resolve()),
            feed=str(feed),
            mirror=name,
            address=address,
            format=format_name(mirror_format),
            pages=pages,
            commit=commit,
            at=timestamp(datetime.now(UTC)),
            articles=_published(feed / "articles.jsonl"),
            listings=_published(feed / "listings.jsonl"),
            changes=_published(feed / "changes.jsonl"),
            withdrawn=_digest(ids),
            readers=readers_version(mirror_format),
        )
        _require_home(plan, mirror_format)
        collect_origins(work.directory / ORIGINS, feed, plan.changes)
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


def _first(path: Path) -> dict[str, Any]:
    """Return the record in a file's first line; empty if there is no line."""
    try:
        with path.open("rb") as file:
            record = json.loads(file.readline(_FIRST_LINE_BYTES) or b"{}")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise FeedUnusable(f"{path}: the first line cannot be read: {error}") from error
    return record if isinstance(record, dict) else {}


def _published(path: Path) -> int:
    """Return the size of a file up to and including its last newline."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            while end > 0:
                start = max(0, end - (1 << 20))
                file.seek(start)
                found = file.read(end - start).rfind(b"\n")
                if found >= 0:
                    return start + found + 1
                end = start
    except FileNotFoundError:
        pass
    return 0


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


def _write(path: Path, text: str) -> None:
    """Replace a file atomically, because other processes may read it."""
    temporary = temporary_path(path)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


# -- the mirror ----------------------------------------------------------------------------


def _feeds_mirror(described: Mirrors, name: str, url: str) -> Mirror | None:
    """Return the mirror that a feed was made from: by its name, else by the URL of its pages."""
    if name in described.mirrors:
        return described.mirrors[name]
    parts = urlsplit(url)
    if parts.scheme == "file":
        folders = Path(unquote(parts.path)).parents
        base = next((str(one) for one in folders if _is_mirror(one)), None)
        return described.find(base) if base else None
    bases = url.split("/pages/")[:1] if "/pages/" in url else []
    return described.find(bases[0] + "/") if bases and parts.scheme in ("http", "https") else None


def _is_mirror(folder: Path) -> bool:
    """Return whether a folder is a mirror's root, or a bare repository."""
    return (folder / "README.md").is_file() or (folder / "HEAD").is_file()


def _format(described: Mirrors, wanted: str | None) -> Format:
    if wanted is None:
        raise WrongUsage("the feed's mirror is not in the mirrors file: give it with --mirror")
    return described.find(wanted).format


def _source(
    mirror: Mirror | None, name: str, options: RereadOptions, work: Workspace
) -> tuple[str, str | None]:
    """Return where to read pages: a directory and None, or a git directory and a commit."""
    if mirror is None or not {"path", "git"} & set(mirror.roots):
        raise WrongUsage(
            f"mirror {name!r} is neither a directory nor a git repository: give one with "
            "--mirror DIRECTORY"
        )
    if "path" in mirror.roots:
        if not os.path.isdir(mirror.roots["path"]):
            raise WrongUsage(
                f"{mirror.roots['path']} is not a directory: give another with --mirror"
            )
        return mirror.roots["path"], None
    base = mirror.roots["git"]
    if os.path.isdir(base):
        return _commit(base, mirror.branch or "HEAD", work.directory / "gitconfig")
    if options.many_machines:
        raise WrongUsage(
            f"the repository {base} is not on this machine: clone it to a directory that all "
            "machines can read, and give that with --mirror"
        )
    return asyncio.run(_cloned(mirror, options.cache))


async def _cloned(mirror: Mirror, cache: Path) -> tuple[str, str]:
    """Update the clone in the cache; return its git directory and commit."""
    transport = GitTransport(
        mirror.roots["git"], branch=mirror.branch, cache=cache, name=mirror.name,
        parts=mirror.format.parts,
    )  # fmt: skip
    try:
        await transport.open()
        return str(transport.folder / "clone.git"), str(transport.commit)
    finally:
        transport.close()


def _commit(base: str, branch: str, configuration: Path) -> tuple[str, str]:
    """Return the git directory of the repository at ``base``, and the branch's commit."""
    git_dir = _git(["-C", base, "rev-parse", "--absolute-git-dir"], base, configuration)
    wanted = f"{branch}^{{commit}}"
    return git_dir, _git(
        ["--git-dir", git_dir, "rev-parse", "--verify", "--quiet", wanted], base, configuration
    )


def _git(arguments: Sequence[str], base: str, configuration: Path) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [program(), *arguments], env=environment(configuration), capture_output=True,
            text=True, timeout=_GIT_SECONDS, check=True,
        )  # fmt: skip
    except (subprocess.SubprocessError, UnicodeDecodeError) as error:
        raise MirrorUnusable(f"the repository {base} cannot be read: {error}") from error
    return done.stdout.strip()


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
