"""The definition of an event: its schedule is compiled with its own start, zone and DST rules."""

from __future__ import annotations

import pytest

from app.domain.action import webhook
from app.domain.definition import Definition
from app.domain.options import EventOptions
from app.domain.schedule import Schedule
from app.errors import InvalidInput

START_MS = 1_767_225_600_000
ACTION = webhook("https://example.com/hook")


def test_its_recurrence_begins_at_its_start() -> None:
    one = Definition("n", START_MS, ACTION, schedule=Schedule({"frequency": "daily"}))
    assert one.recurrence.next_after(0) == START_MS


def test_a_one_time_event_has_no_recurrence() -> None:
    with pytest.raises(InvalidInput, match="schedule"):
        _ = Definition("n", START_MS, ACTION).recurrence


def test_wrong_dst_rules_are_refused_when_the_schedule_is_needed() -> None:
    """Not before: a stored setting that can't be read harms only what needs it."""
    options = EventOptions({"dst": {"gap": "sideways"}})
    one = Definition(
        "n",
        START_MS,
        ACTION,
        timezone="Europe/Berlin",
        options=options,
        schedule=Schedule({"frequency": "daily"}),
    )
    with pytest.raises(InvalidInput, match="dst"):
        _ = one.recurrence
