# ruff: noqa: F811 - fixtures are asked for by their names
"""The forecast: right for few events, bounded and near for many, and nobody sees others' load."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from app.domain.access import MASTER, Access
from app.domain.budget import BudgetExceeded
from app.services import forecasts
from app.services.forecasts import MINUTES, ForecastService
from tests.api.conftest import (  # noqa: F401 - the fixtures of the application
    app,
    client,
    services,
    shared_app,
    start_services,
)
from tests.support.clock import NOW_MS

SOMEBODY = Access("somebody", "read", frozenset({"a", "b"}))


@pytest.fixture
def make(client) -> Any:
    def made(**fields: Any) -> None:
        body = {"name": "n", "webhook": "https://one.example/", "tags": ["a"]}
        body["start_time"] = "2026-01-01T00:00:30Z"
        answer = client.post("/events", json=body | fields)
        assert answer.status_code == 201, answer.text

    return made


@pytest.mark.parametrize(
    ("schedule", "total", "first"),
    [
        ({"every": "1h"}, 24, [0, 60, 120]),
        ({"every": "5m"}, 288, [0, 5, 10]),
        ({"every": "90s"}, 960, [0, 2, 3]),
        ({"every": "20s"}, 4_320, [0, 1, 2]),
        ({"cron": "*/10 9-11 * * *"}, 18, [540, 550, 560]),
        ({"cron": "*/3 9-17 * * *"}, 180, [540, 543, 546]),
        ({"cron": "*/2 0-11 * * *"}, 359, [2, 4, 6]),
        ({"cron": "* * * * *"}, 1_439, [1, 2, 3]),
        ({"cron": "30 2 * * *"}, 1, [150]),
        (None, 0, []),
    ],
)
def test_each_minute_has_what_the_schedule_gives(make, services, clock, schedule, total, first):
    assert clock.now_ms() == NOW_MS
    make(schedule=schedule, **({} if schedule else {"start_time": "2026-03-01T00:00:00Z"}))
    found = services.forecasts.of(MASTER)
    assert found.first_ms == NOW_MS // 60_000 * 60_000
    assert found.total == pytest.approx(total, abs=total / 50 if total > 300 else 0)
    assert [at for at, count in enumerate(found.per_minute) if count][:3] == first
    assert not found.is_estimate


def test_jitter_is_counted_where_it_puts_an_occurrence(make, services):
    for number in range(20):
        make(name=str(number), schedule={"cron": "0 5 * * *"}, jitter="30m")
    found = services.forecasts.of(MASTER)
    assert found.total == 20
    assert max(found.per_minute) < 5
    assert not any(found.per_minute[:300])
    assert not any(found.per_minute[331:])


def test_what_is_dense_and_uneven_is_averaged_and_says_so(make, services):
    make(schedule={"cron": "0-50 * * * *"})
    found = services.forecasts.of(MASTER)
    assert found.is_estimate
    assert found.total == pytest.approx(51 * 24, rel=0.02)


def test_targets_are_told_the_busiest_first_and_those_beyond_ten_together(make, services):
    for number in range(12):
        make(webhook=f"https://t{number:02}.example/", schedule={"cron": f"0 0-{number} * * *"})
    found = services.forecasts.of(MASTER)
    assert [one.target for one in found.targets[:2]] == ["t11.example", "t10.example"]
    assert found.targets[10].target is None
    assert found.targets[10].total == 1  # of those at zero and at one o'clock, zero has begun


def test_nobody_sees_the_load_of_others(make, services):
    make(schedule={"every": "1h"}, tags=["c"])
    make(schedule={"every": "2h"}, tags=["a", "b", "c"])
    found = services.forecasts.of(SOMEBODY)
    assert (found.events, found.total) == (1, 12)
    assert services.forecasts.of(Access("x", "read", frozenset({"z"}))).total == 0


def test_paused_events_are_not_planned(make, client, services):
    make(schedule={"every": "1h"})
    event = client.get("/events").json[0]["id"]
    client.post(f"/events/{event}/pause")
    assert services.forecasts.of(SOMEBODY).total == 0


def test_of_many_events_a_sample_tells_about_all(make, services, monkeypatch):
    monkeypatch.setattr(forecasts, "MOST", 40)
    for number in range(100):
        make(schedule={"every": "1h"}, tags=["a", "b"] if number % 2 else ["a"])
    for asker in (MASTER, SOMEBODY):
        found = services.forecasts.of(asker)
        assert found.is_estimate
        assert found.looked_at <= 40
        assert found.total == pytest.approx(2_400, rel=0.2)


def test_what_costs_too_much_is_taken_to_be_like_the_rest(make, services, monkeypatch):
    for _ in range(10):
        make(schedule={"every": "1h"})
    plan, calls = ForecastService._planned, itertools.count()

    def costly(*given):
        if next(calls) % 2:
            raise BudgetExceeded
        return plan(*given)

    monkeypatch.setattr(ForecastService, "_planned", costly)
    found = services.forecasts.of(MASTER)
    assert found.looked_at == 5
    assert found.is_estimate
    assert found.total == pytest.approx(240)


def test_an_answer_is_shared_for_half_a_minute(make, services, clock):
    assert services.forecasts.of(MASTER).total == 0
    make(schedule={"every": "1h"})
    assert services.forecasts.of(MASTER).total == 0
    clock.advance(30_000)
    assert services.forecasts.of(MASTER).total == 24


def test_a_forecast_has_a_day_of_minutes_whatever_there_is(services):
    found = services.forecasts.of(MASTER)
    assert len(found.per_minute) == MINUTES
    assert found.targets == []
