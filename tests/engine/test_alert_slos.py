"""What alerts tell of lateness objectives."""

from __future__ import annotations

from app.domain.alerts import Condition
from app.engine.alert_slos import slo_findings
from app.store.alert_watch import Change
from tests.support.clock import NOW_MS


def test_a_budget_that_burns_is_told_once_and_when_it_is_over() -> None:
    change = Change()
    (found,) = slo_findings({"red": "fast"}, {}, change, NOW_MS)
    assert (found.condition, found.name, found.tags) == (Condition.SLO_BURN, "red", ("red",))
    assert (found.detail, found.is_over) == ("it burns fast", False)
    assert change.known == {"slo:red": NOW_MS}
    assert slo_findings({"red": "slow"}, change.known, Change(), NOW_MS) == []
    after = Change()
    (over,) = slo_findings({}, {"slo:red": 1, "lag:1": 2}, after, NOW_MS)
    assert (over.subject, over.tags, over.is_over) == ("red", ("red",), True)
    assert after.forgotten == ["slo:red"]
