"""What is counted by tag and by host: what the settings list, and all the rest together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.domain.action import webhook
from app.engine.group_meter import GroupMeter, count_recorded, listed
from app.metrics.catalogue import LISTED
from app.metrics.registry import Registry
from app.store.claims import Claim
from tests.support.builders import a_claim


@pytest.fixture
def registry() -> Registry:
    return Registry()


def claim_of(tags: Sequence[str] = (), url: str = "https://else.example/x") -> Claim:
    claim = a_claim(1)
    assert claim.definition is not None
    definition = claim.definition._replace(action=webhook(url))
    return replace(claim, tags=tuple(tags), definition=definition)


def record(meter: GroupMeter, claim: Claim, verdict: str = "completed") -> None:
    count_recorded(meter.groups_of(claim), verdict)


def test_one_that_has_several_listed_tags_counts_for_each(registry: Registry) -> None:
    meter = GroupMeter(registry, tags=("a", "b"))
    record(meter, claim_of(["a", "x", "b"]))
    record(meter, claim_of(["a"]), "failed")
    record(meter, claim_of(["x"]))
    record(meter, claim_of())
    assert registry.totals() == {
        "outcomes_by_tag|a|completed": 1,
        "outcomes_by_tag|b|completed": 1,
        "outcomes_by_tag|a|failed": 1,
        "outcomes_by_tag|other|completed": 2,
    }


def test_a_target_is_known_by_its_host_alone(registry: Registry) -> None:
    meter = GroupMeter(registry, hosts=("a.example", "2001:db8::1"))
    v6 = "https://[2001:DB8::1]:443/"
    for url in (
        v6,
        "https://A.example:8443/x?y",
        "http://u:p@a.example",
        "https://b.a.example/",
        "q:me",
    ):
        record(meter, claim_of(url=url))
    record(meter, replace(claim_of(), definition=None), "cancelled")
    assert registry.totals() == {
        "outcomes_by_target|2001:db8::1|completed": 1,
        "outcomes_by_target|a.example|completed": 2,
        "outcomes_by_target|other|completed": 2,
        "outcomes_by_target|other|cancelled": 1,
    }


def test_lateness_is_measured_for_each(registry: Registry) -> None:
    meter = GroupMeter(registry, ("a",), ("a.example",))
    meter.note_lateness(claim_of(["a"], "https://a.example/"), 900)
    sums = {field: count for field, count in registry.totals().items() if field.endswith("|sum")}
    assert sums == {
        "lateness_by_tag_seconds|a|sum": 900,
        "lateness_by_target_seconds|a.example|sum": 900,
    }


def test_where_nothing_is_listed_nothing_is_counted(registry: Registry) -> None:
    meter = GroupMeter(registry)
    assert not meter.is_on
    record(meter, claim_of(["a"]))
    assert registry.totals() == {}
    assert listed((), ()) == {family: set() for family in LISTED}
