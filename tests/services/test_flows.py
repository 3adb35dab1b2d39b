"""Flows and the events in them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.domain import ids
from app.domain.access import MASTER, Access
from app.domain.event import Event
from app.errors import Conflict
from app.services import flows as module
from app.wiring.services import Services


def test_the_events_of_a_flow_are_in_one_partition(create: Callable[..., Event]) -> None:
    """So that its order is that of one queue."""
    in_flow = [create(flow={"key": "acme"}) for _ in range(8)]
    ordered = [create(order="strict") for _ in range(8)]
    for events in (in_flow, ordered):
        assert len({ids.partition_of_event(event.id) for event in events}) == 1


def test_a_changed_limit_is_the_flows(services: Services, create: Callable[..., Event]) -> None:
    create(flow={"key": "acme", "rate": "1/m"})
    create(flow={"key": "acme", "rate": "9/s", "concurrency": 2})
    limits = services.flows.get("acme", MASTER, None).limits
    assert limits.rate is not None
    assert (limits.rate.text, limits.concurrency) == ("9/s", 2)


@pytest.mark.parametrize(
    ("limit", "whose"), [("MAX_OF_SCOPE", "of this scope"), ("MAX_IN_ALL", "in all")]
)
def test_flows_are_bounded_and_those_that_are_there_can_be_changed(
    services: Services, monkeypatch: pytest.MonkeyPatch, limit: str, whose: str
) -> None:
    """Another scope has a bound of its own."""
    red, blue = (Access(tag, "read_write", frozenset({tag})) for tag in ("red", "blue"))
    monkeypatch.setattr(module, limit, 2)
    for key in ("a", "b"):
        services.flows.change(key, {"rate": "1/s"}, red, None)
    with pytest.raises(Conflict, match=f"There are 2 flows {whose}"):
        services.flows.change("c", {"rate": "1/s"}, red, None)
    assert services.flows.change("a", {"rate": "2/s"}, red, None)[1] is False
    assert services.flows.list(red, 10, None).total == 2
    if limit == "MAX_OF_SCOPE":
        assert services.flows.change("a", {"rate": "1/s"}, blue, None)[1]
