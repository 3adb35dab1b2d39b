"""Alerts: what one tells of, for whom it exists, and what does not go together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.access import MASTER, Access
from app.domain.alerts import Alert, AlertType, Condition, Finding
from app.errors import InvalidInput

SLACK = Alert("i", "on call", AlertType.SLACK, (Condition.DEAD_LETTER,), origin="https://a.example")
FOUND = Finding(Condition.DEAD_LETTER, 1, tags=("red", "blue"))


@pytest.mark.parametrize(
    ("alert", "finding", "told"),
    [
        (SLACK, FOUND, True),
        (SLACK, replace(FOUND, condition=Condition.FAILING), False),
        (replace(SLACK, tags=("red",)), FOUND, True),
        (replace(SLACK, tags=("green",)), FOUND, False),
        (replace(SLACK, tags=("red",)), replace(FOUND, tags=()), False),
        (SLACK, replace(FOUND, alert_id="other"), False),
        (replace(SLACK, tags=("red",)), replace(FOUND, tags=(), alert_id="i"), True),
    ],
)
def test_an_alert_tells_of_its_conditions_for_its_tags(alert, finding, told) -> None:
    assert alert.wants(finding) is told


def test_it_exists_for_admins_and_for_who_has_all_its_tags() -> None:
    both = replace(SLACK, tags=("red", "blue"))
    red = Access("r", "read", frozenset({"red"}))
    assert both.is_within(MASTER)
    assert both.is_within(Access("b", "read", frozenset({"red", "blue", "green"})))
    assert not both.is_within(red)
    assert not SLACK.is_within(red)


@pytest.mark.parametrize(
    ("alert", "field"),
    [
        (replace(SLACK, origin=""), "url"),
        (replace(SLACK, to=("a@b.example",)), "to"),
        (replace(SLACK, has_secret=True), "secret"),
        (replace(SLACK, kind=AlertType.MAIL), "to"),
        (replace(SLACK, kind=AlertType.MAIL, to=("a@b.example",)), "url"),
        (replace(SLACK, tags=("a",), conditions=(Condition.LAG,)), "on"),
        (replace(SLACK, tags=("a",), conditions=(Condition.PROBLEM,)), "on"),
    ],
)
def test_what_does_not_go_together_is_refused_by_its_field(alert: Alert, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        alert.check()
    assert list(refused.value.fields) == [field]
