"""One occurrence: why it is where it is, and once more."""

from __future__ import annotations

import pytest

from app.domain import ids
from app.domain.outcome import Outcome, Timings
from tests.console.conftest import Page


@pytest.fixture
def failed(client, clock, attempt, an_event) -> str:
    """An occurrence that has failed for good."""
    event = client.post("/events", json={**an_event, "tags": ["a"], "retry": {"attempts": 1}}).json
    clock.advance(33 * 3_600_000)
    now_us = clock.now_us()
    times = Timings(now_us, now_us + 1_500, now_us + 41_500, now_us + 31_500, 0, 2_000, 8_000)
    attempt(
        Outcome(
            times,
            status_code=503,
            response_body=b"try later",
            error="status",
            error_message="the receiver answered 503",
        )
    )
    (one,) = client.get(f"/events/{event['id']}/occurrences").json
    assert one["status"] == "failed"
    return str(one["id"])


def test_it_says_why_it_failed_what_came_back_and_where_the_time_went(failed, browser):
    text = Page(browser.get(f"/console/occurrences/{failed}").text).text
    assert "It has failed for good after 1 attempt: the receiver answered 503." in text
    assert "1.5 ms late, took 40 ms" in text
    for words in ("connect 2 ms", "TLS 8 ms", "waiting for the answer 20 ms", "reading it 10 ms"):
        assert words in text
    assert "try later" in text


def test_it_is_delivered_again_by_a_button_and_that_is_recorded(failed, browser, client):
    page = browser.get(f"/console/occurrences/{failed}")
    assert "Redeliver" in page.text
    answer = browser.post(f"/console/occurrences/{failed}/redeliver")
    assert answer.status_code == 303
    assert client.get(f"/occurrences/{failed}").json["status"] == "retrying"
    assert client.get("/audit").json[0]["action"] == "occurrence.retry"
    again = browser.post(f"/console/occurrences/{failed}/redeliver")
    assert again.status_code == 409
    assert "has not ended yet" in Page(again.text).text


def test_nobody_sees_or_redelivers_what_is_out_of_scope(failed, browser_with, client):
    browser = browser_with("read_write", "b")
    assert browser.get(f"/console/occurrences/{failed}").status_code == 404
    assert browser.post(f"/console/occurrences/{failed}/redeliver").status_code == 404
    assert client.get(f"/occurrences/{failed}").json["status"] == "failed"


def test_one_of_a_deleted_event_can_be_read_and_not_redelivered(failed, browser, client):
    event_id = client.get(f"/occurrences/{failed}").json["event_id"]
    client.delete(f"/events/{event_id}")
    page = browser.get(f"/console/occurrences/{failed}")
    assert "a deleted event" in Page(page.text).text
    assert "Redeliver" not in page.text


def test_its_request_can_be_copied_signed_by_who_may_redeliver_it(failed, browser, browser_with):
    path = f"/console/occurrences/{failed}/curl"
    assert path in Page(browser.get(f"/console/occurrences/{failed}").text).links
    page = browser.get(path)
    assert page.headers["Cache-Control"] == "no-store"
    assert "--header &#39;webhook-signature: v1," in page.text
    reader = browser_with("read", "a").get(path)
    assert reader.status_code == 200
    assert "webhook-signature" not in reader.text
    assert "It has no signature" in Page(reader.text).text
    assert browser_with("read_write", "b").get(path).status_code == 404


def test_what_can_not_be_copied_says_why(failed, browser, client):
    client.delete(f"/events/{client.get(f'/occurrences/{failed}').json['event_id']}")
    page = browser.get(f"/console/occurrences/{failed}/curl")
    assert page.status_code == 409
    assert "Its event is gone" in Page(page.text).text


def test_an_old_link_says_what_became_of_it(browser):
    raw = ids.occurrence_id(bytes(16), 1_735_808_400_000)
    page = browser.get(f"/console/occurrences/{ids.to_text(raw)}")
    assert page.status_code == 404
    text = Page(page.text).text
    assert "an occurrence of Thu 2025-01-02 09:00:00 UTC" in text
    assert "is deleted 7 days after its end" in text
