"""The feed contract as JSON Schema (draft 2020-12), made from the items and a mirror's format."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

import jsonschema_rs

from crawler.formats.base import Format
from crawler.items import CONTRACT_VERSION, Article, Listing

_MOMENT = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
    "format": "date-time",
}


def article_schema(mirror_format: Format) -> dict[str, Any]:
    title = "One article of a mirror, one line of articles.jsonl"
    patterns = {"id": mirror_format.id_pattern, "url": mirror_format.url_pattern}
    return _schema(Article, title, patterns)


@cache
def article_validator(mirror_format: Format) -> jsonschema_rs.Draft202012Validator:
    """Return the validator of an article's record; building it takes a thousand validations."""
    return jsonschema_rs.Draft202012Validator(article_schema(mirror_format))


@cache
def shape_validator() -> jsonschema_rs.Draft202012Validator:
    """Return what validates only the types of an article's values; each may be null or missing."""
    properties = {field.name: _shape(field.metadata["schema"]) for field in fields(Article)}
    return jsonschema_rs.Draft202012Validator({"type": "object", "properties": properties})


def _shape(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without anything but its types, and with null as the value of any key."""
    shape: dict[str, Any] = {}
    if "type" in schema:
        types = schema["type"]
        shape["type"] = list({types, "null"} if isinstance(types, str) else {*types, "null"})
    if "items" in schema:
        shape["items"] = {**_shape(schema["items"]), "type": schema["items"]["type"]}
    if "properties" in schema:
        shape["properties"] = {key: _shape(one) for key, one in schema["properties"].items()}
    return shape


def listing_schema(mirror_format: Format) -> dict[str, Any]:
    title = "One article as one section lists it, one line of listings.jsonl"
    return _schema(Listing, title, {"id": mirror_format.id_pattern})


def change_schema(mirror_format: Format) -> dict[str, Any]:
    article = article_schema(mirror_format)
    nested = {key: article[key] for key in ("type", "properties", "required")}
    # a later minor version adds keys at the end of a line
    properties = {
        "id": article["properties"]["id"],
        "kind": {"enum": ["changed", "vanished", "returned"]},
        "seen_at": _MOMENT,
        "content_sha256": {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"},
        "article": {"anyOf": [nested, {"type": "null"}]},
    }
    title = "One transition of an article, one line of changes.jsonl"
    return _document(title, properties, list(properties), closed=True)


def run_schema() -> dict[str, Any]:
    """Return the schema of a line of ``runs.jsonl``; a killed run has only the required keys."""
    count = {"type": "integer", "minimum": 0}
    named = {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {
                "count": count,
                "ids": {"type": "array", "items": {"type": "string"}, "maxItems": 100},
            },
            "required": ["count", "ids"],
        },
    }
    offsets = {
        f"{name}_{when}": count
        for name in ("articles", "listings", "changes")
        for when in ("before", "after")
    }
    required = {
        "start": {"anyOf": [_MOMENT, {"type": "null"}]},
        "end": {"anyOf": [_MOMENT, {"type": "null"}]},
        "mirror": {"type": "string", "minLength": 1},
        "way": {"type": ["string", "null"]},
        "status": {"type": "string", "minLength": 1},
        "exit_code": {"type": ["integer", "null"]},
        "contract": {"const": CONTRACT_VERSION},
    }
    known = {
        "crawler": {"type": "string"},
        "readers": {"type": ["string", "null"]},
        "newest": {
            "type": ["string", "null"],
            "pattern": r"^\d{4}-\d{2}-\d{2}$",
            "format": "date",
        },
        "address": {"type": ["string", "null"]},
        "commit": {"type": ["string", "null"]},
        "reason": {"type": ["string", "null"]},
        "pages": {"type": "object", "additionalProperties": count},
        "entries": count,
        "articles": count,
        "listings": count,
        "changes": count,
        "duplicates": count,
        "failures": named,
        "changed": named,
        "set_aside": {"type": "object", "additionalProperties": {"type": "string"}},
        "warnings": {"type": "array", "items": {"type": "string"}},
    }
    needed = [*required, *(name for name in offsets if not name.startswith("changes"))]
    title = "One run over a feed, one line of runs.jsonl"
    return _document(title, {**required, **known, **offsets}, needed, closed=False)


def _schema(item: type, title: str, patterns: dict[str, str]) -> dict[str, Any]:
    properties = {field.name: dict(field.metadata["schema"]) for field in fields(item)}
    for key, pattern in patterns.items():
        properties[key]["pattern"] = pattern
    return _document(title, properties, list(properties), closed=True)


def _document(
    title: str, properties: dict[str, Any], required: list[str], *, closed: bool
) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "$comment": f"feed contract, version {CONTRACT_VERSION}",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": not closed,
    }
