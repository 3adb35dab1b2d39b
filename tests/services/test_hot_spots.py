"""Hot spots: where many meet, and what would spread them."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.domain.event import Event
from app.services.hot_spots import HotSpot, PlannedMinutes, find_hot_spots

HOUR_MS = 3_600_000


@dataclass
class FakeEvent:
    """What is asked of an event here."""

    name: str
    jitter_ms: int = 0
    is_once: bool = False

    @property
    def event(self) -> Event:
        options = SimpleNamespace(jitter_ms=self.jitter_ms)
        fake: Any = SimpleNamespace(
            name=self.name,
            options=options,
            schedule=None if self.is_once else {},
            action=SimpleNamespace(target=f"https://{self.name}.example/x"),
        )
        return cast("Event", fake)


def planned(
    fake: FakeEvent, *minutes: int, gap_ms: float = HOUR_MS, weight: float = 1
) -> PlannedMinutes:
    return PlannedMinutes(fake.event, weight, list(minutes), gap_ms)


def spots(members: list[PlannedMinutes]) -> list[HotSpot]:
    counts = [0.0] * 1_440
    for one in members:
        one.count_into(counts, 1.0)
    return list(find_hot_spots(members, counts))


def test_where_the_same_events_meet_again_and_again_is_one_hot_spot() -> None:
    hourly = [planned(FakeEvent("a"), *range(0, 1_440, 60)) for _ in range(40)]
    (one,) = spots(hourly)
    assert (one.minute, one.count, one.times) == (0, 40, 24)
    assert one.targets == [("a.example", 40)]
    assert len(one.events) == 5


def test_the_shortest_jitter_that_helps_is_suggested() -> None:
    (one,) = spots([planned(FakeEvent("a"), 600) for _ in range(40)])
    assert one.suggestion is not None
    assert (one.suggestion.minutes, one.suggestion.events, one.suggestion.peak) == (5, 40, 8)


@pytest.mark.parametrize(
    "member",
    [
        planned(FakeEvent("a", jitter_ms=1), 600),
        planned(FakeEvent("a", is_once=True), 600),
        planned(FakeEvent("a"), 600, gap_ms=60_000),
    ],
    ids=["has jitter", "occurs once", "occurs too often"],
)
def test_what_can_not_be_spread_has_no_suggestion(member: PlannedMinutes) -> None:
    (one,) = spots([member] * 40)
    assert one.suggestion is None


def test_few_deliveries_or_such_as_are_usual_are_no_hot_spot() -> None:
    assert spots([planned(FakeEvent("a"), 600) for _ in range(9)]) == []
    assert spots([planned(FakeEvent("a"), *range(1_440)) for _ in range(40)]) == []
    assert spots([]) == []


def test_few_that_stand_for_many_meet_by_chance() -> None:
    assert spots([planned(FakeEvent("a"), 600, weight=200) for _ in range(9)]) == []


def test_the_hottest_five_are_told_first() -> None:
    members = [
        planned(FakeEvent(f"e{at}"), at * 100, weight=10 + at) for at in range(9) for _ in range(10)
    ]
    assert [one.minute for one in spots(members)] == [800, 700, 600, 500, 400]


def test_a_series_goes_on_at_its_interval() -> None:
    one = planned(FakeEvent("a"))
    one.go_on(90_000, 120_000, 0, 600_000)
    assert one.minutes == [1, 3, 5, 7, 9]
    one = planned(FakeEvent("a"))
    one.go_on(90_000, 20_000, 0, 600_000)
    assert (one.steady, one.steady_from, one.is_average) == (3, 1, False)
    one = planned(FakeEvent("a"))
    one.go_on(0, 45_000, 0, 600_000)
    assert one.is_average
