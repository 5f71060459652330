"""The feed contract as JSON Schema (draft 2020-12), made from the items."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from crawler.items import CONTRACT_VERSION, Article, Listing


def article_schema() -> dict[str, Any]:
    """Return the schema of a line of ``articles.jsonl``."""
    return _schema(Article, "One article of a mirror, one line of articles.jsonl")


def listing_schema() -> dict[str, Any]:
    """Return the schema of a line of ``listings.jsonl``."""
    return _schema(Listing, "One article as one section lists it, one line of listings.jsonl")


def _schema(item: type, title: str) -> dict[str, Any]:
    properties = {field.name: dict(field.metadata["schema"]) for field in fields(item)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "$comment": f"feed contract, version {CONTRACT_VERSION}",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
