"""Notifications in words: true counts, one line for each thing, nothing that users can abuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.alert_groups import AlertGroup
from app.domain.alert_texts import MAX_NAME, notification_of, plain, trial_of
from app.domain.alerts import Condition, Finding
from app.domain.lines import is_seen

CONSOLE = "https://q.example/console"
AT = 1_767_225_600_000


def told(*findings: Finding):
    return notification_of(AlertGroup("k", 0).add(findings), "on call", "a1", CONSOLE)


def failed(number: int, **fields) -> Finding:
    given = {"name": f"event {number % 3}", "detail": "the receiver answered 500", **fields}
    return Finding(Condition.DEAD_LETTER, AT, str(number % 3), occurrence_id=f"o{number}", **given)


def test_many_are_counted_and_the_first_few_shown() -> None:
    found = told(*map(failed, range(12)))
    assert found.title == "12 occurrences of 3 events failed"
    (section,) = found.sections
    assert section.lines[0] == "event 0: the receiver answered 500 (2026-01-01 00:00:00 UTC)"
    assert section.lines[5:] == ("and 7 more",)
    assert section.link == f"{CONSOLE}/dead-letters"
    assert found.link == f"{CONSOLE}/alerts/a1"


def test_one_leads_to_itself() -> None:
    found = told(failed(1))
    assert found.title == "1 occurrence of 1 event failed"
    assert found.sections[0].link == f"{CONSOLE}/occurrences/o1"


@pytest.mark.parametrize(
    ("condition", "is_over", "heading", "place"),
    [
        (Condition.FAILING, False, "1 event has begun to fail.", "/events/s"),
        (Condition.FAILING, True, "1 event succeeds again.", "/events/s"),
        (Condition.BREAKER_OPEN, False, "The circuit breaker of 1 target opened.", "/flows"),
        (Condition.BREAKER_OPEN, True, "The circuit breaker of 1 target closed.", "/flows"),
        (
            Condition.SERIES_ENDED,
            False,
            "1 event has ended: nothing more is to come.",
            "/events/s",
        ),
        (Condition.SET_ASIDE, False, "1 event was set aside.", "/events/s"),
        (Condition.LAG, False, "Deliveries are late.", "/"),
        (Condition.LAG, True, "Deliveries are on time again.", "/"),
        (Condition.SLO_BURN, False, "The error budget of 1 lateness objective burns.", "/"),
        (Condition.SLO_BURN, True, "The error budget of 1 lateness objective burns no more.", "/"),
        (Condition.PROBLEM, False, "The instance has 1 problem.", "/"),
        (Condition.PROBLEM, True, "1 problem of the instance is over.", "/"),
    ],
)
def test_each_condition_has_its_sentence_and_its_place(condition, is_over, heading, place) -> None:
    (section,) = told(Finding(condition, AT, "s", "it", is_over=is_over)).sections
    assert (section.heading, section.link) == (heading, CONSOLE + place)


def test_several_kinds_are_told_at_once() -> None:
    found = told(
        Finding(Condition.BREAKER_OPEN, AT, "https://a:443"),
        Finding(Condition.BREAKER_OPEN, AT, "https://b:443"),
        *(Finding(Condition.FAILING, AT, str(number)) for number in range(300)),
    )
    assert found.title == "The circuit breakers of 2 targets opened (and 1 more)"
    assert found.sections[1].heading == "200+ events have begun to fail."
    assert "The alert “on call” of Qhronos sends this." in found.text


@given(st.text(), st.text())
def test_no_text_of_others_breaks_a_line_or_is_long(name: str, detail: str) -> None:
    found = told(failed(1, name=name, detail=detail))
    (line,) = found.sections[0].lines
    assert all(map(is_seen, line))
    assert len(line) < 300
    assert "\n" not in found.title


def test_what_is_cut_says_so() -> None:
    assert plain("x" * 99, MAX_NAME) == "x" * (MAX_NAME - 1) + "…"
    assert plain(" a\n\u202eb ", 9) == "a b"


def test_a_test_says_that_it_is_one() -> None:
    found = trial_of("k", "on\r\ncall", "a1", CONSOLE)
    assert found.title == "Test of the alert “on call”"
