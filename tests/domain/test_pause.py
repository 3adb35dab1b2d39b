"""A pause: what is stored of it, and that it is not over before it begins."""

from __future__ import annotations

import pytest

from app.domain.pause import FOR_GOOD, Pause
from app.errors import InvalidInput


@pytest.mark.parametrize(
    ("pause", "given"),
    [
        (FOR_GOOD, None),
        (Pause(note="why"), {"note": "why"}),
        (Pause(7), {"until_ms": 7}),
        (Pause(0, "why"), {"until_ms": 0, "note": "why"}),
    ],
)
def test_what_is_said_is_stored_and_nothing_else(pause, given):
    assert pause.given() == given


def test_it_ends_in_the_future_or_never():
    FOR_GOOD.require_future(10)
    Pause(11).require_future(10)
    for until_ms in (10, 0):
        with pytest.raises(InvalidInput, match="until: must be in the future"):
            Pause(until_ms).require_future(10)
