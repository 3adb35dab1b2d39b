"""Commands of a cluster that are cut in parts: those with many keys, and walks over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis
from redis.crc import key_slot

from app.errors import ShardUnavailable
from app.store.cluster_commands import slot_of
from app.store.cluster_steps import NOT_NOW, NodeStep, StepStore, raised
from app.store.nodes import Node
from app.store.wire import part

_ELSEWHERE = (redis.exceptions.AskError, *NOT_NOW, ShardUnavailable)
"""What says that a key is on another node by now; ``MovedError`` is one of these."""

_NODES_AT_MOST = 1_024
"""A place of a walk over all keys is that in a node and the node's number, below this."""


def in_parts(client: StepStore, name: str, *args: Any) -> Any:
    """Run one of ``IN_PARTS``; its parts are one round trip. Raises ``StoreUnavailable``."""
    if name == "SCAN":
        return _scan(client, *args)
    # Key by key: while a slot moves, its keys are on two nodes.
    single = "GET" if name == "MGET" else name
    steps = [NodeStep(slot_of((single, key)), [(single, key)]) for key in args]
    client.run(steps)
    answers = [raised(step.answers[0]) for step in steps]
    return answers if name == "MGET" else sum(map(int, answers))


def read_each(
    client: StepStore, command: str, keys: Sequence[bytes], rest: Sequence[str | int]
) -> list[Any]:
    """Run a command that only reads for each of several keys, in order."""
    begin = b"*%d\r\n%s" % (2 + len(rest), part(command.encode()))
    end = b"".join(part(str(one).encode()) for one in rest)
    asked = [begin + part(key) + end for key in keys]
    places: dict[Node, list[int]] = {}
    for at, key in enumerate(keys):
        places.setdefault(client.serving(key), []).append(at)
    steps = [NodeStep(None, [keys[at] for at in some], node) for node, some in places.items()]
    for step, some in zip(steps, places.values(), strict=True):
        step.packed = b"".join([asked[at] for at in some])
    client.run(steps)
    found = list[Any]([None] * len(keys))
    for step, some in zip(steps, places.values(), strict=True):
        for at, answer in zip(some, step.answers, strict=True):
            found[at] = answer
    if elsewhere := [at for at, one in enumerate(found) if isinstance(one, _ELSEWHERE)]:
        alone = [NodeStep(key_slot(keys[at]), [(command, keys[at], *rest)]) for at in elsewhere]
        client.run(alone)
        for at, step in zip(elsewhere, alone, strict=True):
            found[at] = step.answers[0]
    return list(map(raised, found))


def middle_of(times: Sequence[Any]) -> tuple[int, int]:
    """Which of the nodes' times is in the middle; raises the first error if there is none."""
    told = sorted((int(one[0]), int(one[1])) for one in times if isinstance(one, tuple))
    if not told:
        raise times[0]
    return told[(len(told) - 1) // 2]


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
