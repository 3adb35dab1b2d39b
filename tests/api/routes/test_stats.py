"""``GET /stats``: what became of deliveries."""

from __future__ import annotations

import pytest

from app.domain.outcome import Outcome, Timings
from tests.support.clock import NOW_MS

SENT_US = NOW_MS * 1_000


@pytest.fixture
def delivered(client, an_event, attempt, clock, services):
    """Two deliveries of one tag and one of another, 40 ms late."""
    for tag in ("a", "a", "b"):
        client.post(
            "/events", json={**an_event, "tags": [tag], "start_time": "2026-01-01T00:01:00Z"}
        )
    due_us = clock.advance(60_000) * 1_000
    attempt(Outcome(Timings(due_us, due_us + 40_000, due_us + 47_000, due_us + 46_000), 200))
    clock.advance(60_000)
    services.figures.roll_ups.add()


def test_it_tells_attempts_outcomes_lateness_and_receivers_times(client, delivered):
    answer = client.get("/stats?group_by=tag")
    assert answer.status_code == 200
    found = answer.json
    assert (found["from"], found["to"]) == ("2025-12-31T23:02:00Z", "2026-01-01T00:02:00Z")
    assert (found["step"], found["group_by"]) == ("minute", "tag")
    total = found["total"]
    assert total["attempts"] == {
        "total": 3, "succeeded": 3, "failed": 0, "by_status_code": {"2xx": 3}
    }  # fmt: skip
    assert total["outcomes"]["completed"] == 3
    assert sum(total["outcomes"].values()) == 3
    assert total["lateness"] == {"count": 3, "p50": 0.05, "p99": 0.05}
    assert total["receiver"] == {"count": 3, "p50": 0.01, "p99": 0.01}
    assert [(one["name"], one["attempts"]["total"]) for one in found["groups"]] == [
        ("a", 2),
        ("b", 1),
    ]
    assert [one["from"] for one in found["series"]] == ["2026-01-01T00:01:00Z"]


def test_it_is_for_who_may_read_and_shows_the_scope(client, client_with, anonymous, delivered):
    total = client_with("read", "b").get("/stats").json["total"]
    assert total["attempts"]["total"] == 1
    assert client_with("write", "a").get("/stats").status_code == 403
    assert anonymous.get("/stats").status_code == 401


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("step=week", "step"),
        ("group_by=name", "group_by"),
        ("from=yesterday", "from"),
        ("from=2020-01-01T00:00:00Z", "from"),
        ("from=2026-01-01T00:00:00Z&to=2025-01-01T00:00:00Z", "to"),
        ("from=2025-12-01T00:00:00Z&step=minute", "from"),
        ("tag=a,b", "tag"),
        ("target=", "target"),
        ("status=done", "status"),
        ("limit=0", "limit"),
        ("groupby=tag", "groupby"),
    ],
)
def test_what_it_can_not_tell_is_refused_by_name(client, asked, field):
    answer = client.get(f"/stats?{asked}")
    assert answer.status_code == 400
    assert list(answer.json["fields"]) == [field]
