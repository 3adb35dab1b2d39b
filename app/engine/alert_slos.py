"""What alerts tell of lateness objectives: an error budget begins to burn, and no longer does."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.alerts import Condition, Finding
from app.store.alert_watch import Change

_SAID = {"fast": "it burns fast", "slow": "it burns slowly"}


def slo_findings(
    burning: Mapping[str, str], known: Mapping[str, int], change: Change, now_ms: int
) -> list[Finding]:
    """Compare what burns, by tag, with what is known to; ``change`` gets what is new."""
    told = {one.removeprefix("slo:") for one in known if one.startswith("slo:")}
    found = []
    for tag in sorted(burning.keys() - told):
        change.known[f"slo:{tag}"] = now_ms
        said = _SAID[burning[tag]]
        found.append(Finding(Condition.SLO_BURN, now_ms, tag, tag, said, tags=(tag,)))
    for tag in sorted(told - burning.keys()):
        change.forgotten.append(f"slo:{tag}")
        found.append(Finding(Condition.SLO_BURN, now_ms, tag, tag, tags=(tag,), is_over=True))
    return found
