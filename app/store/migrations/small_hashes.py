"""4: an event's long values were one field each, an attempt's line was JSON; now both are smaller.

On a server with default settings a hash with such values took three times as much. It runs beside
everything else: both forms are read. A step looks at some records of one index; one that moves to
another index meanwhile may be passed over, and stays readable.

It begins with the index of the lanes, which has another name now. So the workers of an earlier
version, which would not understand what they claim, claim nothing: this version does. Upkeep goes
on to move what processes of then add.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, cast

from app.domain.event import EventStatus
from app.domain.occurrence import OccurrenceStatus
from app.store import keys
from app.store.migrations.migration import Migration, Step, Stored
from app.store.partitions import in_slices
from app.store.scripts import Argument

BATCH = 200
TOGETHER = 50
"""How many records one call packs: it takes the store a millisecond or two."""


class _Phase(NamedTuple):
    """An index, and the script that looks at its members."""

    key_of: Callable[[int], bytes]
    script: str


_PHASES = (
    *(_Phase(partial(keys.events, status=status), "pack_events") for status in EventStatus),
    *(_Phase(partial(keys.occurrences, status=one), "pack_logs") for one in OccurrenceStatus),
)


def step(stored: Stored, partition: int, cursor: str) -> Step:
    """Move the lanes, then pack what one scan of an index finds; the cursor: which, and where."""
    prefix = keys.prefix(partition)
    if not cursor:
        moved = int(stored.scripts("move_lanes", [prefix + b"lanes"], [prefix]))
        return Step(moved, "0 0")
    number, place = map(int, cursor.split())
    phase = _PHASES[number]
    place, found = stored.client.zscan(phase.key_of(partition), place, count=BATCH)
    members = cast("list[tuple[bytes, float]]", found)
    for some in in_slices(members, TOGETHER, lambda _one: 1):
        args: list[Argument] = [prefix, *(member for member, _ in some)]
        stored.scripts(phase.script, [keys.lanes(partition)], args)
    if place:
        return Step(len(members), f"{number} {place}")
    following = number + 1
    return Step(len(members), f"{following} 0" if following < len(_PHASES) else "")


SMALL_HASHES = Migration(4, "store less for an event", step, online=True, follows=True)
