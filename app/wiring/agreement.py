"""Before a process works with the store: its form is that of this version, its partitions fit."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.partition_count import PartitionCount
from app.store.coordination import Coordination
from app.store.migrations.schema import Schema


@dataclass(frozen=True, slots=True)
class Agreement:
    """Checks the store against the settings."""

    coordination: Coordination
    schema: Schema
    partitions: PartitionCount
    given: int
    """How many partitions the settings have."""

    def migrate(self) -> None:
        """Have the store brought to this version's form, beside other work if it can; ``agree``."""
        if self.schema.pending():
            self._agree_on_partitions()
            self.schema.migrate_beside()
        self.agree()

    def agree(self) -> None:
        """Check that the store has the form of this version, and the settings' partitions.

        Raises ``ConfigError`` if it does not, ``StoreUnavailable``, also while it is migrated.
        """
        self.schema.check()
        self._agree_on_partitions()

    def _agree_on_partitions(self) -> None:
        self.coordination.agree_on_partitions(self.given)
