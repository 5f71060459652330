"""Unwraps meaningless nested elements, so that deep trees can be walked."""

from __future__ import annotations

from lxml import etree

from crawler.exceptions import PageMalformed

MAX_TREE_DEPTH = 2000
"""libxml2 drops elements nested deeper than 2,048 levels, so deeper pages are refused."""

_BLOCKS = frozenset(
    "p div center section article aside header footer main nav address details summary "
    "form fieldset".split()
)
_INLINE = frozenset(
    "span font big small b strong i em cite u s del strike tt code ins label".split()
)
_KEPT_LEVELS = 50
"""Inline formatting is kept down to this depth."""


def flattened(root: etree._Element) -> etree._Element:
    """Replace nested elements by their content, in place; return ``root``.

    An ``<hr>`` replaces the edges of a block, because they end a paragraph. Elements with a class or
    an id are kept, because they may mean something.

    Raises:
        PageMalformed: the tree is so deep that the parser has dropped elements.
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
    """Replace an element by its content; with ``breaks``, paragraphs end at its edges."""
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
