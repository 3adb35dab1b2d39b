"""Flows and the events in them."""

from __future__ import annotations

from collections.abc import Callable

from app.domain import ids
from app.domain.access import MASTER
from app.domain.event import Event
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
