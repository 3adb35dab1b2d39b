"""The zone that a cron expression names itself."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.recurrence import compile_schedule, named_zone
from app.errors import InvalidInput

START = 1_900_000_000_000
BERLIN = "CRON_TZ=Europe/Berlin 0 9 * * *"


@pytest.mark.parametrize(
    ("schedule", "zone"),
    [
        ({"cron": BERLIN}, "Europe/Berlin"),
        ({"cron": "TZ=Asia/Tokyo 0 9 * * *"}, "Asia/Tokyo"),
        ({"cron": "  cron_tz=UTC\n0 9 * * *"}, "UTC"),
        ({"cron": "0 9 * * *"}, None),
        ({"frequency": "daily"}, None),
        ({"rules": [{"cron": BERLIN}, {"every": "1h"}, {"cron": BERLIN}]}, "Europe/Berlin"),
        ({"frequency": "daily", "exclude": ["2026-12-24", {"cron": BERLIN}]}, "Europe/Berlin"),
        ({"frequency": "daily", "include": [{"cron": BERLIN}]}, "Europe/Berlin"),
        *(({"cron": 5}, None), ({"rules": 5}, None), ({"rules": [5, {"cron": None}]}, None)),
    ],
    ids=str,
)
def test_the_zone_of_a_schedule(schedule: dict[str, Any], zone: str | None) -> None:
    assert named_zone(schedule) == zone


@pytest.mark.parametrize(
    ("schedule", "path", "sentence"),
    [
        (
            {"rules": [{"cron": BERLIN}, {"cron": "TZ=UTC 0 9 * * *"}]},
            "schedule.rules.1.cron",
            "names the zone UTC, and another one Europe/Berlin; make an event of each",
        ),
        (
            {"cron": "TZ=Mars 0 9 * * *"},
            "schedule.cron",
            "CRON_TZ must be an IANA time zone such as Europe/Berlin, not 'Mars'",
        ),
        (
            {"cron": "TZ= 0 9 * * *"},
            "schedule.cron",
            "CRON_TZ must be an IANA time zone such as Europe/Berlin, not ''",
        ),
    ],
)
def test_a_zone_that_is_none_is_named(schedule: dict[str, Any], path: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        named_zone(schedule)
    assert caught.value.fields == {path: [sentence]}


@pytest.mark.parametrize(
    ("timezone", "sentence"),
    [
        ("UTC", "names the zone Europe/Berlin, but timezone is UTC; leave one of them out"),
        (None, "names the zone Europe/Berlin; give it as timezone"),
    ],
)
def test_a_contradiction_names_both(timezone: str | None, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        compile_schedule({"cron": BERLIN}, START, timezone)
    assert caught.value.fields == {"schedule.cron": [sentence]}


def test_the_expression_itself_is_as_without_it() -> None:
    found = compile_schedule({"cron": BERLIN}, START, "Europe/Berlin")
    plain = compile_schedule({"cron": "0 9 * * *"}, START, "Europe/Berlin")
    assert found.upcoming(START, 400) == plain.upcoming(START, 400)
    assert found.explain() == plain.explain()
