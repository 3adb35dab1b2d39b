"""What counts as a success, if an event says so."""

from __future__ import annotations

import pytest

from app.domain.expectation import READ_LIMIT, parse_expect
from app.domain.outcome import Outcome, Timings
from app.domain.retry import DEFAULT, Done, GiveUp, RetryAt, decide
from app.errors import InvalidInput


@pytest.mark.parametrize(
    ("given", "good", "bad"),
    [
        (["2xx", 404], [200, 204, 299, 404], [199, 300, 403, 405, 500, None]),
        (["3XX"], [300, 302, 399], [200, 400]),
        ([410], [410], [200]),
        (None, [200, 299], [199, 300]),
    ],
)
def test_only_what_is_named_is_a_success(given, good, bad):
    expected = parse_expect({"status": given, "body_contains": None})
    assert all(expected.fault(status, b"") == (None, None) for status in good)
    assert {expected.fault(status, b"")[0] for status in bad} == {"status"}


def test_the_sentence_says_what_came_and_what_is_expected():
    expected = parse_expect({"status": ["2XX", 404]})
    assert expected.fault(500, b"")[1] == "the receiver answered 500, and 2xx or 404 is expected"


def test_a_text_is_looked_for_in_what_is_read_of_the_answer():
    expected = parse_expect({"body_contains": "fertig ✓"})
    text = "fertig ✓".encode()
    for body in (text, b"x" * 60_000 + text, b"x" * (READ_LIMIT - len(text)) + text):
        assert expected.fault(200, body) == (None, None)
    for body in (b"", b"fertig", b"x" * (READ_LIMIT - len(text) + 1) + text):
        word, sentence = expected.fault(201, body)
        assert word == "body"
        assert "first 65536 bytes" in sentence
    assert expected.fault(500, text)[0] == "status"


@pytest.mark.parametrize("value", [None, [], "2xx", {"status": [1]}, {"other": 1}])
def test_what_is_none_is_refused_by_its_field(value):
    with pytest.raises(InvalidInput) as refused:
        parse_expect(value)
    assert next(iter(refused.value.fields)).startswith("expect")


def judged(given, status, body=b"", retry_after=None):
    error, message = parse_expect(given).fault(status, body)
    outcome = Outcome(Timings(0, 0, 0), status, body, error, message, retry_after)
    return decide(outcome, 1, DEFAULT, now_ms=0, since_ms=0, jitter=0.5)


def test_410_ends_an_event_only_where_it_is_not_expected():
    assert judged({"status": [410]}, 410) == Done()
    assert judged({"status": [200]}, 410) == GiveUp(deactivate_event=True)


def test_what_is_not_expected_is_retried_when_the_receiver_asks_for_it():
    assert judged({"status": [404]}, 200, retry_after="7") == RetryAt(7_000)
    assert judged({"body_contains": "done"}, 200, b"not yet", "7") == RetryAt(7_000)
    assert judged({"body_contains": "done"}, 200, b"not yet") == RetryAt(15_000)
