"""Timetables: what calendars take away or move, and where jitter puts an occurrence."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.calendar import Calendar
from app.domain.recurrence import compile_schedule
from app.domain.timetable import Firing, Timetable, spread
from app.errors import InvalidInput
from tests.domain.recurrence.oracles import iso, local_ms, resolve

WEEKEND = Calendar("weekend", {"weekdays": ["SA", "SU"]})
BERLIN = Calendar("berlin", {"holidays": {"country": "DE", "subdivision": "BE"}})


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def shown(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%a %d %b %H:%M")


def timetable(schedule: dict, start: str, *calendars: Calendar, zone: str = "UTC", **options):
    rule = compile_schedule(schedule, ms(start), zone)
    return Timetable(rule, zone, calendars=calendars, **options)


class TestExcluded:
    def test_skipped_days_are_left_out_and_named(self) -> None:
        table = timetable({"frequency": "daily"}, "2026-12-23T08:00:00+00:00", WEEKEND, BERLIN)
        start = ms("2026-12-23T00:00:00+00:00")
        found = table.upcoming(start, 3)
        assert [shown(one.scheduled_ms) for one in found] == [
            "Wed 23 Dec 08:00",
            "Thu 24 Dec 08:00",
            "Mon 28 Dec 08:00",
        ]
        skipped = table.skipped(start, found[-1].scheduled_ms, 10)
        assert [(shown(one.nominal_ms), one.reason) for one in skipped] == [
            ("Fri 25 Dec 08:00", "Christmas Day (berlin)"),
            ("Sat 26 Dec 08:00", "calendar weekend"),
            ("Sun 27 Dec 08:00", "calendar weekend"),
        ]

    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            ("next_day", ["Mon 02 Nov 09:00", "Tue 01 Dec 09:00", "Fri 01 Jan 09:00"]),
            ("previous_day", ["Tue 01 Dec 09:00", "Fri 01 Jan 09:00", "Mon 01 Feb 09:00"]),
            ("skip", ["Tue 01 Dec 09:00", "Fri 01 Jan 09:00", "Mon 01 Feb 09:00"]),
        ],
    )
    def test_the_first_of_the_month_moves_off_a_weekend(
        self, policy: str, expected: list[str]
    ) -> None:
        """1 November 2026 is a Sunday; the Friday before it is already past."""
        table = timetable(
            {"frequency": "monthly", "by_month_day": [1]},
            "2026-10-31T09:00:00+00:00",
            WEEKEND,
            on_excluded=policy,
        )
        found = table.upcoming(ms("2026-10-31T09:00:00+00:00"), 3)
        assert [shown(one.scheduled_ms) for one in found] == expected

    def test_a_moved_day_keeps_its_wall_time_across_a_change_of_the_clock(self) -> None:
        """Sunday 29 March 2026 08:00 CEST in Berlin moves to Friday 08:00 CET."""
        table = timetable(
            {"frequency": "weekly", "by_day": ["SU"]},
            "2026-03-22T08:00:00+01:00",
            WEEKEND,
            zone="Europe/Berlin",
            on_excluded="previous_day",
        )
        found = table.next_after(ms("2026-03-23T00:00:00+01:00"))
        assert found is not None
        assert shown(found.scheduled_ms) == "Fri 27 Mar 07:00"
        assert (shown(found.nominal_ms), found.reason) == ("Sun 29 Mar 06:00", "calendar weekend")

    @pytest.mark.parametrize(
        ("start", "after"),
        [
            ("2026-10-24T09:00:00+00:00", "2026-10-24T08:59:59+00:00"),  # the start itself moves
            ("2026-10-10T09:00:00+00:00", "2026-10-24T09:00:00+00:00"),
            ("2026-10-10T09:00:00+00:00", "2026-10-24T17:00:00+00:00"),  # planned anew meanwhile
            ("2026-10-10T09:00:00+00:00", "2026-10-25T23:00:00+00:00"),
        ],
    )
    def test_what_moves_is_still_to_come_after_its_own_day(self, start: str, after: str) -> None:
        """Every second Saturday, asked for between the Saturday and the Monday it moves to."""
        table = timetable(
            {"frequency": "weekly", "interval": 2}, start, WEEKEND, on_excluded="next_day"
        )
        found = table.next_after(ms(after))
        assert found is not None
        assert shown(found.scheduled_ms) == "Mon 26 Oct 09:00"

    @pytest.mark.parametrize(
        ("policy", "words"),
        [
            ("skip", "except on Saturdays and Sundays"),
            ("next_day", "except on Saturdays and Sundays: then on the next free day"),
            ("previous_day", "except on Saturdays and Sundays: then on the free day before"),
        ],
    )
    def test_the_sentence_says_what_becomes_of_excluded_days(self, policy: str, words: str) -> None:
        start = "2026-10-10T09:00:00+00:00"
        table = timetable({"frequency": "daily"}, start, WEEKEND, on_excluded=policy)
        assert table.explain() == f"every day at 09:00 UTC, {words}"

    @settings(max_examples=100, deadline=None)
    @given(
        days=st.sets(st.integers(0, 60), max_size=40),
        policy=st.sampled_from(["skip", "next_day", "previous_day"]),
        interval=st.integers(1, 12),
        after=st.integers(0, 60 * 24),
    )
    def test_the_next_one_is_the_same_from_wherever_it_is_asked_for(
        self, days: set[int], policy: str, interval: int, after: int
    ) -> None:
        first = date(2026, 3, 1)
        dates = [(first + timedelta(day)).isoformat() for day in days]
        table = timetable(
            {"frequency": "daily", "interval": interval},
            "2026-03-01T09:00:00+00:00",
            Calendar("some", {"dates": dates}),
            on_excluded=policy,
        )
        asked = ms("2026-03-01T00:00:00+00:00") + after * 3_600_000
        in_order = table.upcoming(ms("2026-02-01T00:00:00+00:00"), 80)
        assert table.next_after(asked) == next(one for one in in_order if one.scheduled_ms > asked)

    def test_moving_is_refused_for_schedules_of_many_a_day(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            timetable(
                {"frequency": "minutely"},
                "2026-01-01T00:00:00+00:00",
                WEEKEND,
                on_excluded="next_day",
            )
        assert list(caught.value.fields) == ["on_excluded"]

    def test_a_calendar_that_takes_everything_ends_the_series(self) -> None:
        calendar = Calendar("sundays", {"weekdays": ["SU"]})
        table = timetable(
            {"frequency": "weekly", "by_day": ["SU"]}, "2026-01-04T09:00:00+00:00", calendar
        )
        assert table.next_after(ms("2026-01-01T00:00:00+00:00")) is None

    @settings(max_examples=60, deadline=None)
    @given(
        days=st.sets(st.integers(0, 40), max_size=25),
        policy=st.sampled_from(["skip", "next_day", "previous_day"]),
        hours=st.sets(st.integers(0, 23), min_size=1, max_size=3),
        after=st.integers(0, 30 * 24),
    )
    def test_agrees_with_an_obvious_walk(
        self, days: set[int], policy: str, hours: set[int], after: int
    ) -> None:
        """Move every nominal time by hand, sort, drop repeats: the same times."""
        first = date(2026, 3, 1)
        excluded = {first + timedelta(day) for day in days}
        calendar = Calendar("some", {"dates": [day.isoformat() for day in excluded]})
        table = timetable(
            {"frequency": "daily", "by_hour": sorted(hours)},
            "2026-03-01T00:00:00+00:00",
            calendar,
            on_excluded=policy,
        )
        step = {"skip": 0, "next_day": 1, "previous_day": -1}[policy]
        walked = set()
        for offset in range(70):
            for hour in hours:
                day = first + timedelta(offset)
                if day in excluded and not step:
                    continue
                while day in excluded:
                    day += timedelta(step)
                walked.add(
                    int(datetime(day.year, day.month, day.day, hour, tzinfo=UTC).timestamp()) * 1000
                )
        start = ms("2026-03-01T00:00:00+00:00") + after * 3_600_000
        expected = sorted(one for one in walked if one > start)[:20]
        assert [one.scheduled_ms for one in table.upcoming(start, 20)] == expected


# A day on which the clock of each zone changes, and what happens to it near midnight.
CHANGES = [
    ("Europe/Berlin", date(2027, 3, 28)),
    ("Europe/Berlin", date(2027, 10, 31)),
    ("Australia/Lord_Howe", date(2027, 10, 3)),
    ("Australia/Lord_Howe", date(2027, 4, 4)),
    ("America/Nuuk", date(2027, 3, 27)),
    ("America/Nuuk", date(2027, 10, 30)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Africa/Cairo", date(2027, 4, 30)),
    ("Asia/Beirut", date(2027, 3, 28)),
    ("America/Asuncion", date(2023, 10, 1)),
    ("America/Havana", date(2027, 11, 7)),
]


def in_berlin(schedule: dict, start: str, *days: str, dst: dict | None = None, **options):
    """A timetable in Berlin that leaves days out, and its first times there."""
    rule = compile_schedule(schedule, ms(start), "Europe/Berlin", dst=dst)
    closed = Calendar("closed", {"dates": list(days)})
    table = Timetable(rule, "Europe/Berlin", calendars=(closed,), **options)
    found = table.upcoming(ms(start) - 1, 3)
    return [
        datetime.fromtimestamp(one.scheduled_ms / 1000, ZoneInfo("Europe/Berlin")).isoformat()[5:]
        for one in found
    ]


class TestClockChanges:
    def test_what_a_gap_has_moved_goes_to_another_day_at_its_wall_time(self) -> None:
        """02:30 of 28 March fires at 03:00. Moved to the next day it is 02:30 again."""
        found = in_berlin(
            {"frequency": "weekly"},
            "2027-03-21T02:30:00+01:00",
            "2027-03-28",
            on_excluded="next_day",
        )
        assert found[:2] == ["03-21T02:30:00+01:00", "03-29T02:30:00+02:00"]

    @pytest.mark.parametrize(
        ("dst", "expected"),
        [
            ({}, ["03-28T03:00:00+02:00"]),
            ({"gap": "shift"}, ["03-28T03:30:00+02:00"]),
            ({"gap": "skip"}, []),
        ],
    )
    def test_what_moves_into_a_gap_follows_the_rule_of_the_event(self, dst, expected) -> None:
        found = in_berlin(
            {"frequency": "monthly", "by_month_day": [27]},
            "2027-03-01T02:30:00+01:00",
            "2027-03-27",
            dst=dst,
            on_excluded="next_day",
        )
        assert [one for one in found if one.startswith("03")] == expected

    @pytest.mark.parametrize(
        ("repeat", "expected"),
        [("first", ["+02:00"]), ("second", ["+01:00"]), ("both", ["+02:00", "+01:00"])],
    )
    def test_what_moves_to_a_time_that_comes_twice(self, repeat, expected) -> None:
        found = in_berlin(
            {"frequency": "yearly", "by_month": [11], "by_month_day": [1]},
            "2027-01-01T02:30:00+01:00",
            "2027-11-01",
            dst={"repeat": repeat},
            on_excluded="previous_day",
        )
        moved = [one for one in found if one.startswith("10-31")]
        assert moved == [f"10-31T02:30:00{offset}" for offset in expected]

    def test_an_excluded_day_takes_its_own_occurrence_where_the_clock_skips_a_midnight(
        self,
    ) -> None:
        """In Nuuk 23:30 of 27 March 2027 is skipped: it fires at 00:00 of the 28th."""
        rule = compile_schedule(
            {"frequency": "daily"}, ms("2027-03-26T23:30:00-02:00"), "America/Nuuk"
        )
        for closed, left in (("2027-03-27", "28 01:00"), ("2027-03-28", "29 00:30")):
            calendar = Calendar("closed", {"dates": [closed]})
            table = Timetable(rule, "America/Nuuk", calendars=(calendar,))
            times = [shown(one.scheduled_ms) for one in table.upcoming(0, 3)]
            assert not any(f"{left[:2]} Mar {left[3:]}" in one for one in times), (closed, times)
            (skipped,) = table.skipped(0, ms("2027-04-01T00:00:00-02:00"), 9)
            assert shown(skipped.nominal_ms).endswith(f"{left[:2]} Mar {left[3:]}")

    @settings(max_examples=150, deadline=None)
    @given(
        near=st.sampled_from(CHANGES),
        out=st.sets(st.integers(-4, 4)),
        policy=st.sampled_from(["skip", "next_day", "previous_day"]),
        gap=st.sampled_from(["next", "skip", "shift"]),
        repeat=st.sampled_from(["first", "second", "both"]),
        hours=st.sets(st.sampled_from([0, 1, 2, 3, 9, 23]), min_size=1, max_size=3),
        minute=st.sampled_from([0, 15, 30]),
        after=st.integers(-6 * 24 * 4, 6 * 24 * 4),
    )
    def test_wall_times_move_and_are_resolved_then(
        self, near, out, policy, gap, repeat, hours, minute, after
    ) -> None:
        """Move each wall time by days, then read it by the event's own ``dst``."""
        zone, change = near
        excluded = {change + timedelta(day) for day in out}
        step = timedelta({"skip": 0, "next_day": 1, "previous_day": -1}[policy])
        begin = local_ms(datetime.combine(change - timedelta(20), time()), zone)
        expected: set[int] = set()
        for offset in range(-20, 20):
            for hour in hours:
                day = change + timedelta(offset)
                # (What does not occur by itself does not move, either.)
                own = datetime.combine(day, time(hour, minute))
                if day in excluded and (not step or not resolve(own, zone, gap, repeat)):
                    continue
                while day in excluded:
                    day += step
                expected.update(
                    resolve(datetime.combine(day, time(hour, minute)), zone, gap, repeat)
                )
        rule = compile_schedule(
            {"frequency": "daily", "by_hour": sorted(hours), "by_minute": [minute]},
            begin,
            zone,
            dst={"gap": gap, "repeat": repeat},
        )
        calendar = Calendar("some", {"dates": [day.isoformat() for day in excluded]})
        table = Timetable(rule, zone, calendars=(calendar,), on_excluded=policy)
        since = local_ms(datetime.combine(change, time()), zone) + after * 900_000
        wanted = sorted(one for one in expected if one > since)[:12]
        assert iso([one.scheduled_ms for one in table.upcoming(since, 12)], zone) == iso(
            wanted, zone
        )


class TestJitter:
    def test_is_stable_within_its_room_and_before_the_next(self) -> None:
        table = timetable(
            {"every": "10m"}, "2026-01-01T00:00:00+00:00", jitter_ms=3_600_000, seed=b"event"
        )
        at = ms("2026-01-01T00:00:00+00:00")
        for _ in range(200):
            firing = table.next_after(at)
            assert firing is not None
            at = firing.scheduled_ms
            planned = table.planned_ms(at)
            assert planned == table.planned_ms(at)
            assert at <= planned < at + 600_000

    def test_spreads_evenly(self) -> None:
        """Each tenth of the window gets about a tenth of the occurrences."""
        room, counts = 1_000, [0] * 10
        for index in range(20_000):
            counts[min(spread(b"seed", index, room) * 10 // (room + 1), 9)] += 1
        assert min(counts) > 1_800
        assert max(counts) < 2_200

    def test_differs_from_event_to_event(self) -> None:
        assert len({spread(bytes([seed]), 5, 10**9) for seed in range(100)}) == 100

    def test_without_room_nothing_moves(self) -> None:
        assert spread(b"x", 5, 0) == 0

    def test_without_jitter_an_occurrence_is_attempted_at_its_time(self) -> None:
        table = timetable({"every": "10m"}, "2026-01-01T00:00:00+00:00")
        at = ms("2026-01-01T00:10:00+00:00")
        assert table.planned_ms(at) == at

    def test_the_last_one_has_all_of_its_room_and_others_what_is_left_before_the_next(self) -> None:
        """Never as late as the next, even if the jitter is longer."""
        start = "2026-01-01T00:00:00+00:00"
        offsets = {
            seed: timetable(
                {"every": "1s", "count": 2}, start, jitter_ms=60_000, seed=bytes([seed])
            )
            for seed in range(200)
        }
        first = [table.planned_ms(ms(start)) - ms(start) for table in offsets.values()]
        last = [table.planned_ms(ms(start) + 1_000) - ms(start) for table in offsets.values()]
        assert all(0 <= one < 1_000 for one in first)
        assert max(last) > 50_000

    @pytest.mark.parametrize(
        ("at", "room", "offset"),
        [(1_767_225_600_000, 1_000, 332), (-5, 10**9, 591_382_775), (7, 1, 0), (5, -1, 0)],
    )
    def test_an_offset_is_what_it_always_was(self, at: int, room: int, offset: int) -> None:
        """An upgrade moves no occurrence that is planned."""
        assert spread(b"event", at, room) == offset

    def test_the_whole_room_is_used(self) -> None:
        assert {spread(bytes([seed]), 5, 1) for seed in range(50)} == {0, 1}
        assert {spread(bytes([seed]), 5, 2) for seed in range(50)} == {0, 1, 2}


START = "2026-01-01T09:00:00+00:00"


class TestWalk:
    def test_without_calendars_the_rule_alone_counts(self) -> None:
        table = timetable({"frequency": "daily", "count": 2}, START, on_excluded="next_day")
        assert table.upcoming(0, 9) == [
            Firing(ms(START), ms(START)),
            Firing(ms(START) + 86_400_000, ms(START) + 86_400_000),
        ]
        assert table.next_after(ms(START) + 86_400_000) is None
        assert table.skipped(0, ms(START) + 9 * 86_400_000, 9) == []

    def test_with_calendars_a_kept_time_is_its_own_nominal_time(self) -> None:
        for policy in ("skip", "next_day"):
            table = timetable({"frequency": "daily"}, START, WEEKEND, on_excluded=policy)
            assert table.next_after(0) == Firing(ms(START), ms(START))

    @pytest.mark.parametrize("calendars", [(), (WEEKEND,)])
    def test_a_span_includes_its_end(self, calendars: tuple[Calendar, ...]) -> None:
        table = timetable({"frequency": "daily"}, START, *calendars)
        assert len(table.upcoming(ms(START) - 1, 9, ms(START))) == 1
        assert table.upcoming(ms(START) - 1, 9, ms(START) - 1) == []
        assert table.upcoming(ms(START), 1) != table.upcoming(ms(START) - 1, 1)

    def test_what_is_taken_away_is_told_up_to_a_moment_and_a_number(self) -> None:
        table = timetable({"frequency": "daily"}, START, WEEKEND)
        saturday = ms("2026-01-03T09:00:00+00:00")
        assert table.skipped(ms(START), saturday, 9) == []
        assert len(table.skipped(ms(START), saturday + 1, 9)) == 1
        month = ms("2026-02-01T00:00:00+00:00")
        assert len(table.skipped(ms(START), month, 9)) == 9
        assert len(table.skipped(ms(START), month, 3)) == 3
        moving = timetable({"frequency": "daily"}, START, WEEKEND, on_excluded="next_day")
        assert moving.skipped(ms(START), month, 9) == []

    def test_a_day_is_a_day_in_the_zone_of_the_event(self) -> None:
        """Friday 20:00 in London is Saturday in Tokyo; without a zone it is UTC's Friday."""
        schedule = {"frequency": "weekly", "by_day": ["SA"], "by_hour": [5]}
        start = "2026-01-02T20:00:00+00:00"
        table = timetable(schedule, start, WEEKEND, zone="Asia/Tokyo")
        (skipped,) = table.skipped(0, ms("2026-01-04T00:00:00+00:00"), 9)
        assert skipped.nominal_ms == ms(start)
        rule = compile_schedule({"frequency": "weekly"}, ms(start), None)
        assert Timetable(rule, None, calendars=(WEEKEND,)).next_after(0) is not None

    def test_the_first_and_the_last_moment_of_a_day_belong_to_it(self) -> None:
        monday = Calendar("monday", {"dates": ["2026-01-05"]})
        schedule = {"frequency": "daily", "by_hour": [0, 23], "by_minute": [0, 59]}
        start = "2026-01-04T00:00:00+00:00"
        table = timetable(schedule, start, monday)
        days = [shown(one.scheduled_ms)[:3] for one in table.upcoming(ms(start) - 1, 8)]
        assert days == ["Sun"] * 4 + ["Tue"] * 4
        moved = timetable(schedule, start, monday, on_excluded="next_day")
        times = [shown(one.scheduled_ms) for one in moved.upcoming(ms(start) - 1, 8)]
        assert times[4:] == [
            f"Tue 06 Jan {clock}" for clock in ("00:00", "00:59", "23:00", "23:59")
        ]

    @pytest.mark.parametrize(
        ("days", "policy", "expected"),
        [
            (31, "next_day", "Sat 31 Jan 09:00"),
            (32, "next_day", None),
            (31, "previous_day", "Wed 31 Dec 09:00"),
            (32, "previous_day", None),
        ],
    )
    def test_an_occurrence_moves_31_days_at_most(
        self, days: int, policy: str, expected: str | None
    ) -> None:
        first = date(2025, 12, 31) if policy == "next_day" else date(2026, 1, 31)
        step = timedelta(days=1 if policy == "next_day" else -1)
        closed = Calendar("x", {"dates": [(first + n * step).isoformat() for n in range(days)]})
        start = datetime(first.year, first.month, first.day, 9, tzinfo=UTC).isoformat()
        rule = compile_schedule({"frequency": "daily", "count": 1}, ms(start), "UTC")
        table = Timetable(rule, "UTC", calendars=(closed,), on_excluded=policy)
        found = table.next_after(0)
        assert (found and shown(found.scheduled_ms)) == expected

    def test_moving_is_for_24_a_day_at_most(self) -> None:
        hourly = {"frequency": "hourly"}
        start = "2026-01-01T00:00:00+00:00"
        assert timetable(hourly, start, WEEKEND, on_excluded="next_day").next_after(0)
        with pytest.raises(InvalidInput) as caught:
            timetable(
                {"frequency": "daily", "by_hour": list(range(5)), "by_minute": [0, 9, 19, 29, 39]},
                start,
                WEEKEND,
                on_excluded="next_day",
            )
        assert caught.value.message == (
            "on_excluded: moves whole days, so it is for at most 24 occurrences a day; use skip"
        )

    def test_says_on_which_days_it_does_not_fire(self) -> None:
        table = timetable({"frequency": "daily"}, START, WEEKEND, BERLIN)
        assert table.explain() == (
            "every day at 09:00 UTC, except on Saturdays and Sundays and public holidays in Berlin"
        )
        assert timetable({"frequency": "daily"}, START).explain() == "every day at 09:00 UTC"

    def test_after_a_day_that_is_left_out_comes_the_next_one_of_the_zone(self) -> None:
        """00:30 in Tokyo is 15:30 of the day before in UTC."""
        saturdays = Calendar("saturdays", {"weekdays": ["SA"]})
        table = timetable(
            {"frequency": "daily"}, "2026-01-01T15:30:00+00:00", saturdays, zone="Asia/Tokyo"
        )
        found = [shown(one.scheduled_ms) for one in table.upcoming(0, 3)]
        assert found == ["Thu 01 Jan 15:30", "Sat 03 Jan 15:30", "Sun 04 Jan 15:30"]

    @pytest.mark.parametrize("policy", ["next_day", "previous_day"])
    def test_the_last_millisecond_of_a_day_moves_with_it(self, policy: str) -> None:
        start = ms("2026-01-01T23:59:59+00:00") + 999
        rule = compile_schedule({"frequency": "daily", "interval": 2}, start, "UTC")
        table = Timetable(rule, "UTC", calendars=(WEEKEND,), on_excluded=policy)
        found = [one.scheduled_ms for one in table.upcoming(start - 1, 3)]
        days = [0, 4, 6] if policy == "next_day" else [0, 1, 4]
        assert found == [start + day * 86_400_000 for day in days]

    def test_the_room_of_a_jitter_ends_a_millisecond_before_the_next(self) -> None:
        at = ms(START)
        for seed in (bytes([one]) for one in range(50)):
            table = timetable({"every": "1s"}, START, jitter_ms=60_000, seed=seed)
            assert table.planned_ms(at) == at + spread(seed, at, 999)


class TestEndsOfCalendars:
    SCHOOL = Calendar("school", {"dates": ["2027-02-05"], "weekdays": ["SA"]})
    NOW = ms("2027-01-01T00:00:00+00:00")

    @pytest.mark.parametrize(
        ("schedule", "until", "following"),
        [
            ({"frequency": "daily"}, "2027-03-01T00:00:00+00:00", "Sun 07 Feb 08:00"),
            ({"frequency": "monthly"}, "2027-03-02T00:00:00+00:00", "Mon 01 Mar 08:00"),
            ({"frequency": "daily"}, "2027-02-06T00:00:00+00:00", None),
            ({"frequency": "daily", "count": 3}, "2028-01-01T00:00:00+00:00", None),
        ],
    )
    def test_the_first_occurrence_that_is_concerned(self, schedule, until, following) -> None:
        """There is none if the series has ended before, or if it is far away."""
        table = timetable(schedule, "2027-01-01T08:00:00+00:00", self.SCHOOL, BERLIN)
        notices = table.notices(self.NOW, ms(until))
        assert [shown(one.scheduled_ms) for one in notices] == ([following] if following else [])

    def test_one_that_has_ended_already(self) -> None:
        table = timetable({"frequency": "daily"}, "2027-01-01T08:00:00+00:00", self.SCHOOL)
        (notice,) = table.notices(ms("2030-01-01T00:00:00+00:00"), ms("2030-02-01T00:00:00+00:00"))
        assert shown(notice.scheduled_ms) == "Tue 01 Jan 08:00"

    def test_beside_changes_of_the_clock(self) -> None:
        start = "2027-01-01T02:30:00+01:00"
        table = timetable({"frequency": "daily"}, start, self.SCHOOL, zone="Europe/Berlin")
        notices = table.notices(self.NOW, ms("2027-06-01T00:00:00+00:00"))
        assert [one.kind for one in notices] == ["gap", "end"]


@pytest.mark.parametrize("policy", ["next_day", "previous_day"])
@pytest.mark.parametrize("rule", [{"frequency": "daily"}, {"frequency": "yearly"}])
@pytest.mark.parametrize("start", ["9998-12-20T00:00:00+00:00", "2026-12-31T23:00:00+00:00"])
def test_at_the_end_of_all_calendars_nothing_is_moved(policy: str, rule: dict, start: str) -> None:
    """Whatever moment is asked about, also one that no calendar has."""
    table = timetable(rule, start, WEEKEND, zone="Pacific/Auckland", on_excluded=policy)
    last = ms("9999-12-31T23:59:59+00:00")
    day = 86_400_000
    for after in (last + 400 * day, last, *(last - n * day for n in range(0, 90, 3))):
        found = table.next_after(after)
        assert found is None or found.scheduled_ms > after
