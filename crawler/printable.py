"""Makes untrusted text safe to show on a terminal, in a log or in a report.

Pages, URLs, headers and git's messages may have escape sequences that control a terminal,
bidirectional characters that change what is read, or line breaks that forge a line of the log.
"""

from __future__ import annotations

SHORT = 300
"""Maximum number of characters shown of a value, such as a title or a URL."""

MESSAGE = 2000
"""Maximum number of characters shown of a message, which may have paths or list choices."""

_LINE = 1000
_LINES = 200


def printable(text: object, most: int = SHORT) -> str:
    r"""Return ``text`` on one line, with at most ``most`` characters, all of them visible.

    White space becomes a space. Control, bidirectional and zero-width characters and surrogates are
    escaped as in Python: ``\x1b``, ``\u202e``.
    """
    given = str(text)
    shown = "".join(map(_visible, given[: most + 1]))
    return shown if len(shown) <= most and len(given) <= most else shown[: most - 1] + "…"


def printable_lines(text: str) -> str:
    """Return ``text`` with its line breaks and each line :func:`printable`.

    Lines after the first are indented, so that they do not look like log records. Lines are
    shortened to 1,000 characters; of more than 200 lines, the middle is omitted.
    """
    lines = text.split("\n")
    if len(lines) > _LINES:
        half = _LINES // 2
        lines = [*lines[:half], f"… {len(lines) - 2 * half:,} lines …", *lines[-half:]]
    first, *others = (printable(line.rstrip("\r"), _LINE) for line in lines)
    return "\n".join([first, *(line if line[:1] in ("", " ") else f"  {line}" for line in others)])


def printable_json(text: str) -> str:
    """Return an equivalent JSON text with invisible characters escaped."""
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
