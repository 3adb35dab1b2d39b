"""How an objective fares."""

from __future__ import annotations

import pytest

from app.domain.slo import DAY_MS, RATES_MS, Compliance, Share, Slo

SLO = Slo("a", 1_000, 0.99, 30 * DAY_MS, 0, 0)


NOTHING = Share()


def fares(window: Share = NOTHING, **rates: Share) -> Compliance:
    given = {name.strip("_"): share for name, share in rates.items()}
    return Compliance(SLO, window, {name: given.get(name, Share()) for name in RATES_MS})


def test_the_budget_is_what_may_be_late() -> None:
    found = fares(Share(10_000, 25))
    assert found.compliance == pytest.approx(0.9975)
    assert found.budget_left == pytest.approx(0.75)
    assert fares(Share(1_000, 20)).budget_left == pytest.approx(-1)


def test_nothing_delivered_uses_up_nothing() -> None:
    found = fares()
    assert (found.compliance, found.budget_left, found.burning) == (None, 1, None)
    assert set(found.burn_rates.values()) == {0}


@pytest.mark.parametrize(
    ("rates", "burning"),
    [
        ({"_1h": Share(1_000, 145), "_5m": Share(100, 15)}, "fast"),
        ({"_1h": Share(1_000, 145), "_5m": Share(100, 1)}, None),
        ({"_1h": Share(1_000, 100), "_5m": Share(100, 15)}, None),
        ({"_6h": Share(1_000, 61), "_30m": Share(100, 7)}, "fast"),
        ({"_3d": Share(1_000, 11), "_6h": Share(100, 2)}, "slow"),
        ({"_3d": Share(1_000, 11), "_6h": Share(100, 0)}, None),
        ({"_3d": Share(1_000, 500), "_6h": Share(100, 50), "_30m": Share(9, 9)}, "fast"),
    ],
)
def test_a_long_and_a_short_time_say_whether_it_burns(
    rates: dict[str, Share], burning: str | None
) -> None:
    assert fares(**rates).burning == burning
