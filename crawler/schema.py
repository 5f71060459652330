"""The feed contract as JSON Schema (draft 2020-12), made from the items and a mirror's format."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from crawler.formats.base import Format
from crawler.items import CONTRACT_VERSION, Article, Listing


def article_schema(mirror_format: Format) -> dict[str, Any]:
    """Return the schema of a line of ``articles.jsonl``, for mirrors of one format."""
    title = "One article of a mirror, one line of articles.jsonl"
    patterns = {"id": mirror_format.id_pattern, "url": mirror_format.url_pattern}
    return _schema(Article, title, patterns)


def listing_schema(mirror_format: Format) -> dict[str, Any]:
    """Return the schema of a line of ``listings.jsonl``, for mirrors of one format."""
    title = "One article as one section lists it, one line of listings.jsonl"
    return _schema(Listing, title, {"id": mirror_format.id_pattern})


def _schema(item: type, title: str, patterns: dict[str, str]) -> dict[str, Any]:
    properties = {field.name: dict(field.metadata["schema"]) for field in fields(item)}
    for key, pattern in patterns.items():
        properties[key]["pattern"] = pattern
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "$comment": f"feed contract, version {CONTRACT_VERSION}",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
