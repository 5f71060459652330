"""Text from outside, as it may be shown: on a terminal, in a log, in a report.

Pages, addresses, headers and git's messages are a stranger's. An escape sequence in them could
retitle a terminal or move its cursor, a bidi character reverse what is read, a line break forge a
line of the log.
"""

from __future__ import annotations

SHORT = 300
"""Characters that are shown of one value: a title, an address, a message."""

MESSAGE = 2000
"""Characters that are shown of a message: it may have long paths, or name many choices."""

_LINE = 1000
_LINES = 200


def printable(text: object, most: int = SHORT) -> str:
    r"""Return ``text`` in one line, at most so many characters, each of them visible.

    White space becomes a space. What is invisible or steers (control characters, C1 included, bidi
    and zero-width characters, surrogates) is spelled out as in Python: ``\x1b``, ``\u202e``.
    """
    given = str(text)
    shown = "".join(map(_visible, given[: most + 1]))
    return shown if len(shown) <= most and len(given) <= most else shown[: most - 1] + "…"


def printable_lines(text: str) -> str:
    """Return ``text`` with its line breaks, each line :func:`printable`.

    Lines behind the first are indented, so that none looks like a line of its own. Lines are cut at
    1,000 characters, and of more than 200 the middle is left out.
    """
    lines = text.split("\n")
    if len(lines) > _LINES:
        half = _LINES // 2
        lines = [*lines[:half], f"… {len(lines) - 2 * half:,} lines …", *lines[-half:]]
    first, *others = (printable(line.rstrip("\r"), _LINE) for line in lines)
    return "\n".join([first, *(line if line[:1] in ("", " ") else f"  {line}" for line in others)])


def printable_json(text: str) -> str:
    """Return a JSON text that says the same, with what is invisible escaped."""
    return "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in text)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace() and character not in "\x1c\x1d\x1e\x1f\x85":
        return " "
    return character.encode("unicode_escape").decode("ascii")


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
