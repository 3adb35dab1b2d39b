"""Commands of a cluster that are cut in parts: those with many keys, and walks over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.store.cluster_commands import by_slot
from app.store.cluster_steps import NodeStep, StepStore, raised

_NODES_AT_MOST = 1_024
"""A place of a walk over all keys is that in a node and the node's number, below this."""


def in_parts(client: StepStore, name: str, *args: Any) -> Any:
    """Run one of ``IN_PARTS``; its parts are one round trip. Raises ``StoreUnavailable``."""
    if name == "SCAN":
        return _scan(client, *args)
    parts = _by_slot(client, name, args)
    if name != "MGET":
        return sum(int(count) for _, count in parts)
    found: list[Any] = [None] * len(args)
    for some, values in parts:
        for at, value in zip(some, values, strict=True):
            found[at] = value
    return found


def _by_slot(client: StepStore, name: str, keys: Sequence[Any]) -> list[tuple[list[int], Any]]:
    """Run a command for the keys of each slot; returns their numbers, and what it answered."""
    slots = by_slot(keys)
    steps = [NodeStep(slot, [(name, *(keys[at] for at in some))]) for slot, some in slots.items()]
    client.run(steps)
    pairs = zip(slots.values(), steps, strict=True)
    return [(some, raised(step.answers[0])) for some, step in pairs]


def _scan(client: StepStore, cursor: Any, *rest: Any) -> tuple[int, list[bytes]]:
    """Walk over the keys of one node after the other."""
    inner, number = divmod(int(cursor), _NODES_AT_MOST)
    primaries = client.primaries
    node = primaries[min(number, len(primaries) - 1)]
    step = NodeStep(None, [("SCAN", inner, *rest)], node)
    client.run([step])
    after, found = raised(step.answers[0])
    if int(after):
        return int(after) * _NODES_AT_MOST + number, found
    return (number + 1 if number + 1 < len(primaries) else 0), found
