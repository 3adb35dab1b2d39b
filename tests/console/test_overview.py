"""The overview: counts by minute, of everything or of one's scope, and what fails where."""

from __future__ import annotations

from app.domain.access import MASTER, Access
from app.domain.outcome import Outcome, Timings
from app.services.overview import MINUTES
from app.services.overview_parts import host_of

OK = Outcome(Timings(0, 1, 2), status_code=200)
REFUSED = Outcome(Timings(0, 1, 2), error="refused", error_message="nobody listens there")
SOMEBODY = Access("somebody", "read", frozenset({"a"}))


def run(client, clock, attempt, outcome, tag):
    """One event of a tag, due in a minute and attempted then."""
    client.post(
        "/events",
        json={
            "name": tag,
            "webhook": f"https://{tag}.example/",
            "delay": "1m",
            "tags": [tag],
            "retry": {"attempts": 1},
        },
    )
    clock.advance(60_000)
    attempt(outcome)


def test_each_minute_has_its_own_and_a_scope_has_no_others(client, clock, attempt, services):
    for outcome, tag in ((OK, "a"), (REFUSED, "b"), (OK, "b")):
        run(client, clock, attempt, outcome, tag)
    whole = services.overview.minutes(MASTER)
    assert whole.is_whole
    assert whole.counts["completed"][-4:] == [0, 1, 0, 1]
    assert whole.counts["failed"][-4:] == [0, 0, 1, 0]
    assert whole.success == 2 / 3
    own = services.overview.minutes(SOMEBODY)
    assert own.counts["completed"][-4:] == [0, 1, 0, 0]
    assert own.total("failed") == 0
    assert {len(counts) for counts in own.counts.values()} == {MINUTES}


def test_what_is_older_than_an_hour_is_not_counted(client, clock, attempt, services):
    run(client, clock, attempt, OK, "a")
    clock.advance(MINUTES * 60_000)
    for asker in (MASTER, SOMEBODY):
        assert services.overview.minutes(asker).total("completed") == 0


def test_what_fails_is_grouped_by_target_and_error(client, clock, attempt, services):
    for tag in ("a", "b", "a"):
        run(client, clock, attempt, REFUSED, tag)
    found = services.overview.failing(MASTER, ("failed",))
    assert [(one.target, one.count) for one in found] == [("a.example", 2), ("b.example", 1)]
    assert {one.error for one in found} == {"nobody listens there"}
    assert [one.target for one in services.overview.failing(SOMEBODY, ("failed",))] == ["a.example"]


def test_what_comes_next_comes_in_order_and_in_scope(client, services):
    for tag, delay in (("a", "3h"), ("b", "1h"), ("a", "2h")):
        client.post(
            "/events",
            json={
                "name": f"{tag} {delay}",
                "webhook": "https://x.example/",
                "delay": delay,
                "tags": [tag],
            },
        )
    names = [one.event and one.event.name for one in services.overview.upcoming(MASTER, 10)]
    assert names == ["b 1h", "a 2h", "a 3h"]
    assert len(services.overview.upcoming(MASTER, 2)) == 2
    own = [one.event and one.event.name for one in services.overview.upcoming(SOMEBODY, 10)]
    assert own == ["a 2h", "a 3h"]


def test_lateness_is_that_of_first_attempts(client, clock, attempt, services):
    assert services.overview.lateness(MASTER) is None
    for late_ms in (10, 40):
        client.post(
            "/events",
            json={"name": "n", "webhook": "https://x.example/", "delay": "1m", "tags": ["a"]},
        )
        due_us = clock.now_us() + 60_000_000
        clock.advance(60_000 + late_ms)
        begun_us = due_us + late_ms * 1_000
        attempt(Outcome(Timings(due_us, begun_us, begun_us + 5_000), status_code=200))
    found = services.overview.lateness(MASTER)
    assert found is not None
    assert (found.p50, found.most, found.size) == (40, 40, 2)


def test_hosts_are_named_with_their_ports():
    assert host_of("https://example.com:8443/a?b") == "example.com:8443"
    assert host_of("websocket:desk") == "websocket:desk"


def test_an_event_that_has_left_the_scope_is_not_named_by_what_it_left_there(
    client, clock, attempt, services
):
    run(client, clock, attempt, REFUSED, "a")
    (event,) = client.get("/events").json
    changes = {"tags": ["b"], "name": "unseen", "webhook": "https://unseen.example/"}
    client.patch(f"/events/{event['id']}", json=changes)
    (own,) = services.overview.failing(SOMEBODY, ("failed",))
    assert (own.target, own.events) == ("(its event is gone)", ())
    (whole,) = services.overview.failing(MASTER, ("failed",))
    assert (whole.target, whole.events[0].name) == ("unseen.example", "unseen")
