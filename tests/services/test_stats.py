"""Figures as a token sees them, and by what they can be told apart."""

from __future__ import annotations

import pytest

from app.domain.access import MASTER, Access
from app.domain.stats import OTHER
from app.domain.times import MAX_MS
from app.errors import InvalidInput
from app.services.stats import StatsQuery, StatsService
from app.store.stats_keys import DAY_MS, HOUR_MS, STEPS, counted
from app.wiring.services import Services
from app.wiring.stats import FigureServices
from tests.support.clock import NOW_MS

MINUTE = NOW_MS // 60_000
A, B = "https://a:443", "https://b:443"
OF_RED = Access("me", "read", frozenset({"red"}))


@pytest.fixture
def stats(services: Services) -> StatsService:
    """A few minutes of deliveries."""
    count(
        services,
        (0, f"red\t{A}\t2ab", "completed", 10),
        (0, f"red\nblue\t{A}\t2cb", "completed", 5),
        (0, f"blue\t{B}\tFab", "retrying", 2),
        (-3, "red\t\t---", "missed", 1),
        (-3, f"\t{B}\t2ab", "completed", 4),
        (-100, f"{OTHER}\t{OTHER}\t2ab", "completed", 3),
    )
    figures: FigureServices = services.figures
    return figures.stats


def count(services: Services, *some: tuple[int, str, str, int]) -> None:
    """Count stats, each in a minute before or after now."""
    for minutes, stat, outcome, often in some:
        field = f"{MINUTE + minutes}\t{stat}{outcome}"
        services.storage.client.hincrby(counted(0), field, often)
    services.figures.roll_ups.add()


def names(stats: StatsService, query: StatsQuery, access: Access = MASTER) -> dict[str | None, int]:
    return {name: figures.size for name, figures in stats.of(query, access).groups}


def test_an_hour_is_told_by_the_minute(stats: StatsService) -> None:
    found = stats.of(StatsQuery(), MASTER)
    assert (found.step, found.end_ms - found.first_ms) == ("minute", HOUR_MS)
    assert found.first_ms == NOW_MS - HOUR_MS
    assert [(at, one.size) for at, one in found.series] == [((MINUTE - 3) * 60_000, 5)]
    assert found.groups == []


def test_the_minute_that_is_under_way_is_counted_as_well(stats: StatsService) -> None:
    found = stats.of(StatsQuery(to_ms=NOW_MS + 1), MASTER)
    assert found.total.size == 22
    assert found.total.attempts() == 21
    assert found.total.lateness().size == 21


@pytest.mark.parametrize(("step", "back_ms"), [("hour", 6 * HOUR_MS), ("day", 3 * DAY_MS)])
def test_hours_and_days_have_the_same(stats: StatsService, step: str, back_ms: int) -> None:
    found = stats.of(StatsQuery(NOW_MS - back_ms, NOW_MS + 1, step), MASTER)
    assert found.total.size == 25
    assert sum(one.size for _, one in found.series) == 25


@pytest.mark.parametrize(
    ("group_by", "expected"),
    [
        ("target", {A: 15, B: 2, None: 0}),
        ("tag", {"red": 15, "blue": 7, None: 0}),
        ("status", {"completed": 15, "retrying": 2, None: 0}),
    ],
)
def test_groups_are_the_largest_first(
    stats: StatsService, group_by: str, expected: dict[str | None, int]
) -> None:
    """What has several tags is in the group of each."""
    query = StatsQuery(NOW_MS, NOW_MS + 1, group_by=group_by)
    assert names(stats, query) == {name: size for name, size in expected.items() if name}
    assert list(names(stats, query)) == [name for name in expected if name]


def test_what_has_no_group_is_told_together(stats: StatsService) -> None:
    query = StatsQuery(NOW_MS - 2 * HOUR_MS, NOW_MS + 1, group_by="tag", limit=1)
    assert names(stats, query) == {"red": 16, None: 14}
    by_target = StatsQuery(NOW_MS - 2 * HOUR_MS, NOW_MS + 1, group_by="target")
    assert names(stats, by_target) == {A: 15, B: 6, None: 4}


@pytest.mark.parametrize(
    ("query", "size"),
    [
        (StatsQuery(tag="blue"), 7),
        (StatsQuery(tag="green"), 0),
        (StatsQuery(target=A), 15),
        (StatsQuery(tag="blue", target=A), 5),
        (StatsQuery(statuses=("missed", "retrying")), 3),
        (StatsQuery(tag=OTHER), 0),
    ],
)
def test_figures_can_be_of_a_tag_a_target_or_statuses(
    stats: StatsService, query: StatsQuery, size: int
) -> None:
    whole = StatsQuery(NOW_MS - 2 * HOUR_MS, NOW_MS + 1)
    asked = StatsQuery(
        whole.from_ms, whole.to_ms, None, None, query.tag, query.target, query.statuses
    )
    assert stats.of(asked, MASTER).total.size == size


def test_a_token_sees_figures_of_its_tags_alone(stats: StatsService) -> None:
    """Not of others, of what has no tags, or of what has no room of its own; nor their names."""
    query = StatsQuery(NOW_MS - 2 * HOUR_MS, NOW_MS + 1, group_by="tag")
    found = stats.of(query, OF_RED)
    assert found.total.size == 16
    assert names(stats, query, OF_RED) == {"red": 16}
    targets = StatsQuery(NOW_MS, NOW_MS + 1, group_by="target")
    assert names(stats, targets, OF_RED) == {A: 15}
    assert stats.of(StatsQuery(target=B), OF_RED).total.size == 0
    assert stats.of(StatsQuery(tag="blue", to_ms=NOW_MS + 1), OF_RED).total.size == 5
    assert stats.of(query, Access("you", "read", frozenset({"green"}))).total.size == 0


def test_the_finest_step_that_is_kept_and_fits_is_taken(stats: StatsService) -> None:
    def step(from_ms: int, to_ms: int) -> str:
        return stats.of(StatsQuery(from_ms, to_ms), MASTER).step

    assert step(NOW_MS - 12 * HOUR_MS, NOW_MS) == "minute"
    assert step(NOW_MS - 13 * HOUR_MS, NOW_MS) == "hour"
    assert step(NOW_MS - 3 * DAY_MS, NOW_MS - 3 * DAY_MS + HOUR_MS) == "hour"
    assert step(NOW_MS - 31 * DAY_MS, NOW_MS) == "hour"
    assert step(NOW_MS - 40 * DAY_MS, NOW_MS - 39 * DAY_MS) == "day"


@pytest.mark.parametrize("step", [None, *STEPS])
def test_no_figures_go_beyond_the_last_year(stats: StatsService, step: str | None) -> None:
    """No time after it can be written."""
    found = stats.of(StatsQuery(to_ms=MAX_MS, step=step), MASTER)
    assert (found.end_ms, found.series) == (MAX_MS, [])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (StatsQuery(NOW_MS - DAY_MS, step="minute"), "must be at most 750 minutes before to"),
        (StatsQuery(NOW_MS - 500 * DAY_MS), "no older day is kept"),
        (StatsQuery(NOW_MS - 30 * HOUR_MS, NOW_MS - 29 * HOUR_MS, "minute"), "no older minute"),
        (StatsQuery(NOW_MS + 1), "must be before to"),
    ],
)
def test_what_can_not_be_told_is_refused(stats: StatsService, query: StatsQuery, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        stats.of(query, MASTER)
