"""URLs: their canonical form, and paths that stay inside the mirror."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.urls import UnusableURL, canonical, is_relative, mirror_path

BASE = "https://www.epochtimes.com/gb/23/9/21/n15000529.htm"
OWN = "https://www.epochtimes.com"
ISLAND = "%E6%B5%B7%E5%B2%9B"

CANONICAL = [
    ("新浪.中国/a", "https://xn--efvx5o.xn--fiqs8s/a"),
    # the newspaper's own: https, whatever the page has, lower-case host, upper-case escapes
    (f"{OWN}/gb/tag/{ISLAND}.html", f"{OWN}/gb/tag/{ISLAND}.html"),
    (f"{OWN}/gb/tag/{ISLAND.lower()}.html", f"{OWN}/gb/tag/{ISLAND}.html"),
    (f"http://www.epochtimes.com/gb/tag/{ISLAND}.html", f"{OWN}/gb/tag/{ISLAND}.html"),
    (f"{OWN}/gb/tag/海岛.html", f"{OWN}/gb/tag/{ISLAND}.html"),
    ("http://WWW.EpochTimes.com/gb/23/9/1/n1.htm", f"{OWN}/gb/23/9/1/n1.htm"),
    ("http://i.epochtimes.com/a-600x400.jpg", "https://i.epochtimes.com/a-600x400.jpg"),
    ("  https://i.epochtimes.com/a.jpg ", "https://i.epochtimes.com/a.jpg"),
    ("http://img.theepochtimes.com/a.jpg", "https://img.theepochtimes.com/a.jpg"),
    ("http://www.dajiyuan.com", "https://www.dajiyuan.com/"),
    ("http://epochtimes.com/x", "https://epochtimes.com/x"),
    ("http://www.epochtimes.com:80/x", f"{OWN}/x"),
    ("https://www.epochtimes.com:443/x", f"{OWN}/x"),
    ("http://www.epochtimes.com:8080/x", "http://www.epochtimes.com:8080/x"),
    ("http://notepochtimes.com/x", "http://notepochtimes.com/x"),
    ("http://www.epochtimes.com.example.org/x", "http://www.epochtimes.com.example.org/x"),
    # other hosts keep scheme, order of the query, and fragment
    ("http://example.org", "http://example.org/"),
    ("HTTP://Example.ORG/Path", "http://example.org/Path"),
    ("http://example.org:80/a", "http://example.org/a"),
    ("https://example.org:443/a", "https://example.org/a"),
    ("http://example.org:443/a", "http://example.org:443/a"),
    ("http://example.org:/a", "http://example.org/a"),
    ("https://example.org/a?b=2&a=1#Part", "https://example.org/a?b=2&a=1#Part"),
    ("https://example.org/a?", "https://example.org/a"),
    ("https://example.org/a%2fb%c3%a9", "https://example.org/a%2Fb%C3%A9"),
    ("https://example.org/é", "https://example.org/%C3%A9"),
    ("https://example.org/a b", "https://example.org/a%20b"),
    ("https://@Example.org/a", "https://example.org/a"),
    ("https://example.org/@user", "https://example.org/@user"),
    ("http://8.8.8.8/a", "http://8.8.8.8/a"),
    ("http://172.32.0.1/", "http://172.32.0.1/"),
    ("https://localhost.example.org/", "https://localhost.example.org/"),
    ("https://海岛.example/a", "https://xn--yit350b.example/a"),
    ("https://[2001:DB8::1]/a", "https://[2001:db8::1]/a"),
    # relative URLs, by HTML's rules
    ("../../../24/1/2/n2.htm", f"{OWN}/gb/24/1/2/n2.htm"),
    ("n2.htm", f"{OWN}/gb/23/9/21/n2.htm"),
    ("/i6/708.jpg", f"{OWN}/i6/708.jpg"),
    ("//example.org/a.png", "https://example.org/a.png"),
    ("//www.epochtimes.com/images/highRes.jpg", f"{OWN}/images/highRes.jpg"),
    ("?page=2", f"{BASE}?page=2"),
    # a host without a scheme
    ("www.example.org/a", "https://www.example.org/a"),
    ("WWW.Example.org", "https://www.example.org/"),
    ("covid19.nj.gov/finder", "https://covid19.nj.gov/finder"),
    ("shorturl.at/svGO7", "https://shorturl.at/svGO7"),
    ("island.world/a", "https://island.world/a"),
    ("example.com", "https://example.com/"),
    ("example.com:8080/a?b", "https://example.com:8080/a?b"),
    ("index.md", f"{OWN}/gb/23/9/21/index.md"),
    ("a.b.htm", f"{OWN}/gb/23/9/21/a.b.htm"),
    ("newscontent.asp?ID=91416", f"{OWN}/gb/23/9/21/newscontent.asp?ID=91416"),
    ("pic.jpg", f"{OWN}/gb/23/9/21/pic.jpg"),
    ("covid19.example/finder", f"{OWN}/gb/23/9/21/covid19.example/finder"),
    ("#_ftn1", f"{BASE}#_ftn1"),
    ("", BASE),
    # not part of the URL: line breaks, quotes that were escaped twice
    ("https://example.org/a\n  b", "https://example.org/a%20%20b"),
    ("https://example.org/\r\na", "https://example.org/a"),
    ("https://example.org/a<br />b", "https://example.org/ab"),
    ('\\"http://example.org/a\\"', "http://example.org/a"),
    ("“http://example.org/a”", "http://example.org/a"),
    # removed: tracking parameters, cache-busters
    ("https://example.org/?utm_source=news&id=12", "https://example.org/?id=12"),
    ("https://example.org/?id=12&fbclid=x&b=1", "https://example.org/?id=12&b=1"),
    ("https://example.org/?UTM_Campaign=x", "https://example.org/"),
    ("https://example.org/?utm_source", "https://example.org/"),
    ("https://example.org/a.mp4?_=12", "https://example.org/a.mp4"),
    ("https://example.org/?_=a", "https://example.org/?_=a"),
    ("https://example.org/a';", "https://example.org/a"),
    ("https://example.org/a'?", "https://example.org/a"),
    ("https://example.org/?utmost=1", "https://example.org/?utmost=1"),
    ("https://example.org/?q=utm_source=1", "https://example.org/?q=utm_source=1"),
    ("https://example.org/README.md?10211645", "https://example.org/README.md"),
    ("https://example.org/README.md?1021164", "https://example.org/README.md?1021164"),
    ("https://example.org/read?10211645", "https://example.org/read?10211645"),
    # mail addresses
    ("mailto:desk@example.org", "mailto:desk@example.org"),
    ("MailTo: Desk@Example.org", "mailto:Desk@Example.org"),
    ("mailto:desk@example.org?subject=海", "mailto:desk@example.org?subject=%E6%B5%B7"),
]

UNUSABLE = [
    # typing errors, which would invent an address of the newspaper
    *(
        "http//a.com",
        "https//a.com/x",
        "http;//a.com",
        "http：//a.com",
        "https:/a.com",
        "https:a.com/x",
    ),
    *("https:///a.com/x", "///a.com/x", "a@b.com", "first.last@mail.example.org"),
    "http://“海岛集团…",
    "http://【内幕】…",
    "http://https：//www.example.org",
    "http://",
    "http://example.org:port/",
    "http://example.org:99999/",
    "http://[2001:db8::1/",
    "http://exa mple.org/",
    "http://a..b/",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<b>",
    "file:///etc/passwd",
    "blob:https://example.org/1",
    "ftp://example.org/a",
    "shttp://example.org/a",
    "tel:123",
    "mailto:",
    "mailto:nobody",
    # who is asked is the reader's own network, in whatever notation
    "http://127.0.0.1/",
    "http://127.1:8080/a",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://１２７.０.０.１/",
    "http://127.0.0.1./",
    "http://0.0.0.0/",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://192.168.1.1/reboot.cgi",
    "http://169.254.169.254/latest/meta-data",
    "http://100.64.0.1/",
    "http://[::1]/",
    "http://[::]/",
    "http://[fe80::1]/",
    "http://[64:ff9b::7f00:1]/",
    "https://",
    "//",
    "http://[fd00::1]/",
    "http://[::ffff:192.168.1.1]/",
    "http://[2002:c0a8:101::]/",
    "http://localhost/",
    "http://a.localhost/",
    "http://printer.local/",
    "http://router.lan/",
    "http://nas.home.arpa/",
    "http://256.1.1.1/",
    "http://1.2.3.4.5/",
    "//192.168.1.1/a.png",
    # names that a page has no business to give
    "https://user:secret@example.org/",
    "https://user@example.org/",
    "http://www.epochtimes.com@example.org/",
    # longer than an address may be
    "https://example.org/" + "a" * 2048,
    "https://example.org/" + "海" * 300,
]


@pytest.mark.parametrize(("href", "expected"), CANONICAL)
def test_canonical(href: str, expected: str) -> None:
    assert canonical(href, BASE) == expected
    assert canonical(expected, BASE) == expected, "its own canonical form is itself"


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        *[(href, True) for href in ("a.asp?ID=1", "/i6/1.jpg", "?a", "../a.htm")],
        *[(href, False) for href in ("//example.org/", "http://example.org/", "www.example.org/a")],
        ("mailto:a@b", False),
    ],
)
def test_is_relative(href: str, expected: bool) -> None:
    assert is_relative(href) is expected


def test_a_page_of_a_private_host_leads_to_that_host_only() -> None:
    """A mirror may be on a private host, but must not link to others."""
    base = "http://127.0.0.1:8000/books/README.md"
    assert canonical("files/b.txt", base) == "http://127.0.0.1:8000/books/files/b.txt"
    with pytest.raises(UnusableURL):
        canonical("//192.168.1.1/b.txt", base)


@pytest.mark.parametrize("href", UNUSABLE)
def test_unusable(href: str) -> None:
    with pytest.raises(UnusableURL):
        canonical(href, BASE)


@given(st.text(max_size=60) | st.text(alphabet="';\"\\/ :.%a1?#&=@[]文\x1f\t<>", max_size=20))
def test_any_text_is_canonical_or_unusable(text: str) -> None:
    """No other error; the result has an allowed scheme and is stable."""
    for href in (text, f"http://{text}", f"//{text}/x", f"https://example.org/{text}"):
        try:
            url = canonical(href, BASE)
        except UnusableURL:
            continue
        assert url.startswith(("http://", "https://", "mailto:"))
        assert not set(url) & set('\n\r\t <>"')
        assert canonical(url, BASE) == url


MIRROR_PATHS = [
    # page, link, target
    ("README.md", "indexes/ncid1/README.md?10021200", "indexes/ncid1/README.md"),
    ("README.md", "./indexes/ncid1/README.md", "indexes/ncid1/README.md"),
    ("README.md", "indexes//ncid1/./README.md#top", "indexes/ncid1/README.md"),
    ("README.md", " indexes/ncid1/README.md ", "indexes/ncid1/README.md"),
    ("README.md", "indexes/../../indexes/a/README.md", None),
    ("README.md", "../other/README.md", None),
    ("README.md", "/etc/passwd", None),
    ("README.md", "//example.org/README.md", None),
    ("README.md", "https://example.org/README.md", None),
    ("README.md", "file:///etc/passwd", None),
    ("README.md", "javascript:alert(1)", None),
    ("README.md", "mailto:a@b", None),
    ("README.md", "C:\\README.md", None),
    ("README.md", "indexes\\a\\README.md", None),
    ("README.md", "indexes/%2e%2e/%2e%2e/etc/passwd.md", None),
    ("README.md", "indexes/a\x00/README.md", None),
    ("README.md", "indexes/a\n/README.md", None),
    ("README.md", "indexes/a b/README.md", None),
    ("README.md", "?10021200", None),
    ("README.md", "#top", None),
    ("README.md", "", None),
    ("indexes/a/README.md", "../../pages/a/n1.md?10021200", "pages/a/n1.md"),
    ("indexes/a/README.md", "./7.md", "indexes/a/7.md"),
    ("indexes/a/README.md", "ok?10021200", "indexes/a/ok"),
    ("indexes/a/README.md", "../../../etc/passwd.md", None),
    ("indexes/a/README.md", "../../etc/passwd.md", "etc/passwd.md"),
    ("indexes/a/README.md", "../../pages/../../n1.md", None),
    ("indexes/a/README.md", "../..", ""),
]


@pytest.mark.parametrize(("page", "href", "expected"), MIRROR_PATHS)
def test_mirror_path(page: str, href: str, expected: str | None) -> None:
    assert mirror_path(page, href) == expected


@given(st.text(alphabet="./\\%:?#apn1 \x00nmd", max_size=40))
def test_no_link_leads_out_of_the_mirror(href: str) -> None:
    path = mirror_path("indexes/a/README.md", href)
    if path is not None:
        assert not path.startswith("/")
        assert ".." not in path.split("/")
