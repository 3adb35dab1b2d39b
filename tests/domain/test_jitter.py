"""Jitter: a duration of at most a week."""

from __future__ import annotations

import pytest

from app.domain.jitter import MAX_JITTER_MS, parse_jitter
from app.errors import InvalidInput


@pytest.mark.parametrize(("text", "ms"), [("0s", 0), ("90s", 90_000), ("7d", MAX_JITTER_MS)])
def test_a_duration_is_read_in_milliseconds(text: str, ms: int) -> None:
    assert parse_jitter(text) == ms


@pytest.mark.parametrize("wrong", ["", "soon", "-1s", "8d", "604801s"])
def test_anything_else_is_refused_by_its_field(wrong: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_jitter(wrong)
    assert list(refused.value.fields) == ["jitter"]
