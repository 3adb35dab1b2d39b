"""3: an entry of the audit log was JSON with two hashes in hex; now it is compressed.

There is nothing to move. Entries of before are read as they are, and upkeep packs them into
segments, as it does with all. The number keeps an earlier version away, which would read none of
the new ones.
"""

from __future__ import annotations

from app.store.migrations.migration import Migration, Step, Stored


def step(_stored: Stored, _partition: int, _cursor: str) -> Step:
    """Do nothing."""
    return Step(0, "")


AUDIT_COMPRESSED = Migration(3, "compress the audit log", step, online=True, in_partitions=False)
