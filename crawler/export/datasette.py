"""Datasette's metadata for an export: adds the canned queries, and blocks the page of the index.

Datasette shows a search box on the page of a full-text index, but does not split the phrase, so a
search there finds nothing. The canned query ``search`` replaces it. The page of ``articles`` has no
search box, because the index names its content table in single quotes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.export.queries import QUERIES, CannedQuery

if TYPE_CHECKING:
    from pathlib import Path

_HIDDEN = {
    "articles_fts": {"hidden": True, "allow": False},
    "canned_queries": {"hidden": True},
    "exported_files": {"hidden": True},
}


def metadata(database: Path) -> dict[str, Any]:
    """Return the content of ``metadata.json`` for the file ``database``."""
    return {
        "title": "Articles of a mirror",
        "databases": {
            database.stem: {
                "queries": {query.name: _query(query) for query in QUERIES},
                "tables": {
                    "articles": {"label_column": "title", "sort_desc": "date_published"},
                    "unique_articles": {"sort_desc": "date_published"},
                    **_HIDDEN,
                },
            }
        },
    }


def _query(query: CannedQuery) -> dict[str, Any]:
    return {"title": query.title, "description": query.description, "sql": query.text}
