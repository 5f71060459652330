"""Formats HTML like the mirror's pretty-printer.

It writes one tag, text or comment a line, indents by one space per level, strips text (also of
no-break and ideographic spaces), and sorts attributes. Unclosed tags are closed at the end, an
end tag without a start is dropped, and nested paragraphs stay nested. Then the mirror's own
replacements are applied to the text.
"""

from __future__ import annotations

from html.parser import HTMLParser

VOID = frozenset(
    (
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ),
)
"""Elements without an end tag."""

REPLACEMENTS = (
    ("<h2", "<h4"),
    ("</h2>", "</h4>"),
    ("<a href", "<ok href"),
    ("</a>", "</ok>"),
    ("<figcaption", "<br/><figcaption"),
    ("</figcaption>", "</figcaption><br/>"),
    ("</figure>", "</figure><br/>"),
)
"""What the mirror replaces in the laid-out text, blindly: an ``<a class=… href=…>`` keeps its
start tag and gets the end tag ``</ok>``."""


def prettify(html: str) -> str:
    """Return formatted ``html`` without a final line break."""
    printer = _Printer()
    printer.feed(html)
    printer.close()
    return printer.result()


def mirrored(html: str) -> str:
    """Return formatted ``html`` with the mirror's replacements."""
    text = prettify(html)
    for old, new in REPLACEMENTS:
        text = text.replace(old, new)
    return text


def escaped(text: str) -> str:
    """Return ``text`` with the mirror's three escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class _Printer(HTMLParser):
    """Writes lines while parsing; the number of open tags is the indent."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._open: list[str] = []
        self._text: list[str] = []

    def result(self) -> str:
        """Close all open tags and return the lines."""
        self._flush()
        while self._open:
            self._close_last()
        return "\n".join(self._lines)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Write the start tag; void elements are not opened."""
        self._flush()
        written = "".join(f" {name}={_quoted(value or '')}" for name, value in sorted(attrs))
        if tag in VOID:
            self._line(f"<{tag}{written}/>")
        else:
            self._line(f"<{tag}{written}>")
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close up to the nearest open ``tag``; drop an end tag that closes nothing."""
        self._flush()
        if tag in self._open:
            while self._close_last() != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Keep text until a tag follows."""
        self._text.append(data)

    def handle_comment(self, data: str) -> None:
        """Write a comment on its own line."""
        self._flush()
        self._line(f"<!--{data}-->")

    def _flush(self) -> None:
        text = "".join(self._text).strip()
        self._text.clear()
        if text:
            self._line(escaped(text))

    def _line(self, text: str) -> None:
        self._lines.append(" " * len(self._open) + text)

    def _close_last(self) -> str:
        tag = self._open.pop()
        self._line(f"</{tag}>")
        return tag


def _quoted(value: str) -> str:
    mark = "'" if '"' in value and "'" not in value else '"'
    inside = escaped(value)
    return f"{mark}{inside if mark == chr(39) else inside.replace(chr(34), '&quot;')}{mark}"
