"""The feeder: how much it takes on."""

from __future__ import annotations

from typing import Any, cast

import pytest

from app.services.feeding import STANDING_FACTOR, UNWRITTEN, Feeder
from tests.support.clock import FakeClock

WINDOW = 100


@pytest.mark.parametrize(
    ("standing", "unwritten", "room"),
    [
        (0, 0, WINDOW),
        (30, UNWRITTEN, WINDOW + 30),
        (10_000, 0, WINDOW + STANDING_FACTOR * WINDOW),
        (0, UNWRITTEN + 40, WINDOW - 40),
        (10_000, UNWRITTEN + 10_000, 0),
    ],
)
def test_what_stands_still_leaves_room_for_more_and_what_is_unwritten_takes_it(
    standing: int, unwritten: int, room: int
) -> None:
    nothing = cast("Any", None)
    feeder = Feeder(
        *[nothing] * 4,
        FakeClock(),
        nothing,
        worker=b"w",
        lease_ms=1,
        window=WINDOW,
        overdue=nothing,
    )
    feeder.expect(standing, unwritten)
    feeder.done(-(room - WINDOW // 4))
    assert not feeder.full or not room
    feeder.done(-1)
    assert feeder.full
