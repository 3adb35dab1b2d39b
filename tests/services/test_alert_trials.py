"""Tests of alerts: nobody takes all threads of the API with them, and nobody floods anybody."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from app.domain.alert_groups import HOUR_MS
from app.domain.alerts import MAX_PER_HOUR
from app.errors import Conflict
from app.services.alert_trials import AT_ONCE, AlertTrials
from tests.support.clock import NOW_MS


def test_a_subject_has_one_at_a_time_and_all_have_a_few() -> None:
    trials = AlertTrials()
    with ExitStack() as under_way:
        for number in range(AT_ONCE):
            under_way.enter_context(trials.one(f"subject {number}", NOW_MS))
        with pytest.raises(Conflict, match="of yours is under way"):
            under_way.enter_context(trials.one("subject 0", NOW_MS))
        with pytest.raises(Conflict, match="a little later"):
            under_way.enter_context(trials.one("another", NOW_MS))
    with trials.one("another", NOW_MS):
        pass


def test_one_that_fails_makes_room_again() -> None:
    trials = AlertTrials()
    with pytest.raises(OSError, match="away"), trials.one("red", NOW_MS):
        raise OSError("away")
    with trials.one("red", NOW_MS):
        pass


def test_a_subject_has_so_many_in_an_hour() -> None:
    trials = AlertTrials()
    for _ in range(MAX_PER_HOUR):
        with trials.one("red", NOW_MS):
            pass
    with pytest.raises(Conflict, match="within the last hour"), trials.one("red", NOW_MS):
        pass
    with trials.one("blue", NOW_MS), trials.one("red", NOW_MS + HOUR_MS):
        pass
