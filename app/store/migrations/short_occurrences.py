"""7: every occurrence had a hash; now it has a short form until its first attempt is recorded.

Nothing has to be moved for that: what has a hash keeps it. But an earlier version does not know
short forms. So two indexes have other names now. With the one of lanes its workers claim nothing,
as they would drop what they do not understand; this version does. With the one of leases its upkeep
drops none of this version's. It runs beside everything else, and upkeep goes on to move what
processes of then add.
"""

from __future__ import annotations

from app.store import keys
from app.store.migrations.migration import Migration, Step, Stored

BATCH = 500


def step(stored: Stored, partition: int, _cursor: str) -> Step:
    """Move the lanes, and the leases that have expired."""
    prefix = keys.prefix(partition)
    lanes = int(stored.scripts("move_lanes", [prefix + b"due-lanes"], [prefix]))
    seconds, micros = stored.client.time()
    now_ms = int(seconds) * 1000 + int(micros) // 1000
    leases = [keys.former_leases(partition), keys.leases(partition)]
    moved = int(stored.scripts("move_leases", leases, [now_ms, BATCH]))
    return Step(lanes + moved, "more" if moved == BATCH else "")


SHORT_OCCURRENCES = Migration(
    7, "store less for what is scheduled", step, online=True, follows=True
)
