"""Mirrors: those described in ``mirrors.toml``, and mirrors given by URL or directory."""

from __future__ import annotations

import errno
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from os.path import exists, isdir, isfile  # Path's own raise where a folder may not be searched
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

from crawler.config.suggestions import suggestion
from crawler.exceptions import WrongUsage
from crawler.formats.base import Format
from crawler.formats.registry import find_format

TRANSPORTS = ("path", "git", "http", "browser")
"""The transports, in order of preference."""

_KEYS = {"public", "branch", "format", "sections", *TRANSPORTS}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?")
_GITHUB_PAGE = re.compile(
    r"https?://(?:www\.)?github\.com/(?P<owner>[^/#]+)/(?P<repository>[^/#]+?)(?:\.git)?"
    r"(?:/(?:blob|tree)/(?P<branch>[^/#]+)(?:/[^#]*)?)?/"
)
_NAME = re.compile(r"(?!_)[\w\[][\w.:\-\[\]]{0,99}")


@dataclass(frozen=True, slots=True)
class Mirror:
    """A mirror, and its base for each transport.

    Attributes:
        name: its name, also of its feed and in every line.
        public: base URL of ``mirror_url``, whatever the transport; ends in ``/``.
        roots: URL or directory of the mirror's root, by transport.
        sections: ids of sections that the home page does not link to.
        branch: the git branch; None for the repository's default branch.
        format: the format of its pages.
        named_by_address: whether its name comes from its URL, so that other mirrors may have the
            same name.
    """

    name: str
    public: str
    roots: Mapping[str, str]
    sections: tuple[str, ...] = ()
    branch: str | None = None
    format: Format = field(default_factory=find_format)
    named_by_address: bool = False

    @property
    def bases(self) -> tuple[str, ...]:
        """The URLs below which the mirror's pages are, as its own pages may link to them."""
        return tuple(dict.fromkeys(b for b in (self.public, *self.roots.values()) if "://" in b))

    def transport(self, via: str | None) -> str:
        """Return the transport to use: ``via``, or the preferred one.

        Raises:
            WrongUsage: the mirror does not have the transport ``via``.
        """
        if via is None:
            return next(via for via in TRANSPORTS if via in self.roots)
        if via not in self.roots:
            raise WrongUsage(
                f"via={via} is not available for mirror {self.name!r}"
                f"{suggestion(via, self.roots)}: choose one of {', '.join(self.roots)}"
            )
        return via


@dataclass(frozen=True, slots=True)
class Mirrors:
    """The mirrors of a mirrors file, and the name of the default one."""

    file: Path
    default: str | None = None
    mirrors: Mapping[str, Mirror] = field(default_factory=dict)

    def find(self, wanted: str | None, name: str | None = None) -> Mirror:
        """Return the mirror with the name, URL or directory ``wanted``.

        Raises:
            WrongUsage: there is none; the message lists the choices.
        """
        wanted = (wanted or "").strip() or self.default
        if wanted is None:
            raise WrongUsage(
                f"{self.file} has no default: choose one with -a mirror={self._choices()}"
            )
        if wanted in self.mirrors:
            if name and name != wanted:
                raise WrongUsage(
                    f"name={name} is only for mirrors given by URL or directory, not for {wanted!r}"
                )
            return self.mirrors[wanted]
        if mirror := mirror_at(wanted, name):
            return mirror
        raise WrongUsage(
            f"{self._not_found(wanted)}: choose one of {self._choices()} (from {self.file}), or "
            "give a URL http(s)://…/ or a directory"
        )

    def _not_found(self, wanted: str) -> str:
        if "/" in wanted:
            return f"mirror={wanted} {_trouble(expanded(wanted, 'mirror'))}"
        return f"no mirror {wanted!r}{suggestion(wanted, self.mirrors)}"

    def _choices(self) -> str:
        return ", ".join(sorted(self.mirrors)) or "(none)"


def load_mirrors(file: Path) -> Mirrors:
    """Read a mirrors file; ``path`` and ``git`` may be relative to its directory.

    Raises:
        WrongUsage: the file cannot be read, or an entry is invalid.
    """
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise WrongUsage(f"no mirrors file {file}: choose one with -s MIRRORS_FILE=…") from None
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
        raise WrongUsage(f"{file}: mirrors must be tables [mirrors.NAME]")
    mirrors = {name: _described(file, name, table) for name, table in tables.items()}
    default = document.get("default")
    if default is not None and (not isinstance(default, str) or default not in mirrors):
        known = ", ".join(sorted(mirrors)) or "(none)"
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
            raise WrongUsage(f"{where}: {key} must be a non-empty string, not {value!r}")
    roots = {via: _base(file.parent, via, texts[via], where) for via in TRANSPORTS if via in texts}
    if "public" not in texts or not roots:
        raise WrongUsage(f"{where}: needs 'public' and at least one of {', '.join(TRANSPORTS)}")
    mirror_format = _format(texts, where)
    return Mirror(
        name=checked_name(name),
        public=web_base(texts["public"], f"{where}: public", rendered=True),
        roots=roots,
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
    sample = json.dumps(mirror_format.sample_sections)
    raise WrongUsage(f"{where}: sections must be a list of ids, such as {sample}")


def _base(folder: Path, via: str, value: str, where: str) -> str:
    # host:path is not a directory; the git transport checks it
    if via == "path" or (via == "git" and not re.match(r"[^/]+:", value)):
        return str((folder / expanded(value, f"{where}: {via}")).resolve())
    if via == "git":
        web = value.lower().startswith(("http://", "https://"))
        return web_base(value, f"{where}: git").rstrip("/") if web else value
    return web_base(value, f"{where}: {via}", rendered=via == "browser")


def web_base(value: str, where: str, *, rendered: bool = False) -> str:
    """Return a base URL in normal form.

    Scheme and host are in lower case, the host is in ASCII (IDNA), other characters are
    percent-encoded, and the URL ends in ``/``.

    Args:
        value: the URL.
        where: the argument or entry that it comes from, for error messages.
        rendered: whether a fragment ``#/…`` is allowed, for pages rendered in a browser.

    Raises:
        WrongUsage: it is not a URL, or has a user name, a query or another fragment.
    """
    parts = _parts(value.strip())
    usable = parts.scheme in ("http", "https") and parts.port != 0
    if not usable or not parts.hostname or _CONTROLS.search(value.strip()):
        raise WrongUsage(f"{where} must be a URL http(s)://…/, not {value!r}")
    if parts.username is not None or parts.password is not None:
        raise WrongUsage(
            f"{where} must not have a user name or password, which would appear in logs"
        )
    if parts.query or (parts.fragment and not (rendered and parts.fragment.startswith("/"))):
        raise WrongUsage(f"{where} must be a base URL, without ? and #")
    if re.search(r"(?:^|[/\\])\.\.(?:[/\\;]|$)", unquote(parts.path)):
        raise WrongUsage(f"{where} must not contain '..': {value!r}")
    try:
        host = _ascii_host(parts.hostname)
    except UnicodeError:
        raise WrongUsage(f"{where}: {parts.hostname!r} is not a host name") from None
    port = f":{parts.port}" if parts.port else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    address = f"{parts.scheme}://{host}{port}{_encoded(parts.path)}{_encoded(fragment)}"
    return address.rstrip("/") + "/"


def _parts(value: str) -> SplitResult:
    """Split a URL; treat one that cannot be parsed, or whose port is invalid, as empty."""
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
    """Percent-encode characters that are invalid in a URL; keep existing escapes."""
    return quote(text, safe="/#%:@!$&'()*+,;=~-._[]")


def expanded(value: str, where: str) -> Path:
    """Return a path with ``~`` expanded; it need not exist.

    Raises:
        WrongUsage: the user of ``~`` is unknown, or no file system has such a path.
    """
    try:
        path = Path(value).expanduser()
    except RuntimeError as exc:
        raise WrongUsage(
            f"{where}: {value!r} is not a directory: {exc} Set HOME, or give a path without ~."
        ) from exc
    try:
        path.lstat()
    except OSError as exc:
        if exc.errno == errno.ENAMETOOLONG:
            raise WrongUsage(
                f"{where}: {value[:40]!r}… is not a path: {exc.strerror}; give a shorter one"
            ) from exc
    except ValueError as exc:  # a null character
        raise WrongUsage(f"{where}: {value!r} is not a directory") from exc
    return path


def _trouble(path: Path) -> str:
    """Return why a path is not a readable directory."""
    try:
        path.stat()
    except PermissionError as exc:
        return f"cannot be read ({exc.strerror})"
    except OSError:
        return "does not exist"
    return "is not a directory"


def is_name(text: str) -> bool:
    """Return whether ``text`` is a valid name of a mirror, and so of a directory."""
    return _NAME.fullmatch(text) is not None


def checked_name(name: str) -> str:
    """Return ``name`` if it is valid for a mirror and for the directory of its feed.

    Raises:
        WrongUsage: it is not valid.
    """
    if not is_name(name):
        raise WrongUsage(
            f"a mirror's name may have letters, digits and . _ : - only, not {name!r}: name a mirror "
            "that is given by URL or directory with -a name="
        )
    return name


def mirror_at(given: str, name: str | None = None) -> Mirror | None:
    """Return the mirror at a URL or in a directory; None if ``given`` is neither.

    The URL is that of a repository's page on GitHub, or the base of raw files. The mirror's name is
    by default the last part.

    Raises:
        WrongUsage: the URL or the name is invalid.
    """
    if "://" in given:
        return _at_url(given, name)
    folder = expanded(given, "mirror")
    return _at_directory(folder.resolve(), name) if isdir(folder) else None


def _at_url(address: str, name: str | None) -> Mirror:
    if address.partition("://")[0].lower() not in ("http", "https"):
        raise WrongUsage(f"mirror must be a URL http(s)://…/ or a directory, not {address!r}")
    base = web_base(address, "mirror", rendered=True)
    if page := _GITHUB_PAGE.fullmatch(base):
        return _at_github(page["owner"], page["repository"], page["branch"], name)
    parts = urlsplit(base)
    path = unquote(parts.path.rstrip("/"))
    named = name or path.rpartition("/")[2].removesuffix(".git") or parts.netloc
    if parts.fragment:  # only scripts see the fragment
        roots = {"browser": base}
    elif path.endswith(".git"):
        roots = {"git": base.rstrip("/")}
    else:
        roots = {"http": base, "browser": base}
    return Mirror(checked_name(named), public=base, roots=roots, named_by_address=name is None)


def _at_github(owner: str, repository: str, branch: str | None, name: str | None) -> Mirror:
    """Return the mirror in a repository on GitHub."""
    site, shown = f"https://github.com/{owner}/{repository}", branch or "HEAD"
    public = f"{site}/blob/{shown}/"
    return Mirror(
        checked_name(name or unquote(repository)),
        public=public,
        roots={
            "git": f"{site}.git",
            "http": f"https://raw.githubusercontent.com/{owner}/{repository}/{shown}/",
            "browser": public,
        },
        branch=branch,
        named_by_address=name is None,
    )


def _at_directory(folder: Path, name: str | None) -> Mirror:
    bare = isfile(folder / "HEAD") and isdir(folder / "objects")
    roots = {} if bare else {"path": str(folder)}
    if bare or exists(folder / ".git"):
        roots["git"] = str(folder)
    return Mirror(
        name=checked_name(name or folder.name.removesuffix(".git")),
        public=folder.as_uri().rstrip("/") + "/",
        roots=roots,
        named_by_address=name is None,
    )
