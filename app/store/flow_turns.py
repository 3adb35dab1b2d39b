"""What a flow lets through when it is asked: the answer of the script ``admit_occurrences``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.domain import ids

Member = bytes
"""An event's id and its occurrence's: what waits for a flow."""

PAUSED = "p"
"""In place of the moment to look again: the flow is paused."""
AFTER = "@"
"""In place of a start: the occurrence waits for the end of the one whose id follows."""


def occurrence_of(member: Member) -> bytes:
    """The id of the occurrence that waits."""
    return member[16:]


@dataclass(frozen=True, slots=True)
class Turn:
    """What a flow allows now. Times are ms UTC.

    ``starts`` has a moment for each occurrence that was let through, ``None`` for the others.
    ``look_ms`` is when to ask again, ``None`` when something ends. ``after`` is the occurrence
    whose end a strict flow waits for. ``number`` is that of the turn of a strict flow.
    """

    starts: Sequence[int | None]
    look_ms: int | None
    paused: bool = False
    after: bytes | None = None
    number: int = 0

    @property
    def is_full(self) -> bool:
        """Whether all that the flow allows is under way."""
        return self.look_ms is None and not self.paused


def read_turn(text: str) -> Turn:
    """Read what the script answered for one flow."""
    look, number, *starts = text.split(" ")
    after = next((bytes.fromhex(one[1:]) for one in starts if one.startswith(AFTER)), None)
    return Turn(
        starts=[int(one) if one.isdigit() else None for one in starts],
        look_ms=int(look) if look.isdigit() else None,
        paused=look == PAUSED,
        after=after,
        number=int(number),
    )


def starts_of(
    asked: Mapping[bytes, Sequence[Member]], turns: Sequence[Turn]
) -> dict[bytes, dict[Member, int]]:
    """By flow, the members that may start, and when."""
    return {
        flow: {
            member: start
            for member, start in zip(members, turn.starts, strict=True)
            if start is not None
        }
        for (flow, members), turn in zip(asked.items(), turns, strict=True)
    }


def of_partitions(
    starts: Mapping[bytes, Iterable[Member]],
) -> dict[int, dict[bytes, list[Member]]]:
    """By partition, then by flow, those members that are in it."""
    found: dict[int, dict[bytes, list[Member]]] = {}
    for flow, members in starts.items():
        for one in members:
            partition = ids.partition_of_occurrence(occurrence_of(one))
            found.setdefault(partition, {}).setdefault(flow, []).append(one)
    return found
