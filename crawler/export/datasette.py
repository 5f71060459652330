"""What Datasette is told of an export: its canned queries, and no search that finds nothing.

Datasette offers a search box for every full-text table, which passes the phrase on unsplit.
Here it is off; the canned query ``search`` takes its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.export.queries import QUERIES, CannedQuery

if TYPE_CHECKING:
    from pathlib import Path

_NO_SEARCH_BOX = {"fts_table": None}
_INTERNAL = ("articles_fts", "canned_queries", "exported_files")


def metadata(database: Path) -> dict[str, Any]:
    """Return the content of the ``metadata.json`` that serves the file ``database``."""
    hidden = {table: {"hidden": True, **_NO_SEARCH_BOX} for table in _INTERNAL}
    return {
        "title": "Articles of a mirror",
        "databases": {
            database.stem: {
                "queries": {query.name: _query(query) for query in QUERIES},
                "tables": {
                    "articles": {
                        "label_column": "title",
                        "sort_desc": "date_published",
                        **_NO_SEARCH_BOX,
                    },
                    "unique_articles": {"sort_desc": "date_published", **_NO_SEARCH_BOX},
                    **hidden,
                },
            }
        },
    }


def _query(query: CannedQuery) -> dict[str, Any]:
    return {"title": query.title, "description": query.description, "sql": query.text}
