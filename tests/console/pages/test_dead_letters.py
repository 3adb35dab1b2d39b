"""Dead letters: grouped, counted before they are delivered again, and watched."""

from __future__ import annotations

import pytest

from app.domain.outcome import Outcome, Timings
from tests.console.conftest import Page


@pytest.fixture
def failures(client, clock, attempt, an_event) -> None:
    """Three failed: two of one target, one of another."""
    for name, host in (("one", "a.example"), ("two", "a.example"), ("three", "b.example")):
        client.post(
            "/events",
            json={
                **an_event,
                "name": name,
                "webhook": f"https://{host}/hook",
                "tags": [name],
                "retry": {"attempts": 1},
            },
        )
    clock.advance(33 * 3_600_000)
    attempt(Outcome(Timings(0, 1, 2), error="refused", error_message="nobody listens there"))


def test_they_are_grouped_by_target_and_error(failures, browser):
    text = Page(browser.get("/console/dead-letters").text).text
    assert "a.example nobody listens there 2" in " ".join(text.replace("failed", "").split())
    assert "b.example nobody listens there 1" in " ".join(text.replace("failed", "").split())


def test_only_those_in_scope_are_shown(failures, browser_with):
    text = Page(browser_with("read", "three").get("/console/dead-letters").text).text
    assert "b.example" in text
    assert "a.example" not in text


def test_they_are_counted_first_and_what_was_typed_stays(failures, browser, client):
    answer = browser.post(
        "/console/dead-letters", status="failed", tags="one, two", rate="5/s", count="1"
    )
    assert "2 occurrences would be delivered again" in Page(answer.text).text
    assert 'value="5/s"' in answer.text
    assert client.get("/retries").json == []


def test_they_are_delivered_again_with_brakes(failures, browser, client):
    answer = browser.post("/console/dead-letters", status="failed", rate="5/s", stop_at="20")
    assert answer.status_code == 303
    (job,) = client.get("/retries").json
    assert (job["total"], job["rate"], job["stop_at_error_rate"]) == (3, "5/s", 0.2)
    assert "running" in Page(browser.get("/console/dead-letters").text).text
    assert client.get("/audit").json[0]["action"] == "retry.create"


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "completed"},
        {"rate": "often"},
        {"stop_at": "0"},
        {"stop_at": "200"},
        {"stop_at": "nan"},
        {"from": "yesterday"},
        {"tags": "x" * 65},
        {"tags": " ".join(map(str, range(51)))},
        {"tags": "\0"},
        {"from": "2026-01-01T00:00:00"},
        {"to": "2026-01-01T00:00:00"},
        {"to": "tomorrow"},
    ],
    ids=str,
)
def test_what_can_not_be_meant_is_refused_with_a_sentence(failures, browser, client, wrong):
    answer = browser.post("/console/dead-letters", **{"status": "failed", **wrong})
    assert answer.status_code == 400
    (name,) = wrong
    assert f"{'stop_at_error_rate' if name == 'stop_at' else name}: " in Page(answer.text).text
    assert client.get("/retries").json == []


def test_a_redelivery_that_runs_is_cancelled(failures, browser, client):
    browser.post("/console/dead-letters", status="failed", rate="1/h")
    (job,) = client.get("/retries").json
    path = f"/console/dead-letters/{job['id']}/cancel"
    assert path in browser.get("/console/dead-letters").text
    assert browser.post(path).status_code == 303
    assert client.get("/retries").json[0]["status"] == "cancelled"
    assert path not in browser.get("/console/dead-letters").text
    assert client.get("/audit").json[0]["action"] == "retry.cancel"
