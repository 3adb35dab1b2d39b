"""How moments, durations and numbers are written."""

from __future__ import annotations

import pytest

from app.console import show


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "now"),
        (999, "now"),
        (-999, "now"),
        (1_000, "in 1 s"),
        (-59_999, "59 s ago"),
        (60_000, "in 1 min"),
        (-3_600_000, "1 h ago"),
        (86_400_000, "in 1 day"),
        (-2 * 86_400_000, "2 days ago"),
    ],
)
def test_moments_are_told_from_now(ms, text):
    assert show.relative(ms) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, "\N{EN DASH}"),
        (0, "0 ms"),
        (0.04, "40 \N{MICRO SIGN}s"),
        (1.25, "1.2 ms"),
        (38, "38 ms"),
        (1_200, "1.2 s"),
        (240_000, "4 min"),
    ],
)
def test_durations_are_short(ms, text):
    assert show.length(ms) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [(None, "\N{EN DASH}"), (1, "100 %"), (0.99999, "99.9 %"), (0.5, "50 %"), (0, "0 %")],
)
def test_a_part_is_never_rounded_up_to_all(part, text):
    assert show.percent(part) == text


def test_zones_are_those_of_the_event():
    assert show.wall(1_767_225_600_000, "Europe/Berlin") == "Thu 1 Jan 2026, 01:00"
    assert show.wall(1_767_225_600_000, None) == "Thu 1 Jan 2026, 00:00"
    assert show.wall(1_767_225_605_000, None) == "Thu 1 Jan 2026, 00:00:05"
    last_ms = 253_402_300_799_000
    assert show.wall(last_ms, "America/New_York") == "Fri 31 Dec 9999, 18:59:59"
    assert show.wall(last_ms, "Pacific/Kiritimati") == "Fri 9999-12-31 23:59:59 UTC"
    assert show.stamp(1_767_225_600_250) == "Thu 2026-01-01 00:00:00.250 UTC"
    assert show.clock(1_767_225_600_000) == "00:00"


def test_thousands_stand_apart():
    assert show.number(1_234_567) == "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567"


def test_characters_that_would_not_be_seen_are_marked():
    assert (
        show.plain("a\tb\r\nc é \N{HEBREW LETTER ALEF} 漢")
        == "a\tb\r\nc é \N{HEBREW LETTER ALEF} 漢"
    )
    assert show.plain("\0a\x1b[31m\u202eb\u2066\u2028") == "\ufffda\ufffd[31m\ufffdb\ufffd\ufffd"
