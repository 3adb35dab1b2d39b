"""Zones as stretches of constant offset: the arithmetic agrees with the clock itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.recurrence import resolve_local
from app.domain.recurrence.zones import ASSUMED_UTC, HORIZON, Zone, get_zone, validate_timezone
from app.errors import InvalidInput


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("Europe/Berlin", ["2025-03-30T01:00:00+00:00", "2025-10-26T01:00:00+00:00"]),
        ("America/New_York", ["2025-03-09T07:00:00+00:00", "2025-11-02T06:00:00+00:00"]),
        ("Australia/Lord_Howe", ["2025-04-05T15:00:00+00:00", "2025-10-04T15:30:00+00:00"]),
        ("Asia/Tokyo", []),
    ],
)
def test_a_year_is_cut_to_the_second_where_the_clock_changes(name: str, changes: list[str]) -> None:
    # A zone of its own name's cache would hide what computes it.
    zone = Zone(name, ZoneInfo(name))
    at = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    found = []
    while at < end:
        stretch = zone.stretch_at(at)
        assert stretch.start <= at < stretch.end
        for instant in (stretch.start, stretch.end - 1):
            local = datetime.fromtimestamp(instant, zone.info).utcoffset()
            assert timedelta(seconds=stretch.offset) == local
        assert stretch.before == zone.offset_at(stretch.start - 1)
        assert stretch.after == zone.offset_at(stretch.end)
        if stretch.end < end:
            found.append(datetime.fromtimestamp(stretch.end, UTC).isoformat())
        at = stretch.end
    assert found == changes


def test_the_last_stretch_of_all_reaches_beyond_the_horizon() -> None:
    assert get_zone("Europe/Berlin").stretch_at(HORIZON - 1).end > HORIZON
    assert get_zone("UTC").stretch_at(HORIZON).end > HORIZON


def test_a_wall_time_that_comes_twice_has_two_instants() -> None:
    zone = get_zone("Europe/Berlin")
    wall = datetime(2025, 10, 26, 2, 30)  # noqa: DTZ001
    seconds = (wall - datetime(1970, 1, 1)) // timedelta(seconds=1)  # noqa: DTZ001
    assert zone.offsets_of(seconds) == (7_200, 3_600)
    assert zone.resolve(wall) == int(datetime(2025, 10, 26, 0, 30, tzinfo=UTC).timestamp())
    # Whatever the fold of what is given says.
    assert zone.resolve(wall.replace(fold=1)) == zone.resolve(wall)


def test_a_zone_knows_its_name_and_whether_somebody_gave_it() -> None:
    zone = get_zone("Europe/Berlin")
    assert (zone.name, zone.info.key, zone.assumed) == ("Europe/Berlin", "Europe/Berlin", False)
    assert (ASSUMED_UTC.name, ASSUMED_UTC.assumed) == ("UTC", True)


@pytest.mark.parametrize(
    ("microsecond", "ms"), [(0, 0), (250_000, 250), (999_999, 999), (1_000, 1)]
)
def test_a_wall_time_keeps_its_milliseconds(microsecond: int, ms: int) -> None:
    wall = datetime(2025, 7, 1, 12, 0, 0, microsecond)  # noqa: DTZ001
    noon = int(datetime(2025, 7, 1, 10, tzinfo=UTC).timestamp()) * 1_000
    assert resolve_local(wall, "Europe/Berlin") == noon + ms


@pytest.mark.parametrize(
    ("name", "shown"), [("Mars/Olympus", "'Mars/Olympus'"), ("A" * 65, f"'{'A' * 61}...'")]
)
def test_what_is_no_zone_is_named_shortly(name: str, shown: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        validate_timezone(name)
    assert caught.value.message == (
        f"timezone: must be an IANA time zone such as Europe/Berlin, not {shown}"
    )
