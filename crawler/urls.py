"""Makes URLs canonical, and resolves links between pages of a mirror."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urljoin, urlsplit, urlunsplit

from w3lib.url import safe_url_string

# The newspaper's own domains; all of their hosts support https.
_OWN_HOSTS = ("epochtimes.com", "theepochtimes.com", "dajiyuan.com")

# Parameters that mail programs and social networks add to identify the reader, and the cache-buster
# that players add (4 pages).
_TRACKING = re.compile(
    r"(?:utm_[a-z_]+|fbclid|gclid|dclid|msclkid|yclid|igshid|mc_[ce]id|_ga)(?:=.*)?|_=[0-9]+",
    re.IGNORECASE,
)

_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)
_ANY_BASE = "https://www.epochtimes.com/"

# The mirrors' cache-buster: MMDDHHMM as the query of a Markdown page.
_CACHE_BUSTER = re.compile(r"[0-9]{8}")

# letters of any script, or an IPv6 address; quotes and brackets are not valid in a host (10 pages)
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
_HOST_PORT = re.compile(r"((?:[a-z0-9_-]+\.)*[a-z0-9_-]+\.?|\[[0-9a-f:.]+\])(?::(\d*))?")
_DEFAULT_PORT = {"http": "80", "https": "443"}

MAX_LENGTH = 2048
"""Maximum length in characters; no URL of a real page is longer."""

# Private networks: a URL in one of them would lead into the network of whoever opens it.
_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 "
        "::/127 64:ff9b::/96 fc00::/7 fe80::/10 fec0::/10".split(),
    )
)
_PRIVATE_NAME = re.compile(
    r"(?:\A|\.)(?:localhost|localdomain|local|internal|intranet|lan|home\.arpa)\Z"
)
_NUMERIC = re.compile(r"(?:\A|\.)(?:[0-9]+|0x[0-9a-f]*)\Z")
_IPV4_PARTS = 4

# Hosts without a scheme, such as `www.example.org/a` and `shorturl.at/x`. A name that could be a file
# (`index.md`) counts as a host only if a path follows.
_TOP_LEVELS = (
    "com|net|org|edu|gov|mil|int|info|biz|name|asia|tv|me|cc|io|co|news|club|online|site|xyz|"
    "中国|中國|台湾|台灣|香港|新加坡|公司|网络|網絡"
)
_BARE_HOST = re.compile(
    rf"(?:www\.(?:[\w-]+\.)+[a-z]{{2,}}|(?:[\w-]+\.)+(?:{_TOP_LEVELS}|(?:[\w-]+\.)[a-z]{{2}}))(?::\d+)?(?=[/?#]|\Z)"
    r"|(?:[\w-]+\.)+(?:[a-z]{2}|app|dev|world|live|link|top|media|press|video|shop|store|life|today)(?=/)",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)

# Typing errors that would resolve as relative: `http//a.com`, `http;//a.com`, `https:/a.com`, `https:///a.com`
_TORN = re.compile(r"https?(?!://)(?:[:：;；／\\]|//)|(?:https?:)?//(?:/|\Z)", re.IGNORECASE)
_MAILBOX = re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
_ESCAPE = re.compile("%[0-9a-fA-F]{2}")
_ALREADY_CANONICAL = re.compile(
    r"https://(?:www|i)\.epochtimes\.com/(?:[A-Za-z0-9_.~/-]++|%[0-9A-F]{2})*+\Z"
)

# Characters to strip from both ends of a URL: control characters and blanks, as HTML does, and
# quotes of hand-written HTML: `\"http://…\"` (61 pages), “…”.
_STRAYS = "".join(map(chr, range(33))) + "\\\"'“”‘’＂"

_LOOSE_ENDS = ("'", "?", "#")


class UnusableURL(ValueError):
    """Raised when a URL cannot be parsed, or cannot be published; the message says why."""


def mirror_path(page_path: str, href: str) -> str | None:
    """Resolve ``href`` on the page at ``page_path``; return the path below the mirror's base.

    The cache-buster and the fragment are removed first. The result is None if the link leaves the
    base (another scheme or host, an absolute path, too many ``..``) or has characters that programs
    resolve differently (backslash, percent escape, control character).
    """
    href = href.strip().partition("#")[0].partition("?")[0]
    if not href or href[0] == "/" or re.search(r"[\\%:\x00-\x20\x7f]", href):
        return None
    parts = page_path.split("/")[:-1]
    for part in href.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def is_own(host: str) -> bool:
    """Return whether a host belongs to the newspaper."""
    return any(host == own or host.endswith("." + own) for own in _OWN_HOSTS)


def canonical(href: str, base: str) -> str:
    """Return ``href``, resolved against ``base``, in canonical form.

    It is resolved by HTML's rules, and a host without a scheme gets https. The host becomes lower
    case and percent escapes upper case, the newspaper's own hosts get https, and the mirrors'
    cache-buster and tracking parameters are removed. Order of the query and fragment are kept.

    Raises:
        UnusableURL: the URL cannot be parsed, is neither http(s) nor mailto, is longer than
            ``MAX_LENGTH``, has a user name, or leads to a private, loopback or link-local host
            other than that of ``base``.
    """
    if len(href) > MAX_LENGTH:
        raise UnusableURL(f"more than {MAX_LENGTH} characters: {href[:100]!r}")
    if _ALREADY_CANONICAL.match(href):
        return href
    # an absolute URL gives the same result on most pages, so the cache can share it
    return _canonical(href, _ANY_BASE if _ABSOLUTE.match(href) else base)


def is_relative(href: str) -> bool:
    """Return whether a URL has neither a scheme nor a host."""
    href = href.strip(_STRAYS)
    return not (_SCHEME.match(href) or href.startswith("//") or _BARE_HOST.match(href))


@lru_cache(maxsize=4096)
def _canonical(href: str, base: str) -> str:
    url = _once(href, base)
    # removing an empty query, fragment or parameter may expose another character to strip
    while (";" in url or url.endswith(_LOOSE_ENDS)) and (again := _once(url, base)) != url:
        url = again
    if len(url) > MAX_LENGTH:
        raise UnusableURL(f"more than {MAX_LENGTH} characters: {url[:100]!r}")
    return url


def _once(href: str, base: str) -> str:
    # as in HTML, line breaks and tabs inside a URL are not part of it
    href = re.sub(r"[\t\r\n]+|<br ?/?>", "", href.strip(_STRAYS))
    if _BARE_HOST.match(href):
        href = f"https://{href}"
    try:
        if _TORN.match(href) or _MAILBOX.fullmatch(href):
            raise UnusableURL(f"neither a host nor a relative address: {href[:200]!r}")
        joined = urljoin(base, href)
        parts = urlsplit(joined)
        scheme = parts.scheme.lower()
        if scheme == "mailto":
            return _mailto(joined)
        if scheme not in ("http", "https"):
            raise UnusableURL(f"not an http, https or mailto address: {href[:200]!r}")
        if not _is_host(parts.hostname or ""):
            raise UnusableURL(f"not a host name: {parts.hostname!r}")
        _ = parts.port  # raises ValueError if the port is not a number
        parts = urlsplit(safe_url_string(joined))
        url = _normal(parts.scheme.lower(), parts.netloc, parts.path, parts.query, parts.fragment)
        return _reachable(url, base)
    except UnusableURL:
        raise
    except ValueError as exc:  # urllib and idna raise subclasses of it
        raise UnusableURL(f"cannot be parsed as an address: {href[:200]!r}: {exc}") from exc


def _is_host(name: str) -> bool:
    """Return whether a host name is valid; one without a dot is a typo: ``http://https//www…``."""
    return _HOST.fullmatch(name) is not None and ("." in name.strip(".") or ":" in name)


def _mailto(address: str) -> str:
    # the scheme is case-insensitive, the mailbox is not
    target = address.partition(":")[2].strip()
    if "@" not in target:
        raise UnusableURL(f"mailto without a mailbox: {address[:200]!r}")
    return "mailto:" + _upper_escapes(safe_url_string(target))


def _normal(scheme: str, netloc: str, path: str, query: str, fragment: str) -> str:
    userinfo, _, host_port = netloc.rpartition("@")
    if userinfo:
        raise UnusableURL(f"names a user: {netloc[:100]!r}")
    match = _HOST_PORT.fullmatch(host_port.lower())
    if not match:
        raise UnusableURL(f"not a host name: {host_port[:100]!r}")
    host, port = match[1], match[2] or ""
    if port == _DEFAULT_PORT[scheme]:
        port = ""
    if not port and is_own(host):
        scheme = "https"
    query = "&".join(pair for pair in query.split("&") if not _TRACKING.fullmatch(pair))
    if path.endswith(".md") and _CACHE_BUSTER.fullmatch(query):
        query = ""
    netloc = host + (":" + port if port else "")
    url = urlunsplit((scheme, netloc, path or "/", query, fragment))
    return _upper_escapes(url)


def _reachable(url: str, base: str) -> str:
    """Return ``url``; raise UnusableURL for a private host other than the page's own."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    match = _HOST_PORT.fullmatch(host)
    name = match[1] if match else host
    if _is_private(name) and name.strip("[]") != urlsplit(base).hostname:
        raise UnusableURL(f"a host of a private network: {name!r}")
    return url


def _is_private(host: str) -> bool:
    """Return whether a host is loopback or in a private network, in any notation."""
    host = host.rstrip(".")
    if host.startswith("["):
        return _in_private_network(ipaddress.ip_address(host[1:-1]))
    if _NUMERIC.search(host):
        return _in_private_network(_ipv4(host))
    return _PRIVATE_NAME.search(host) is not None


def _ipv4(host: str) -> ipaddress.IPv4Address:
    """Parse an IPv4 address as browsers do: ``2130706433``, ``0x7f.1``, ``127.0.0.1``."""
    *heads, last = [_number(part) for part in host.split(".")]
    room = 256 ** (_IPV4_PARTS - len(heads))
    if len(heads) >= _IPV4_PARTS or last >= room or any(head > 255 for head in heads):  # noqa: PLR2004
        raise UnusableURL(f"not a host name: {host[:100]!r}")
    value = last
    for place, head in enumerate(heads):
        value += head * 256 ** (_IPV4_PARTS - 1 - place)
    return ipaddress.IPv4Address(value)


def _number(digits: str) -> int:
    if digits.startswith("0x"):
        return int(digits[2:] or "0", 16)
    return int(digits, 8 if digits.startswith("0") else 10)


def _in_private_network(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return any((inner or address) in network for network in _PRIVATE)


def _upper_escapes(url: str) -> str:
    return _ESCAPE.sub(lambda match: match[0].upper(), url)
