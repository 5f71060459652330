"""Every page case yields its accepted record, and states its reason."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import pytest
from page_cases import cases, expected_of, record_of

from crawler.formats.registry import find_format
from crawler.schema import article_schema

CASES = cases()
VALIDATOR = jsonschema_rs.Draft202012Validator(article_schema(find_format()))


def test_there_are_cases() -> None:
    assert len(CASES) >= 50


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_yields_its_record(case: Path) -> None:
    assert record_of(case) == expected_of(case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_is_a_line_of_the_feed(case: Path) -> None:
    VALIDATOR.validate(record_of(case))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_states_its_reason(case: Path) -> None:
    why = (case / "why.md").read_text(encoding="utf-8")
    assert len(why.split()) > 8
