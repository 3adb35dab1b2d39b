"""What happens when the clock skips a wall time, or shows it twice."""

import pytest

from app.domain.recurrence import compile_schedule
from tests.domain.recurrence.oracles import iso, ms


def run(schedule, start, count, zone, **dst):
    """List the first occurrences in the zone."""
    begin = ms(start)
    return iso(compile_schedule(schedule, begin, zone, dst=dst).upcoming(begin - 1, count), zone)


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        ("next", ["2025-03-30T03:00:00+02:00", "2025-03-31T02:30:00+02:00"]),
        ("shift", ["2025-03-30T03:30:00+02:00", "2025-03-31T02:30:00+02:00"]),
        ("skip", ["2025-03-31T02:30:00+02:00", "2025-04-01T02:30:00+02:00"]),
    ],
)
def test_a_time_in_a_gap(gap, expected):
    """It runs right after the gap, as long after it as it lay within, or not at all."""
    found = run({"frequency": "daily"}, "2025-03-29T01:30:00Z", 3, "Europe/Berlin", gap=gap)
    assert found[1:] == expected


@pytest.mark.parametrize(
    ("repeat", "expected"),
    [
        ("first", ["2025-10-26T02:30:00+02:00", "2025-10-27T02:30:00+01:00"]),
        ("second", ["2025-10-26T02:30:00+01:00", "2025-10-27T02:30:00+01:00"]),
        ("both", ["2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00"]),
    ],
)
def test_a_time_that_repeats(repeat, expected):
    """The first copy, the second, or both run."""
    found = run({"frequency": "daily"}, "2025-10-25T00:30:00Z", 3, "Europe/Berlin", repeat=repeat)
    assert found[1:] == expected


def test_a_second_copy_is_found_though_the_next_time_is_far():
    """Of every third day, 2 November comes twice before 5 November."""
    every_third = {"frequency": "daily", "interval": 3}
    assert run(every_third, "2025-10-30T05:00:00Z", 4, "America/New_York", repeat="both") == [
        "2025-10-30T01:00:00-04:00",
        "2025-11-02T01:00:00-04:00",
        "2025-11-02T01:00:00-05:00",
        "2025-11-05T01:00:00-05:00",
    ]


def test_a_shifted_time_keeps_its_place_in_the_order():
    """02:30 shifted to 03:30 comes after 03:00 and before 04:00, and nothing comes twice."""
    schedule = {"frequency": "daily", "by_hour": [2, 3], "by_minute": [0, 30]}
    assert run(schedule, "2025-03-30T00:00:00Z", 3, "Europe/Berlin", gap="shift") == [
        "2025-03-30T03:00:00+02:00",
        "2025-03-30T03:30:00+02:00",
        "2025-03-31T02:00:00+02:00",
    ]


@pytest.mark.parametrize(
    ("start", "zone", "expected"),
    [
        pytest.param(
            "2018-11-03T03:00:00Z",
            "America/Sao_Paulo",
            ["2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"],
            id="a midnight that does not exist",
        ),
        pytest.param(
            "2011-12-29T20:00:00Z",
            "Pacific/Apia",
            ["2011-12-29T10:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T10:00:00+14:00"],
            id="a day that does not exist",
        ),
        pytest.param(
            "2025-04-04T14:45:00Z",
            "Australia/Lord_Howe",
            ["2025-04-05T01:45:00+11:00", "2025-04-06T01:45:00+11:00", "2025-04-07T01:45:00+10:30"],
            id="half an hour repeats",
        ),
        pytest.param(
            "2025-02-22T01:30:00Z",
            "Africa/Casablanca",
            ["2025-02-22T02:30:00+01:00", "2025-02-23T02:30:00+01:00", "2025-02-24T02:30:00+00:00"],
            id="an hour repeats for Ramadan",
        ),
    ],
)
def test_peculiar_zones(start, zone, expected):
    """A daily time meets zones with unusual changes."""
    assert run({"frequency": "daily"}, start, 3, zone) == expected


@pytest.mark.parametrize(
    ("schedule", "start", "zone", "expected"),
    [
        pytest.param(
            {"frequency": "hourly"},
            "2007-11-04T04:30:00Z",
            "America/New_York",
            ["00:30-04:00", "01:30-04:00", "01:30-05:00", "02:30-05:00"],
            id="hourly, a repeated hour",
        ),
        pytest.param(
            {"frequency": "hourly", "interval": 2},
            "2025-03-30T00:15:00Z",
            "Europe/Berlin",
            ["01:15+01:00", "04:15+02:00", "06:15+02:00"],
            id="every two hours, a gap",
        ),
        pytest.param(
            {"frequency": "hourly"},
            "2025-04-05T13:45:00Z",
            "Australia/Lord_Howe",
            ["00:45+11:00", "01:45+11:00", "02:15+10:30", "03:15+10:30"],
            id="an hour stays sixty minutes where the clock moves by thirty",
        ),
        pytest.param(
            {"frequency": "hourly", "by_minute": [15, 45]},
            "2025-04-05T14:00:00Z",
            "Australia/Lord_Howe",
            ["01:15+11:00", "01:45+11:00", "01:45+10:30", "02:15+10:30", "02:45+10:30"],
            id="named minutes are those on the wall",
        ),
        pytest.param(
            {"frequency": "minutely", "interval": 30},
            "2025-10-26T00:30:00Z",
            "Europe/Berlin",
            ["02:30+02:00", "02:00+01:00", "02:30+01:00", "03:00+01:00"],
            id="every half hour, a repeated hour",
        ),
        pytest.param(
            {"frequency": "minutely", "interval": 30, "by_hour": [2, 3]},
            "2025-10-26T00:00:00Z",
            "Europe/Berlin",
            ["02:00+02:00", "02:30+02:00", "03:00+01:00", "03:30+01:00", "02:00+01:00"],
            id="with named hours it is the time on the wall",
        ),
        pytest.param(
            {"cron": "*/30 * * * *"},
            "2025-10-26T00:30:00Z",
            "Europe/Berlin",
            ["02:30+02:00", "02:00+01:00", "02:30+01:00", "03:00+01:00"],
            id="cron with a wildcard never goes silent",
        ),
        pytest.param(
            {"cron": "30 2 * * *"},
            "2025-10-26T00:00:00Z",
            "Europe/Berlin",
            ["02:30+02:00", "02:30+01:00"],
            id="cron at a fixed time runs once a day",
        ),
        pytest.param(
            {"cron": "0 30 2 * * *"},
            "2025-10-26T00:00:00Z",
            "Europe/Berlin",
            ["02:30+02:00", "02:30+01:00"],
            id="cron with seconds, too",
        ),
    ],
)
def test_below_a_day(schedule, start, zone, expected):
    """Minutes and hours follow elapsed time, unless the rule names hours of the day."""
    found = run(schedule, start, len(expected), zone)
    assert [text[11:16] + text[19:] for text in found] == expected


def test_a_policy_can_be_chosen_for_cron_with_seconds():
    """By itself it passes over a gap; with a policy it follows that."""
    cron = {"cron": "0 30 2 * * *"}
    start = "2025-03-29T12:00:00Z"
    assert run(cron, start, 1, "Europe/Berlin") == ["2025-03-31T02:30:00+02:00"]
    assert run(cron, start, 1, "Europe/Berlin", gap="next") == ["2025-03-30T03:00:00+02:00"]


def test_notices_tell_what_changes_of_the_clock_do():
    """Both changes of a year are told, with the nominal time and what comes of it."""
    start = ms("2025-01-01T01:30:00Z")
    recurrence = compile_schedule({"frequency": "daily"}, start, "Europe/Berlin")
    gap, repeat = recurrence.notices(start, ms("2026-01-01T00:00:00Z"))
    assert (gap.kind, gap.local) == ("gap", "2025-03-30T02:30:00")
    assert gap.scheduled_ms == ms("2025-03-30T01:00:00Z")
    assert gap.text == (
        "02:30 on 30 March 2025 does not exist, because the clock jumps ahead from 02:00 to "
        "03:00: the occurrence runs at 03:00."
    )
    assert (repeat.kind, repeat.local) == ("repeat", "2025-10-26T02:30:00")
    assert repeat.scheduled_ms == ms("2025-10-26T00:30:00Z")
    assert repeat.text.endswith("03:00 to 02:00: the occurrence runs the first time only.")


def test_notices_follow_the_policy_and_the_exclusions():
    """What is skipped has no time; what is excluded, ended or elapsed is not told."""
    start = ms("2025-01-01T01:30:00Z")
    end = ms("2026-01-01T00:00:00Z")

    def fates(schedule, **dst):
        found = compile_schedule(schedule, start, "Europe/Berlin", dst=dst).notices(start, end)
        return [(notice.kind, notice.scheduled_ms) for notice in found]

    skipping = fates({"frequency": "daily", "until": "2025-06-01"}, gap="skip")
    assert skipping == [("gap", None)]
    assert fates({"frequency": "daily", "exclude": ["2025-03-30"]}, repeat="second") == [
        ("repeat", ms("2025-10-26T01:30:00Z"))
    ]
    assert fates({"frequency": "hourly"}) == []
    assert fates({"every": "1h"}) == []
    assert fates({"cron": "*/15 * * * *"}) == []


def test_a_missing_day_is_told_with_its_date():
    """Samoa left out 30 December 2011."""
    start = ms("2011-12-28T20:00:00Z")
    recurrence = compile_schedule({"frequency": "daily"}, start, "Pacific/Apia")
    (notice,) = recurrence.notices(start, ms("2012-02-01T00:00:00Z"))
    assert notice.text.endswith("runs at 00:00 on 31 December 2011.")
