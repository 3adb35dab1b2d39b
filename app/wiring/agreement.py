"""Before a process works with the store: its form is that of this version, its partitions fit."""

from __future__ import annotations

import logging
import operator
from dataclasses import dataclass

from app.domain.partition_count import PartitionCount
from app.store.coordination import Coordination
from app.store.growth import GrowthStore, PartitionNumbers
from app.store.migrations.schema import Schema

_log = logging.getLogger(__name__)

GROWN = "the store has %s partitions now; new events go to all of them"
FOLLOWS = (
    "QHRONOS_PARTITIONS=%s is what the store had before it was raised; this process goes by the %s "
    "of now: set QHRONOS_PARTITIONS=%s"
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Checks the store against the settings."""

    coordination: Coordination
    schema: Schema
    growth: GrowthStore
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

    def follow(self, numbers: PartitionNumbers) -> bool:
        """Look into as many partitions as the store has by now, and have new events go to them.

        Returns whether this process looks into more than before. A store that has fewer than it had
        has lost what was written last, as by a failover; it is told again.
        """
        if not numbers.for_new or numbers.folded is not None:
            return False
        before, known = operator.index(self.partitions), operator.index(self.partitions.for_new)
        if numbers.for_new < known and self.partitions.is_known:
            self.growth.begin(known)
            self.growth.end(known)
            return False
        if not self.partitions.is_known or numbers.looked_into > before:
            numbers.keep()  # before there are others: by how many names have theirs
        self.partitions.follow(numbers.looked_into, numbers.for_new)
        if numbers.for_new > known:
            _log.info(GROWN, numbers.for_new)
        return operator.index(self.partitions) != before

    def _agree_on_partitions(self) -> None:
        numbers = self.coordination.agree_on_partitions(self.given)
        self.partitions.starts(numbers.looked_into, numbers.for_new)
        if self.given < numbers.for_new:
            _log.warning(FOLLOWS, self.given, numbers.for_new, numbers.for_new)
