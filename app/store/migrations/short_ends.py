"""8: an occurrence that ended had a hash; what its first attempt completes keeps a short form now.

Nothing has to be moved for that: what has a hash keeps it until retention deletes it. But an
earlier version does not know that form. It takes what has it for what is under way, and retention
of then leaves it alone, as it does not read the index ``endings``. So the store gets another
number, and an earlier version does not start with it any more.
"""

from __future__ import annotations

from app.store.migrations.migration import Migration, Step, Stored


def step(_stored: Stored, _partition: int, _cursor: str) -> Step:
    """Move nothing."""
    return Step(0, "")


SHORT_ENDS = Migration(8, "store less of what has ended", step, online=True, in_partitions=False)
