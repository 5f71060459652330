"""Mirrors: what ``mirrors.toml`` says of them, and one given by its address."""

from __future__ import annotations

import errno
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from os.path import exists, isdir, isfile  # Path's own raise where a folder may not be searched
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

from crawler.config.suggestions import suggestion
from crawler.exceptions import MirrorUnusable, WrongUsage
from crawler.formats.base import Format
from crawler.formats.registry import find_format

WAYS = ("path", "git", "http", "browser")
"""The ways to reach a mirror; where several are described, the first in this order is taken."""

_KEYS = {"public", "branch", "format", "sections", *WAYS}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?")
_GITHUB_PAGE = re.compile(
    r"https?://(?:www\.)?github\.com/(?P<owner>[^/#]+)/(?P<repository>[^/#]+?)(?:\.git)?"
    r"(?:/(?:blob|tree)/(?P<branch>[^/#]+)(?:/[^#]*)?)?/"
)
_NAME = re.compile(r"(?!_)[\w\[][\w.:\-\[\]]{0,99}")


@dataclass(frozen=True, slots=True)
class Mirror:
    """A mirror and the ways to reach it.

    Attributes:
        name: names its feed, and goes into every line.
        public: base address that ``mirror_url`` is made from, whatever the way; ends in ``/``.
        ways: way to the base under which the pages of its format lie.
        sections: ids of sections that the home page forgets.
        branch: the git branch, None for the repository's own default.
        format: where its pages lie and what they say.
        named_by_address: its name is the end of its address, which other mirrors may share.
    """

    name: str
    public: str
    ways: Mapping[str, str]
    sections: tuple[str, ...] = ()
    branch: str | None = None
    format: Format = field(default_factory=find_format)
    named_by_address: bool = False

    @property
    def bases(self) -> tuple[str, ...]:
        """The addresses below which the mirror's pages lie, as its own pages may name them."""
        return tuple(dict.fromkeys(b for b in (self.public, *self.ways.values()) if "://" in b))

    def way(self, via: str | None) -> str:
        """Return the way to take: ``via``, or the best one described.

        Raises:
            WrongUsage: the mirror has no such way.
        """
        if via is None:
            return next(way for way in WAYS if way in self.ways)
        if via not in self.ways:
            raise WrongUsage(
                f"mirror {self.name!r} has no way via={via}{suggestion(via, self.ways)}; "
                f"it has: {', '.join(self.ways)}"
            )
        return via


@dataclass(frozen=True, slots=True)
class Mirrors:
    """All mirrors of a mirrors file, and which is crawled where none is named."""

    file: Path
    default: str | None = None
    mirrors: Mapping[str, Mirror] = field(default_factory=dict)

    def find(self, wanted: str | None, name: str | None = None) -> Mirror:
        """Return the mirror called ``wanted``, or the one at the address ``wanted``.

        Raises:
            WrongUsage: there is none; the message names the choices.
        """
        wanted = (wanted or "").strip() or self.default
        if wanted is None:
            raise WrongUsage(f"{self.file} names no default: say -a mirror={self._choices()}")
        if wanted in self.mirrors:
            if name and name != wanted:
                raise WrongUsage(
                    f"name={name} is for a mirror given by address; {wanted!r} has its name"
                )
            return self.mirrors[wanted]
        if "://" in wanted:
            return _at_url(wanted, name)
        if isdir(folder := expanded(wanted, "mirror")):
            return _at_directory(folder.resolve(), name)
        raise WrongUsage(
            f"{self._not_found(wanted, folder)}: choose one of {self._choices()} (described in "
            f"{self.file}), or give an address: http(s)://…/ or a directory"
        )

    def _not_found(self, wanted: str, folder: Path) -> str:
        """Return the beginning of the message about a mirror that is not there."""
        if "/" in wanted:
            return f"mirror={wanted} {_trouble(folder)}"
        return f"no mirror {wanted!r}{suggestion(wanted, self.mirrors)}"

    def _choices(self) -> str:
        return ", ".join(sorted(self.mirrors)) or "(none described)"


def load_mirrors(file: Path) -> Mirrors:
    """Read a mirrors file; relative ``path`` and ``git`` bases count from its folder.

    Raises:
        WrongUsage: it cannot be read or says something that is not understood.
    """
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise WrongUsage(f"no mirrors file {file}: -s MIRRORS_FILE=… names another") from None
    except (OSError, ValueError, RecursionError) as exc:
        raise WrongUsage(f"mirrors file {file} cannot be read: {exc}: correct it") from exc
    unknown = set(document) - {"default", "mirrors"}
    if unknown:
        raise WrongUsage(
            f"{file}: unknown key {min(unknown)!r}"
            f"{suggestion(min(unknown), ('default', 'mirrors'))}; known: default, [mirrors.NAME]"
        )
    tables = document.get("mirrors", {})
    if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
        raise WrongUsage(f"{file}: a mirror is a table [mirrors.NAME]")
    mirrors = {name: _described(file, name, table) for name, table in tables.items()}
    default = document.get("default")
    if default is not None and (not isinstance(default, str) or default not in mirrors):
        known = ", ".join(sorted(mirrors)) or "(none is described)"
        meant = suggestion(str(default), mirrors)
        raise WrongUsage(f"{file}: default must be one of {known}, not {default!r}{meant}")
    return Mirrors(file, default, mirrors)


def _described(file: Path, name: str, table: Mapping[str, Any]) -> Mirror:
    where = f"{file}: [mirrors.{name}]"
    unknown = set(table) - _KEYS
    if unknown:
        known = ", ".join(sorted(_KEYS))
        meant = suggestion(min(unknown), _KEYS)
        raise WrongUsage(f"{where}: unknown key {min(unknown)!r}{meant}; known: {known}")
    texts = {key: table[key] for key in table if key != "sections"}
    for key, value in texts.items():
        if not isinstance(value, str) or not value:
            raise WrongUsage(f"{where}: {key} is a text, not {value!r}")
    ways = {way: _base(file.parent, way, texts[way], where) for way in WAYS if way in texts}
    if "public" not in texts or not ways:
        raise WrongUsage(f"{where}: needs 'public' and a way: {', '.join(WAYS)}")
    mirror_format = _format(texts, where)
    return Mirror(
        name=checked_name(name),
        public=web_base(texts["public"], f"{where}: public", rendered=True),
        ways=ways,
        sections=_sections(table.get("sections", []), where, mirror_format),
        branch=texts.get("branch"),
        format=mirror_format,
    )


def _format(texts: Mapping[str, str], where: str) -> Format:
    if "format" not in texts:
        return find_format()
    try:
        return find_format(texts["format"])
    except WrongUsage as exc:
        raise WrongUsage(f"{where}: format: {exc}") from exc


def _sections(value: object, where: str, mirror_format: Format) -> tuple[str, ...]:
    is_id = mirror_format.is_section_id
    if isinstance(value, list) and all(isinstance(one, str) and is_id(one) for one in value):
        return tuple(value)
    raise WrongUsage(f'{where}: sections is a list of ids: ["nf1176114"]')


def _base(folder: Path, way: str, value: str, where: str) -> str:
    # host:path is no directory: the way says what it thinks of it
    if way == "path" or (way == "git" and not re.match(r"[^/]+:", value)):
        return str((folder / expanded(value, f"{where}: {way}")).resolve())
    if way == "git":
        web = value.lower().startswith(("http://", "https://"))
        return web_base(value, f"{where}: git").rstrip("/") if web else value
    return web_base(value, f"{where}: {way}", rendered=way == "browser")


def web_base(value: str, where: str, *, rendered: bool = False) -> str:
    """Return a base address in the one form that requests and lines use.

    Scheme and host are in lower case, a host in other scripts is in its ASCII form (IDNA), other
    characters are percent-encoded, and it ends in ``/``. Where pages are ``rendered``, it may
    hold ``#/``.

    Raises:
        WrongUsage: it is not an address, or names a user, a query or a fragment.
    """
    parts = _parts(value.strip())
    usable = parts.scheme in ("http", "https") and parts.port != 0
    if not usable or not parts.hostname or _CONTROLS.search(value.strip()):
        raise WrongUsage(f"{where} must be an address http(s)://…/, not {value!r}")
    if parts.username is not None or parts.password is not None:
        raise WrongUsage(
            f"{where} must not contain a user name or password: they would appear in logs"
        )
    if parts.query or (parts.fragment and not (rendered and parts.fragment.startswith("/"))):
        raise WrongUsage(f"{where} must be a base address, without ? and #")
    if re.search(r"(?:^|[/\\])\.\.(?:[/\\;]|$)", unquote(parts.path)):
        raise WrongUsage(f"{where} must not climb with ..: {value!r}")
    try:
        host = _ascii_host(parts.hostname)
    except UnicodeError:
        raise WrongUsage(f"{where}: {parts.hostname!r} is not a host name") from None
    port = f":{parts.port}" if parts.port else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    address = f"{parts.scheme}://{host}{port}{_encoded(parts.path)}{_encoded(fragment)}"
    return address.rstrip("/") + "/"


def _parts(value: str) -> SplitResult:
    """Split an address; an empty one where it cannot be split, or its port is not a number."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def _ascii_host(host: str) -> str:
    if ":" in host:  # an IPv6 address
        return f"[{host}]"
    encoded = host if host.isascii() else host.encode("idna").decode()
    if not _HOST.fullmatch(encoded):
        raise UnicodeError(host)
    return encoded


def _encoded(text: str) -> str:
    """Percent-encode what may not stand in an address; escapes that are there stay."""
    return quote(text, safe="/#%:@!$&'()*+,;=~-._[]")


def expanded(value: str, where: str) -> Path:
    """Return the path of a file or directory that is given, ``~`` included; it need not exist.

    Raises:
        WrongUsage: the system can have no such path.
    """
    try:
        path = Path(value).expanduser()
    except RuntimeError as exc:  # ~ of nobody
        raise WrongUsage(
            f"{where}: {value!r} is no directory: {exc} Set HOME, or give a path without ~."
        ) from exc
    try:
        path.lstat()
    except OSError as exc:
        if exc.errno == errno.ENAMETOOLONG:
            raise WrongUsage(
                f"{where}: {value[:40]!r}… is no path: {exc.strerror}; give a shorter one"
            ) from exc
    except ValueError as exc:  # a null character
        raise WrongUsage(f"{where}: {value!r} is no directory") from exc
    return path


def _trouble(path: Path) -> str:
    """Return why a path is no directory that can be read."""
    try:
        path.stat()
    except PermissionError as exc:
        return f"cannot be read ({exc.strerror})"
    except OSError:
        return "does not exist"
    return "is not a directory"


def moved(mirror: Mirror, needed: Sequence[str], address: str) -> Mirror:
    """Return ``mirror`` at the place that its notice names.

    In ``public`` and in the bases of its ways, ``owner/repository`` is replaced; nothing else
    is believed of a notice, so that a page cannot send the crawl anywhere.

    Args:
        mirror: as it is described.
        needed: the ways in use; the others come along where they can.
        address: the notice's link.

    Raises:
        MirrorUnusable: it leads to another host or another repository's name, to where the
            mirror is already, or a base does not hold ``owner/repository``.
    """
    old, new = _repository(mirror.public), _repository(address)
    same_host = urlsplit(address).hostname == urlsplit(mirror.public).hostname
    if not (old and new and same_host and old != new and old[1] == new[1]):
        raise MirrorUnusable(
            f"mirror {mirror.name!r} says that it has moved to {address}, which is not followed: "
            f"only another owner's repository of the same name at the host of {mirror.public}"
        )
    before, after = "/".join(old), "/".join(new)
    for via in needed:
        if f"/{before}" not in mirror.ways[via]:
            raise MirrorUnusable(
                f"mirror {mirror.name!r} has moved to {address}, but its base {mirror.ways[via]} "
                f"for via={via} does not hold {before!r}: change it in the mirrors file"
            )
    return replace(
        mirror,
        public=mirror.public.replace(before, after, 1),
        ways={
            via: base.replace(f"/{before}", f"/{after}", 1)
            for via, base in mirror.ways.items()
            if f"/{before}" in base
        },
    )


def _repository(address: str) -> tuple[str, str] | None:
    """Return (owner, repository) of an address at a host of repositories."""
    parts = urlsplit(address)
    names = [part for part in parts.path.split("/") if part]
    if parts.scheme not in ("http", "https") or len(names) < 2:  # noqa: PLR2004 - the pair
        return None
    owner, repository = names[0], names[1].removesuffix(".git")
    return (owner, repository) if _NAME.fullmatch(owner) and _NAME.fullmatch(repository) else None


def checked_name(name: str) -> str:
    """Return ``name`` if a feed's directory may be called so.

    Raises:
        WrongUsage: it may not.
    """
    if not _NAME.fullmatch(name):
        raise WrongUsage(
            f"{name!r} is no name for a mirror: letters, digits and . _ : - only; one that is given "
            "by address is named with -a name="
        )
    return name


def _at_url(address: str, name: str | None) -> Mirror:
    if address.partition("://")[0].lower() not in ("http", "https"):
        raise WrongUsage(f"mirror={address}: an address is http(s)://…/ or a directory")
    base = web_base(address, "mirror", rendered=True)
    if page := _GITHUB_PAGE.fullmatch(base):
        return _at_github(page["owner"], page["repository"], page["branch"], name)
    parts = urlsplit(base)
    path = unquote(parts.path.rstrip("/"))
    named = name or path.rpartition("/")[2].removesuffix(".git") or parts.netloc
    if parts.fragment:  # only scripts see what follows #
        ways = {"browser": base}
    elif path.endswith(".git"):
        ways = {"git": base.rstrip("/")}
    else:
        ways = {"http": base, "browser": base}
    return Mirror(checked_name(named), public=base, ways=ways, named_by_address=name is None)


def _at_github(owner: str, repository: str, branch: str | None, name: str | None) -> Mirror:
    """Return the mirror that a page of GitHub's belongs to: its repository, by three transports."""
    site, shown = f"https://github.com/{owner}/{repository}", branch or "HEAD"
    public = f"{site}/blob/{shown}/"
    return Mirror(
        checked_name(name or unquote(repository)),
        public=public,
        ways={
            "git": f"{site}.git",
            "http": f"https://raw.githubusercontent.com/{owner}/{repository}/{shown}/",
            "browser": public,
        },
        branch=branch,
        named_by_address=name is None,
    )


def _at_directory(folder: Path, name: str | None) -> Mirror:
    bare = isfile(folder / "HEAD") and isdir(folder / "objects")
    ways = {} if bare else {"path": str(folder)}
    if bare or exists(folder / ".git"):
        ways["git"] = str(folder)
    return Mirror(
        name=checked_name(name or folder.name.removesuffix(".git")),
        public=folder.as_uri().rstrip("/") + "/",
        ways=ways,
        named_by_address=name is None,
    )
