"""How commands that go together are cut into steps for the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.store.cluster_commands import slot_of
from app.store.cluster_steps import NodeStep


def planned(
    commands: Sequence[Sequence[Any]], answers: list[Any]
) -> tuple[list[NodeStep], list[tuple[list[Any], int | None]]]:
    """Cut commands into steps; with each, which commands it has.

    That is their numbers; between MULTI and EXEC also their places in the answer, and that of EXEC.
    """
    steps: list[NodeStep] = []
    places: list[tuple[list[Any], int | None]] = []
    groups: dict[int | None, list[tuple[int, int]]] | None = None
    count = 0
    for at, one in enumerate(commands):
        if one[0] == "SCRIPT LOAD":
            continue
        if one[0] == "MULTI":
            groups, count, answers[at] = {}, 0, b"OK"
        elif one[0] == "EXEC" and groups is not None:
            answers[at] = [None] * count
            for slot, members in groups.items():
                inner = [commands[number] for number, _ in members]
                steps.append(NodeStep(slot, [("MULTI",), *inner, ("EXEC",)]))
                places.append((members, at))
            groups = None
        elif groups is not None:
            groups.setdefault(slot_of(one), []).append((at, count))
            count += 1
        else:
            steps.append(NodeStep(slot_of(one), [one]))
            places.append(([at], None))
    return steps, places
