"""9: what had ended kept its own record; after an hour it is packed into a page with others.

Nothing has to be moved for that: upkeep packs what has ended, and begins with the oldest, once no
process of an earlier version is alive (see ``Packing``). An earlier version does not know pages: it
would say that such an occurrence does not exist. So the store gets another number, and an earlier
version does not start with it any more.
"""

from __future__ import annotations

from app.store.migrations.migration import Migration, Step, Stored


def step(_stored: Stored, _partition: int, _cursor: str) -> Step:
    """Move nothing."""
    return Step(0, "")


PACKED_RECORDS = Migration(
    9, "pack the records of what has ended", step, online=True, in_partitions=False
)
