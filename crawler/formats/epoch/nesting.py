"""Elements nested too deep to be walked: the boxes that say nothing are taken away."""

from __future__ import annotations

from lxml import etree

from crawler.exceptions import PageMalformed

MAX_TREE_DEPTH = 2000
"""libxml2 drops what is nested deeper than 2,048 levels: such a page is refused, not cut."""

_BLOCKS = frozenset(
    "p div center section article aside header footer main nav address details summary "
    "form fieldset".split()
)
_INLINE = frozenset(
    "span font big small b strong i em cite u s del strike tt code ins label".split()
)
# Formatting that stands above this depth is kept.
_KEPT_LEVELS = 50


def flattened(root: etree._Element) -> etree._Element:
    """Return ``root`` with nested boxes replaced by what they hold, in place.

    A box ends the text before it and its own: an ``<hr>`` does the same where it stood. Boxes
    with a class or id keep their meaning, and stay.

    Raises:
        PageMalformed: the tree is so deep that the parser left something out.
    """
    open_elements = [(root, 0)]
    while open_elements:
        element, depth = open_elements.pop()
        if depth > MAX_TREE_DEPTH:
            raise PageMalformed(f"tags are nested deeper than {MAX_TREE_DEPTH}")
        open_elements += [(child, depth + 1) for child in element if isinstance(child.tag, str)]
        if element is root or not len(element) or element.get("class") or element.get("id"):
            continue
        if element.tag in _BLOCKS:
            _unwrap(element, breaks=True)
        elif element.tag in _INLINE and depth > _KEPT_LEVELS:
            _unwrap(element, breaks=False)
    return root


def _unwrap(element: etree._Element, *, breaks: bool) -> None:
    """Replace an element by its content; with ``breaks`` text does not run across its edges."""
    content = element.makeelement("hr" if breaks else "wbr")
    content.tail = element.text
    element.addprevious(content)
    for child in list(element):
        element.addprevious(child)
    end = element.makeelement("hr" if breaks else "wbr")
    element.addprevious(end)
    end.tail, element.tail = element.tail, None
    parent = element.getparent()
    assert parent is not None  # noqa: S101 (the root is never unwrapped)
    parent.remove(element)
