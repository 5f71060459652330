"""Mirrors from the mirrors file, by address, and after a move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from crawling import ROOT

from crawler.config.mirrors import Mirror, checked_name, load_mirrors
from crawler.config.moves import moved
from crawler.exceptions import MirrorUnusable, WrongUsage

if TYPE_CHECKING:
    from pathlib import Path

PUBLIC = 'public = "https://example.org/a/b/blob/master/"\n'
FINE = f'default = "one"\n[mirrors.one]\n{PUBLIC}path = "here"\n[mirrors.two]\n{PUBLIC}http = "https://raw.example.org/a/b/master"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mirrors.toml"
    path.write_text(FINE, encoding="utf-8")
    return path


def test_the_mirrors_that_are_shipped() -> None:
    """The sample is the default, and the live mirrors have their public bases."""
    mirrors = load_mirrors(ROOT / "mirrors.toml")
    assert mirrors.default == "sample"
    assert set(mirrors.mirrors) == {"sample", "news", "comment", "special"}
    assert mirrors.find(None).roots["path"] == str(ROOT / "sample")
    for name in ("news", "comment", "special"):
        mirror = mirrors.find(name)
        assert mirror.public == f"https://github.com/epic-marker/epoch-{name}/blob/master/"
        raw = f"https://raw.githubusercontent.com/epic-marker/epoch-{name}/master/"
        assert mirror.roots["http"] == raw
    assert mirrors.find("special").sections == ("nf1176114",)
    assert mirrors.find("news").sections == ()


def test_bases_are_relative_to_the_file_and_end_in_a_slash(file: Path) -> None:
    mirrors = load_mirrors(file)
    assert mirrors.find("one").roots == {"path": str(file.parent / "here")}
    assert mirrors.find("two").roots == {"http": "https://raw.example.org/a/b/master/"}


def test_which_transport_is_used(file: Path) -> None:
    """The first one configured, in the order path, git, http, browser, or the one requested."""
    mirror = Mirror("one", "https://example.org/", {"http": "h", "git": "g", "browser": "b"})
    assert mirror.transport(None) == "git"
    assert mirror.transport("browser") == "browser"
    with pytest.raises(
        WrongUsage, match=r"via=path is not available .* choose one of http, git, browser"
    ):
        mirror.transport("path")
    assert load_mirrors(file).find("two").transport(None) == "http"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("default = ", "cannot be read"),
        ("\udcff", "cannot be read"),
        (f"a = {'[' * 2000}", "cannot be read"),
        (f"a = {'9' * 5000}", "cannot be read"),
        (f'[mirrors.one]\n{PUBLIC}path = "{"x" * 300}"', "path: 'xxxxxxxx"),
        ('default = "nobody"', "default must be one of (none), not 'nobody'"),
        ('default = ["one"]', "not ['one']"),
        (
            f'[mirrors.one]\n{PUBLIC}path = "~nobodyhere/x"',
            "path: '~nobodyhere/x' is not a directory",
        ),
        (f'[mirrors.one]\n{PUBLIC}path = "a\\u0000b"', "is not a directory"),
        (f'[mirrors.one]\n{PUBLIC}http = "http://[bad"', "http must be a URL"),
        ('[mirrors.one]\npublic = "http://x:y/"\npath = "x"', "public must be a URL"),
        ("colour = 1", "unknown key 'colour'; known: default"),
        ("mirrors = 1", "mirrors must be tables"),
        ("[mirrors]\none = 1", "mirrors must be tables"),
        (f"[mirrors.one]\n{PUBLIC}", "needs 'public' and at least one of path, git, http, browser"),
        ('[mirrors.one]\npath = "here"', "needs 'public' and at least one"),
        (f'[mirrors.one]\n{PUBLIC}ftp = "x"', "unknown key 'ftp'; known: branch, browser"),
        (f"[mirrors.one]\n{PUBLIC}path = 1", "path must be a non-empty string, not 1"),
        (f'[mirrors.one]\n{PUBLIC}path = ""', "path must be a non-empty string, not ''"),
        (f'[mirrors.one]\n{PUBLIC}http = "raw.example.org"', "http must be a URL"),
        (f'[mirrors.one]\n{PUBLIC}http = "file:///etc/"', "http must be a URL"),
        (f'[mirrors.one]\n{PUBLIC}http = "https://example.org/?a=1"', "without ? and #"),
        (f'[mirrors.one]\n{PUBLIC}http = "https://example.org/#/"', "without ? and #"),
        ('[mirrors.one]\npublic = "here"\npath = "x"', "public must be a URL"),
        (f'[mirrors.one]\n{PUBLIC}path = "x"\nsections = "nf1"', "sections must be a list of ids"),
        (
            f'[mirrors.one]\n{PUBLIC}path = "x"\nsections = ["../x"]',
            "sections must be a list of ids",
        ),
        (f'[mirrors."../one"]\n{PUBLIC}path = "x"', "a mirror's name may have"),
    ],
)
def test_an_invalid_file(file: Path, text: str, says: str) -> None:
    """The message names the mirror and the key."""
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(WrongUsage) as raised:
        load_mirrors(file)
    assert says in str(raised.value)
    if "mirrors.one" in text:
        assert "[mirrors.one]" in str(raised.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match=r"choose one with -s MIRRORS_FILE=…"):
        load_mirrors(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("address", "name", "roots"),
    [
        ("http://127.0.0.1:8000/", "127.0.0.1:8000", ["browser", "http"]),
        ("http://127.0.0.1:8000/%E6%B5%B7%E5%B2%9B/", "海岛", ["browser", "http"]),
        ("http://[::1]:8000", "[::1]:8000", ["browser", "http"]),
        ("https://example.org/mirrors/epoch-news/", "epoch-news", ["browser", "http"]),
        ("https://example.org/a/epoch-news.git", "epoch-news", ["git"]),
        ("https://example.org/a/epoch-news/#/", "epoch-news", ["browser"]),
        ("https://example.org/#/docs", "example.org", ["browser"]),
    ],
)
def test_a_mirror_at_an_address(file: Path, address: str, name: str, roots: list[str]) -> None:
    """Its name is the last part of its path, or else host and port."""
    mirror = load_mirrors(file).find(address)
    assert mirror.name == name
    assert sorted(mirror.roots) == roots
    assert mirror.public == address.rstrip("/") + "/"
    assert load_mirrors(file).find(address, "mine").name == "mine"


def test_an_address_has_one_form(file: Path) -> None:
    """Scheme and host are case-insensitive."""
    mirror = load_mirrors(file).find("HTTP://Example.ORG:80/Mirrors/Epoch")
    assert mirror.public == "http://example.org:80/Mirrors/Epoch/"
    assert mirror.name == "Epoch"


@pytest.mark.parametrize(
    ("given", "base"),
    [
        (
            "http://127.0.0.1:80/海岛 新闻/",
            "http://127.0.0.1:80/%E6%B5%B7%E5%B2%9B%20%E6%96%B0%E9%97%BB/",
        ),
        ("http://127.0.0.1/%E6%B5%B7%E5%B2%9B", "http://127.0.0.1/%E6%B5%B7%E5%B2%9B/"),
        ("https://灯塔.example/x", "https://xn--omsv47c.example/x/"),
        ("https://Bücher.example/", "https://xn--bcher-kva.example/"),
        ("  https://example.org/x/  ", "https://example.org/x/"),
        ('https://example.org/a"b<c>/', "https://example.org/a%22b%3Cc%3E/"),
    ],
)
def test_an_address_is_encoded_once(file: Path, given: str, base: str) -> None:
    """Requests, the offsite check and lines use the same form."""
    mirror = load_mirrors(file).find(given, "mine")
    assert (mirror.public, mirror.roots["http"]) == (base, base)
    assert load_mirrors(file).find(base, "mine").public == base


@pytest.mark.parametrize("key", ["public", "http", "browser", "git"])
def test_addresses_of_the_file_are_encoded_too(file: Path, key: str) -> None:
    keys = {
        "public": "https://example.org/x/",
        "http": "http://127.0.0.1/",
        key: "HTTPS://灯塔.example/新闻",
    }
    text = "[mirrors.one]\n" + "".join(f'{name} = "{value}"\n' for name, value in keys.items())
    file.write_text(text, encoding="utf-8")
    mirror = load_mirrors(file).find("one")
    found = mirror.public if key == "public" else mirror.roots[key]
    assert found.rstrip("/") == "https://xn--omsv47c.example/%E6%96%B0%E9%97%BB"


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1/a/../b/", "http://127.0.0.1/%2e%2e/b/", "http://a..b/", "http://\u2028/"],
)
def test_an_ambiguous_address_is_rejected(file: Path, address: str) -> None:
    with pytest.raises(WrongUsage):
        load_mirrors(file).find(address, "mine")


@pytest.mark.parametrize(
    ("page", "branch"),
    [
        ("https://github.com/owner/epoch-news", None),
        ("https://github.com/owner/epoch-news/", None),
        ("https://github.com/owner/epoch-news.git", None),
        ("http://www.github.com/owner/epoch-news", None),
        ("https://GitHub.com/owner/epoch-news/tree/master", "master"),
        ("https://github.com/owner/epoch-news/blob/main/README.md", "main"),
        ("https://github.com/owner/epoch-news/blob/main/indexes/ncid1/README.md", "main"),
    ],
)
def test_a_page_of_github_means_its_repository(file: Path, page: str, branch: str | None) -> None:
    mirror = load_mirrors(file).find(page)
    shown = branch or "HEAD"
    assert (mirror.name, mirror.branch) == ("epoch-news", branch)
    assert mirror.public == f"https://github.com/owner/epoch-news/blob/{shown}/"
    assert mirror.roots == {
        "git": "https://github.com/owner/epoch-news.git",
        "http": f"https://raw.githubusercontent.com/owner/epoch-news/{shown}/",
        "browser": mirror.public,
    }


def test_a_byte_order_mark_is_ignored(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert load_mirrors(file).find("one").name == "one"


def test_a_bare_repository_is_named_without_its_ending(file: Path, tmp_path: Path) -> None:
    bare = tmp_path / "epoch-news.git"
    (bare / "objects").mkdir(parents=True)
    (bare / "HEAD").touch()
    mirror = load_mirrors(file).find(str(bare))
    assert (mirror.name, set(mirror.roots)) == ("epoch-news", {"git"})


def test_a_mirror_in_a_directory(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "my mirrors" / "epoch-news"
    folder.mkdir(parents=True)
    mirror = load_mirrors(file).find(str(folder))
    assert (mirror.name, mirror.roots) == ("epoch-news", {"path": str(folder)})
    assert mirror.public == f"{folder.as_uri()}/"
    assert " " not in mirror.public
    (folder / ".git").mkdir()
    assert set(load_mirrors(file).find(str(folder)).roots) == {"path", "git"}


@pytest.mark.parametrize(
    ("wanted", "name", "says"),
    [
        ("three", None, "choose one of one, two"),
        ("/nowhere/at/all", None, "or give a URL"),
        ("ftp://example.org/", None, "http(s)://…/"),
        ("file:///etc", None, "http(s)://…/"),
        ("http:///x", None, "must be a URL"),
        ("http://user:secret@example.org/", None, "must not have a user name or password"),
        ("http://[::1", None, "must be a URL"),
        ("http://127.0.0.1:99999/", None, "must be a URL"),
        ("http://127.0.0.1:ab/", None, "must be a URL"),
        ("http://127.0.0.1:0/", None, "must be a URL"),
        ("http://127.0.0.1/a\nb/", None, "must be a URL"),
        ("http://127.0.0.1/\x1b[31m/", None, "must be a URL"),
        ("x" * 300, None, "is not a path: File name too long; give a shorter one"),
        ("~nobodyhere/x", None, "is not a directory"),
        ("a\0b", None, "is not a directory"),
        ("https://example.org/a?b=1", None, "without ? and #"),
        ("https://example.org/a#b", None, "without ? and #"),
        ("one", "other", "only for mirrors given by URL or directory"),
    ],
)
def test_an_unknown_mirror(file: Path, wanted: str, name: str | None, says: str) -> None:
    with pytest.raises(WrongUsage) as raised:
        load_mirrors(file).find(wanted, name)
    assert says in str(raised.value)


def test_no_default(file: Path) -> None:
    file.write_text(FINE.partition("\n")[2], encoding="utf-8")
    with pytest.raises(WrongUsage, match=r"has no default: choose one with -a mirror=one, two"):
        load_mirrors(file).find(None)


@pytest.mark.parametrize(
    "name", ["a", "epoch-news", "127.0.0.1:80", "a.b_c", "9", "海岛", "a" * 100]
)
def test_names(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", ".a", "a/b", "a b", "_a", "-a", "a" * 101, "a\n"])
def test_names_that_cannot_be_a_feeds(name: str) -> None:
    with pytest.raises(WrongUsage):
        checked_name(name)


# -- a mirror that moved -------------------------------------------------------------------------

OLD = Mirror(
    "news",
    "https://github.com/old/epoch-news/blob/master/",
    {
        "http": "https://raw.githubusercontent.com/old/epoch-news/master/",
        "git": "https://github.com/old/epoch-news.git",
        "path": "/srv/mirrors",
    },
    ("nf1",),
)


@pytest.mark.parametrize("needed", [["http"], ["git"], ["http", "git"]])
def test_a_move_replaces_owner_and_repository_in_all_bases(needed: list[str]) -> None:
    """Host, name and sections stay the same. A base without them is dropped."""
    new = moved(OLD, needed, "https://github.com/new/epoch-news")
    assert new.public == "https://github.com/new/epoch-news/blob/master/"
    assert new.roots == {
        "http": "https://raw.githubusercontent.com/new/epoch-news/master/",
        "git": "https://github.com/new/epoch-news.git",
    }
    assert (new.name, new.sections) == ("news", ("nf1",))


@pytest.mark.parametrize(
    ("via", "address", "says"),
    [
        ("http", "https://example.org/new/epoch-news", "not followed"),
        ("http", "https://github.com.example.org/new/epoch-news", "not followed"),
        ("http", "https://github.com@example.org/new/epoch-news", "not followed"),
        ("http", "https://github.com/new/other", "not followed"),
        ("http", "https://github.com/old/epoch-news", "not followed"),
        ("http", "https://github.com/", "not followed"),
        ("http", "https://github.com/../epoch-news", "not followed"),
        ("http", "javascript://github.com/new/epoch-news", "not followed"),
        ("path", "https://github.com/new/epoch-news", "does not contain 'old/epoch-news'"),
    ],
)
def test_a_move_that_is_not_followed(via: str, address: str, says: str) -> None:
    """A page cannot direct the crawl to an arbitrary address."""
    with pytest.raises(MirrorUnusable) as raised:
        moved(OLD, ["git", via], address)
    assert says in str(raised.value)
    assert address in str(raised.value)
