"""What follows from the reason of a failure."""

from __future__ import annotations

import pytest

from crawler import reasons
from crawler.reasons import Concern, concern_of, is_busy

ALL = {value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)}


def test_every_reason_concerns_something() -> None:
    assert {one for one in ALL if one != reasons.FORBIDDEN} == set(reasons._CONCERNS)


@pytest.mark.parametrize(
    ("reason", "concern"),
    [
        ("missing", Concern.PAGE),
        ("http_403", Concern.HOST),
        ("http_500", Concern.HOST),
        ("too_costly", Concern.PROGRAM),
        ("of_another_project", Concern.PROGRAM),
    ],
)
def test_what_a_reason_concerns(reason: str, concern: Concern) -> None:
    assert concern_of(reason) is concern


def test_a_busy_host_may_send_the_page_later() -> None:
    busy = {"http_429", "http_503", "http_599", "rate_limited", "unavailable"}
    assert {
        one for one in {*ALL, *busy, "http_404", "http_42", "http_5000"} if is_busy(one)
    } == busy
