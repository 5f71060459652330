"""A stand-in on loopback for web sites that render a mirror.

It processes a mirror's Markdown as those sites do, as far as that is public:

* GitHub Flavored Markdown by ``cmarkgfm``, the bindings to GitHub's own fork of cmark, with
  the extensions of the specification (https://github.github.com/gfm/).
* Sanitizing by the allow-list of html-pipeline (``SanitizationFilter``,
  https://github.com/gjtorikian/html-pipeline), which github/markup's README names as the step
  after rendering: unknown elements (``ok``, ``font``, ``center``) go and their text stays,
  ``class``, ``style``, comments and scripts go, identifiers get the prefix ``user-content-``.
* Image addresses through a proxy as camo makes them (https://github.com/atmos/camo: digest,
  then the address in hexadecimal), with the original in ``data-canonical-src``, and a link
  around each picture that has none; relative links made absolute inside the repository.
* Headings wrapped with their permanent link, tables in ``markdown-accessiblity-table`` (so
  spelt there), as the pages of github.com have them.
* A React-like shell: the document carries JSON in
  ``script[data-target="react-app.embeddedData"]``, in the older form (``payload.blob.richText``)
  or the newer (``payload.codeViewBlobRoute.richText``), cut for large files and completed by a
  second request; a script puts it into ``article.markdown-body``.
* Error pages with the wording github.com uses, and its rules for robots of the paths a mirror
  has.

It also serves a shell like docsify's (https://docsify.js.org): ``index.html`` that fetches
the ``.md`` named behind ``#/`` and renders it in the browser, here with marked (MIT licence,
``tests/assets``).

What cannot be checked without the real sites is an approximation; docstrings mark these parts.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import cmarkgfm
import lxml.html
import nh3
from cmarkgfm.cmark import Options
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

ASSETS: Final = Path(__file__).parent / "assets"
SAMPLE: Final = Path(__file__).parent.parent / "sample"

#: The allow-list, in the order of the source.
ELEMENTS: Final = frozenset(
    "h1 h2 h3 h4 h5 h6 br b i strong em a pre code img tt div ins del sup sub p ol ul table thead"
    " tbody tfoot blockquote dl dt dd kbd q samp var hr ruby rt rp li tr td th s strike summary"
    " details caption figure figcaption abbr bdo cite dfn mark small span time wbr".split()
)
EVERYWHERE: Final = frozenset(
    "abbr accept accept-charset accesskey action align alt aria-describedby aria-hidden aria-label"
    " aria-labelledby axis border cellpadding cellspacing char charoff charset checked clear cols"
    " colspan color compact coords datetime dir disabled enctype for frame headers height hreflang"
    " hspace id ismap label lang maxlength media method multiple name nohref noshade nowrap open"
    " progress prompt readonly rel rev role rows rowspan rules scope selected shape size span start"
    " summary tabindex title type usemap valign value width itemprop".split()
)
ATTRIBUTES: Final = {
    "*": set(EVERYWHERE),
    "a": {"href"},
    "img": {"src", "longdesc"},
    "div": {"itemscope", "itemtype"},
    "blockquote": {"cite"},
    "del": {"cite"},
    "ins": {"cite"},
    "q": {"cite"},
}
#: Elements that are removed with their text.
SILENT: Final = frozenset("script style iframe noscript noembed noframes svg math xmp".split())
GFM: Final = ("table", "autolink", "strikethrough", "tasklist")
CAMO: Final = "https://camo.githubusercontent.com"
#: Where the data in the document is cut. An approximation: github.com does not publish its limit.
CUT_AT: Final = 60_000


def sanitized(html: str) -> str:
    """Return ``html`` filtered by the allow-list."""
    return nh3.clean(
        html,
        tags=set(ELEMENTS),
        clean_content_tags=set(SILENT),
        attributes=ATTRIBUTES,
        id_prefix="user-content-",
        link_rel=None,
        strip_comments=True,
        url_schemes={"http", "https", "mailto"},
    )


def camo(address: str) -> str:
    """Return the proxy's URL for the picture at ``address``."""
    digest = hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    return f"{CAMO}/{digest}/{address.encode().hex()}"


@dataclass(frozen=True)
class Renderer:
    """Renders files of one repository as the site shows them.

    Attributes:
        repository: ``/owner/name`` as in the site's addresses.
        branch: the branch shown.
        canonical: whether pictures carry ``data-canonical-src`` (else only the hexadecimal form).
    """

    repository: str = "/owner/mirror"
    branch: str = "master"
    canonical: bool = True

    def rich_text(self, markdown: str, path: str) -> str:
        """Return the HTML of the ``article`` that shows ``markdown``, a file at ``path``."""
        html = cmarkgfm.markdown_to_html_with_extensions(
            markdown, options=Options.CMARK_OPT_UNSAFE, extensions=GFM
        )
        root = lxml.html.fragment_fromstring(sanitized(html), create_parent="article")
        root.set("class", "markdown-body entry-content container-lg")
        root.set("itemprop", "text")
        for image in list(root.iter("img")):
            self._proxy(image, path)
        for link in list(root.iter("a")):
            self._anchor(link, path)
        for heading in list(root.iter("h1", "h2", "h3", "h4", "h5", "h6")):
            _permalink(heading)
        for block in root.iter("p", "ul", "ol"):
            block.set("dir", "auto")
        for table in list(root.iter("table")):
            _wrap(table, etree.Element("markdown-accessiblity-table"))
        return str(lxml.html.tostring(root, encoding="unicode"))

    def _proxy(self, image: lxml.html.HtmlElement, path: str) -> None:
        """Rewrite a picture's URL to the proxy, and link the picture to itself unless it has a link."""
        source = (image.get("src") or "").strip()
        if source.startswith(("http://", "https://")):
            image.set("src", camo(source))
            if self.canonical:
                image.set("data-canonical-src", source)
        elif source:
            inside = source if source.startswith("//") else self._inside(source, path, "raw")
            image.set("src", inside)
        image.set("style", "max-width: 100%;")
        if not any(parent.tag == "a" for parent in image.iterancestors()):
            link = etree.Element("a", target="_blank", rel="noopener noreferrer")
            link.set("href", image.get("src") or "")
            _wrap(image, link)

    def _anchor(self, link: lxml.html.HtmlElement, path: str) -> None:
        """Make a relative link absolute inside the repository; mark an external one."""
        target = link.get("href") or ""
        if link.get("target") == "_blank":
            return
        if re.match(r"(https?|mailto):", target):
            link.set("rel", "nofollow")
        elif target and not target.startswith(("#", "//")):
            link.set("href", self._inside(target, path, "blob"))

    def _inside(self, target: str, path: str, view: str) -> str:
        place, mark, query = target.partition("?")
        if place.startswith("/"):
            inside = posixpath.normpath(place).lstrip("/")
        else:
            inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), place))
        return f"{self.repository}/{view}/{self.branch}/{inside}{mark}{query}"


def _wrap(element: lxml.html.HtmlElement, wrapper: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    wrapper.tail, element.tail = element.tail, None
    parent.replace(element, wrapper)
    wrapper.append(element)


def _permalink(heading: lxml.html.HtmlElement) -> None:
    name = re.sub(r"[^\w\- ]", "", str(heading.text_content()).strip().lower()).replace(" ", "-")
    wrapper = etree.Element("div")
    wrapper.set("class", "markdown-heading")
    wrapper.set("dir", "auto")
    _wrap(heading, wrapper)
    heading.set("class", "heading-element")
    heading.set("tabindex", "-1")
    heading.set("dir", "auto")
    anchor = etree.SubElement(wrapper, "a", id=f"user-content-{name}", href=f"#{name}")
    anchor.set("class", "anchor")
    anchor.set("aria-label", f"Permalink: {str(heading.text_content()).strip()}")
    octicon = etree.SubElement(anchor, "span")
    octicon.set("aria-hidden", "true")
    octicon.set("class", "octicon octicon-link")


SHELL: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{path} at {branch} · {name} · GitHub</title>
<link rel="stylesheet" href="{elsewhere}/site.css">
<link rel="preload" as="font" crossorigin href="{elsewhere}/font.woff2">
<script src="{elsewhere}/analytics.js" async></script>
<script src="/assets/app.js" defer></script>
</head><body class="logged-out env-production">
<img src="{elsewhere}/pixel.gif" width="1" height="1" alt="">
<iframe src="{elsewhere}/frame.html"></iframe>
<video src="{elsewhere}/film.mp4" autoplay></video>
<div id="js-repo-pjax-container"><react-app app-name="react-code-view">
<script type="application/json" data-target="react-app.embeddedData">{data}</script>
<div data-target="react-app.reactRoot"><div class="loading">Loading</div></div>
</react-app></div>
{extra}
</body></html>"""

#: The application: shows the document's data, and completes it if it was cut.
APP_JS: Final = """
const data = JSON.parse(
  document.querySelector('script[data-target="react-app.embeddedData"]').textContent);
const payload = data.payload;
const blob = payload.codeViewBlobRoute || payload.blob;
const root = document.querySelector('[data-target="react-app.reactRoot"]');
function show(html) { root.innerHTML = html; }
try { navigator.serviceWorker && navigator.serviceWorker.register('/sw.js').catch(() => {}); }
catch (error) { /* blocked */ }
const elsewhere = data.elsewhere;
fetch(elsewhere + '/collect', {method: 'POST', body: 'hit', mode: 'no-cors'}).catch(() => {});
navigator.sendBeacon(elsewhere + '/beacon', 'hit');
try { new WebSocket(elsewhere.replace('http', 'ws') + '/socket'); } catch (error) { /* blocked */ }
setTimeout(() => {
  if (payload.error) {
    show('<main><h1>404 - page not found</h1><p>The <code>' + payload.error.branch +
         '</code> branch of <code>mirror</code> does not contain the path <code>' +
         payload.error.path + '</code>.</p></main>');
    return;
  }
  show(blob.richText);
  if (blob.cut) {
    setTimeout(() => {
      fetch(location.pathname, {headers: {'Accept': 'application/json',
                                          'X-Requested-With': 'XMLHttpRequest'}})
        .then(answer => answer.json())
        .then(full => show(full.payload.blob.richText));
    }, 150);
  }
}, 30);
"""

DOCSIFY: Final = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>Mirror</title>
<script src="marked.js"></script>
<script async src="{elsewhere}/analytics.js"></script>
</head><body><div id="app">Loading ...</div>
<script>
function route() {{
  const path = decodeURI(location.hash.replace(/^#\\//, '')).split('?')[0] || 'README.md';
  fetch(path).then(answer => {{
    if (!answer.ok) throw new Error(answer.status);
    return answer.text();
  }}).then(text => {{
    document.getElementById('app').innerHTML = '<main><section class="content">' +
      '<article class="markdown-section" id="main">' + marked.parse(text) +
      '</article></section></main>';
  }}).catch(error => {{
    document.getElementById('app').innerHTML =
      '<article class="markdown-section" id="main"><h1>404 - Not found</h1></article>';
  }});
}}
addEventListener('hashchange', route);
route();
</script></body></html>"""

NOT_FOUND: Final = """<!DOCTYPE html><html><head><title>Page not found · GitHub · GitHub</title>
</head><body><h1>404</h1><p>This is not the web page you are looking for.</p></body></html>"""
WHOA: Final = """<!DOCTYPE html><html><head><title>Rate limit · GitHub</title></head><body>
<h1>Whoa there!</h1><p>You have exceeded a secondary rate limit.<br>Please wait a few minutes
before you try again; in some cases this may take up to an hour.</p></body></html>"""
TOO_MANY: Final = """<!DOCTYPE html><html><head><title>Too many requests · GitHub</title></head>
<body><h1>Too many requests</h1></body></html>"""
UNICORN: Final = """<!DOCTYPE html><html><head><title>Unicorn! · GitHub</title></head><body>
<h1>No server is currently available to service your request.</h1>
<p>Sorry about that. Please try refreshing.</p></body></html>"""
TOO_LONG: Final = """<!DOCTYPE html><html><head><title>Unicorn! · GitHub</title></head><body>
<h1>This page is taking too long to load.</h1><p>Sorry about that.</p></body></html>"""
ROBOTS: Final = """User-agent: *
Disallow: /*/*/tree/
Disallow: /*/raw/
Disallow: /*/archive/
"""

#: Faults that replace the whole response: name -> status, body.
ANSWERS: Final = {
    "rate_limit": (429, WHOA),
    "rate_limit_200": (200, WHOA),
    "too_many": (429, TOO_MANY),
    "unicorn": (503, UNICORN),
    "too_long": (200, TOO_LONG),
    "not_found_200": (200, NOT_FOUND),
    "empty": (200, "<!DOCTYPE html><html><body><p>Something else.</p></body></html>"),
}
#: Faults that a script in the page causes: name -> script; ``ELSEWHERE`` is the other host.
SCRIPTS: Final = {
    "hung": "while (true) {}",
    "hung_later": "setTimeout(() => { while (true) {} }, 60);",
    # until the heap limit ends the renderer
    "crash": "const held = []; for (;;) held.push(new Array(1e6).fill(Math.random()));",
    # until the memory watch kills the renderer
    "grow": "const text = 'x'.repeat(1 << 21); function grow() { for (let i = 0; i < 8; i++)"
    " document.body.append(document.createTextNode(text + Math.random())); setTimeout(grow); }"
    " grow();",
    "long": "document.body.setAttribute('long', 'x'.repeat((1 << 24) + 1));",
    "attributes": "for (let i = 0; i < 2000; i++) document.body.setAttribute('a' + i, '');",
    "never": "document.querySelector('[data-target=\"react-app.embeddedData\"]').textContent="
    '\'{"payload": {"blob": {"richText": "<p>soon</p>"}}, "elsewhere": "ELSEWHERE"}\';',
    "dialog": "alert('one'); confirm('two'); prompt('three');"
    "addEventListener('beforeunload', event => { event.preventDefault(); return 'stay'; });",
    "popup": "for (let i = 0; i < 3; i++) { open('ELSEWHERE/popup'); open('about:blank'); }",
    "download": "const a = document.createElement('a'); a.href = 'data:text/plain,hello';"
    "a.download = 'file.txt'; document.body.append(a); a.click();",
    "offsite": "location.href = 'ELSEWHERE/landing';",
    "offsite_same_host": "location.href = '/login';",
    "worker": "for (let i = 0; i < 2; i++) new Worker(URL.createObjectURL(new Blob("
    "[\"fetch('ELSEWHERE/worker'); while (true) {}\"])));",
}


@dataclass
class Hits:
    """Requests to a server, in order."""

    paths: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)


class Elsewhere(ThreadingHTTPServer):
    """Any other host: answers all requests and records them."""

    daemon_threads = True

    def __init__(self, host: str = "127.0.0.1") -> None:
        """Listen on a free port of ``host``."""
        super().__init__((host, 0), _ElsewhereHandler)
        self.hits = Hits()
        self.url = f"http://{host}:{self.server_port}"


class _ElsewhereHandler(BaseHTTPRequestHandler):
    server: Elsewhere

    def _answer(self) -> None:
        self.server.hits.paths.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()

    do_GET = do_POST = do_HEAD = do_OPTIONS = do_CONNECT = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing: what was asked is in ``hits``."""


class StandIn(ThreadingHTTPServer):
    """Renders the mirror in ``directory`` at ``base``; ``faults`` sets faults for pages.

    Attributes:
        base: address of the mirror's files as the site shows them, ending in ``/``.
        docsify_base: the same mirror with the client-side shell.
        faults: path in the mirror -> name of a fault (``ANSWERS``, ``SCRIPTS``, ``redirect``,
            ``redirect_inside``, ``attachment``, ``silent``, ``refuse``, ``busy_once``).
        new_payload: whether the document carries the newer form of the data.
        robots: the rules for robots.
        retry_after: ``Retry-After`` of a response with status 429, in seconds.
        hits: requests so far.
    """

    daemon_threads = True

    def __init__(self, directory: Path, elsewhere: str = "http://127.0.0.2:9") -> None:
        """Listen on a free port of 127.0.0.1; trackers point to ``elsewhere``."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.directory = directory
        self.elsewhere = elsewhere
        self.renderer = Renderer()
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.prefix = f"{self.renderer.repository}/blob/{self.renderer.branch}/"
        self.base = self.origin + self.prefix
        self.docsify_base = f"{self.origin}/docs/#/"
        self.faults: dict[str, str] = {}
        self.new_payload = False
        self.robots = ROBOTS
        self.retry_after = 60
        self.cut_at = CUT_AT
        self.hits = Hits()

    def document(self, path: str) -> str:
        """Return the site's document for the file at ``path``.

        Raises:
            FileNotFoundError: the mirror has no such file.
        """
        html = self.rich_text(path)
        cut = html[: self.cut_at]
        blob: dict[str, object] = {"richText": cut, "cut": len(cut) < len(html)}
        payload: dict[str, object] = (
            {"codeViewBlobRoute": blob} if self.new_payload else {"blob": blob}
        )
        return self.shell(path, payload)

    def rich_text(self, path: str) -> str:
        """Return the rendered file at ``path``."""
        text = (self.directory / path).read_bytes().decode(errors="replace")
        return self.renderer.rich_text(text, path)

    def shell(self, path: str, payload: dict[str, object]) -> str:
        """Return the application's document around ``payload``."""
        data = json.dumps({"payload": payload, "elsewhere": self.elsewhere})
        script = SCRIPTS.get(self.faults.get(path, ""), "").replace("ELSEWHERE", self.elsewhere)
        return SHELL.format(
            path=path,
            branch=self.renderer.branch,
            name=self.renderer.repository.strip("/"),
            data=data.replace("<", "\\u003c"),
            elsewhere=self.elsewhere,
            extra=f"<script>{script}</script>" if script else "",
        )


class _Handler(BaseHTTPRequestHandler):
    server: StandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request as the site would, or with the fault of its path."""
        self.server.hits.paths.append(self.path)
        self.server.hits.agents.add(self.headers.get("User-Agent", ""))
        address = unquote(urlsplit(self.path).path)
        if address.startswith(self.server.prefix):
            self._file(address.removeprefix(self.server.prefix))
        elif address.startswith("/docs/"):
            self._docsify(address.removeprefix("/docs/"))
        elif address == "/robots.txt":
            self._send(self.server.robots, kind="text/plain")
        elif address == "/assets/app.js":
            self._send(APP_JS, kind="text/javascript")
        elif address == "/sw.js":
            self._send(f"fetch('{self.server.elsewhere}/sw')", kind="text/javascript")
        else:
            self._send(NOT_FOUND, status=404)

    def _file(self, path: str) -> None:
        fault = self.server.faults.get(path, "")
        if fault in ANSWERS:
            status, body = ANSWERS[fault]
            self._send(body, status=status)
        elif fault:
            self._faulty(path, fault)
        elif "application/json" in self.headers.get("Accept", ""):
            blob = {"richText": self.server.rich_text(path)}
            self._send(json.dumps({"payload": {"blob": blob}}), kind="application/json")
        else:
            self._document(path)

    def _faulty(self, path: str, fault: str) -> None:
        if fault == "redirect":
            self._redirect(f"{self.server.elsewhere}/moved")
        elif fault == "redirect_inside":
            self._redirect("/login?return_to=x")
        elif fault == "attachment":
            self._send("x" * 100, kind="application/octet-stream")
        elif fault == "silent":
            threading.Event().wait(30)
        elif fault == "busy_once" and self.server.hits.paths.count(self.path) == 1:
            self._send(TOO_MANY, status=429)
        elif fault == "refuse":
            self.close_connection = True
            self.connection.shutdown(2)
        else:
            self._document(path)

    def _document(self, path: str) -> None:
        try:
            self._send(self.server.document(path))
        except OSError:
            error = {"path": path, "branch": self.server.renderer.branch}
            page = self.server.shell(path, {"error": error})
            self._send(page, status=404)

    def _docsify(self, path: str) -> None:
        if not path:
            self._send(DOCSIFY.format(elsewhere=self.server.elsewhere))
        elif path == "marked.js":
            self._send((ASSETS / "marked.umd.js").read_text("utf-8"), kind="text/javascript")
        else:
            try:
                text = (self.server.directory / path).read_text("utf-8")
            except OSError:
                self._send("404 page not found", status=404, kind="text/plain")
            else:
                self._send(text, kind="text/markdown")

    def _redirect(self, target: str) -> None:
        self.send_response(HTTPStatus.FOUND)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, body: str, *, status: int = 200, kind: str = "text/html") -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            self.send_header("Retry-After", str(self.server.retry_after))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing: what was asked is in ``hits``."""


def serving(servers: Iterable[ThreadingHTTPServer]) -> Generator[None]:
    """Run ``servers`` in threads until the generator is closed (for fixtures)."""
    started = list(servers)
    for server in started:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield
    finally:
        for server in started:
            server.shutdown()
            server.server_close()


@contextmanager
def sites(directory: Path = SAMPLE) -> Iterator[tuple[StandIn, Elsewhere]]:
    """Run the stand-in for a mirror, and another host."""
    elsewhere = Elsewhere("127.0.0.2")
    site = StandIn(directory, elsewhere.url)
    running = serving([site, elsewhere])
    next(running)
    try:
        yield site, elsewhere
    finally:
        running.close()
