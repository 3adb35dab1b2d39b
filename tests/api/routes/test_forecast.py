"""``GET /forecast``: what is planned, by minute and target."""

from __future__ import annotations


def test_it_tells_minutes_targets_and_hot_spots(client, an_event):
    for number in range(12):
        client.post(
            "/events",
            json={**an_event, "name": f"n{number}", "schedule": {"every": "1d"}, "tags": ["a"]}
            | {"start_time": "2026-01-01T09:00:00Z"},
        )
    answer = client.get("/forecast")
    assert answer.status_code == 200
    found = answer.json
    assert (found["events"], found["looked_at"], found["total"]) == (12, 12, 12)
    assert not found["is_estimate"]
    assert len(found["per_minute"]) == 1_440
    (target,) = found["targets"]
    assert (target["target"], target["total"]) == ("example.com", 12)
    assert target["peak_at"] == "2026-01-01T09:00:00Z"
    (spot,) = found["hot_spots"]
    assert (spot["at"], spot["count"], spot["times"]) == ("2026-01-01T09:00:00Z", 12, 1)
    assert spot["suggestion"] == {"jitter": "5m", "events": 12, "peak": 2.4}
    assert len(spot["events"]) == 5


def test_nothing_is_planned_where_nothing_is(client):
    found = client.get("/forecast").json
    assert (found["total"], found["targets"], found["hot_spots"]) == (0, [], [])


def test_it_is_for_who_may_read_and_shows_the_scope(client, client_with, anonymous, an_event):
    client.post("/events", json={**an_event, "tags": ["a"], "start_time": "2026-01-01T09:00:00Z"})
    assert client_with("read", "a").get("/forecast").json["total"] == 1
    assert client_with("read", "b").get("/forecast").json["total"] == 0
    assert client_with("write", "a").get("/forecast").status_code == 403
    assert anonymous.get("/forecast").status_code == 401
