"""How many partitions a store has, and how it gets more while processes work with it.

That takes two steps, with a look at all processes between them. First each of them looks into the
partitions that are going to be; then new events go there. So nothing is ever stored where somebody
does not look. What goes by its name (see ``ids.place_of``) stays where it is: the first number is
noted before there is another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from app.domain import ids
from app.errors import ConfigError
from app.store import keys
from app.store.connection import StoreClient
from app.store.meta_field import MetaField
from app.store.migrations.migration import MOVED
from app.store.raises import Raise
from app.store.scripts import Argument, Scripts

FIELDS = (
    MetaField.PARTITIONS,
    MetaField.GROWING,
    MetaField.NAMED,
    MetaField.FOLDED,
    MetaField.RAISED,
)
"""What ``read_numbers`` is given, in order."""


@dataclass(frozen=True, slots=True)
class PartitionNumbers:
    """What a store says of its partitions."""

    for_new: int
    """How many take new events; 0: nobody has used the store yet."""

    looked_into: int
    """How many processes have to look into: more than that while the number is raised."""

    named: int | None = None
    folded: int | None = None
    """See ``ids.keep_to``."""

    former: frozenset[int] = frozenset()
    """How many it had before it was raised, each time."""

    def keep(self) -> None:
        """Have ids go by them."""
        among = 0 if self.named is None else self.looked_into
        if self.folded is None:
            ids.keep_to(named=self.named, moved_among=among)
        else:
            ids.keep_to(self.for_new, self.folded, self.named, among)

    def require(self, given: int) -> None:
        """Raise ``ConfigError`` unless a process can begin with so many in its settings."""
        if given in (self.for_new, self.looked_into) or given in self.former:
            return
        made = f"This store was made with QHRONOS_PARTITIONS={self.for_new}"
        if given < self.for_new:
            raise ConfigError(
                f"{made}, and ids name their partition, so there can't be fewer: start with that "
                f"number, or restore a backup into an empty store with QHRONOS_PARTITIONS={given}."
            )
        raise ConfigError(
            f"{made}: start with that number. 'qhronos rebalance --partitions {given}' raises it "
            "while all runs."
        )


def read_numbers(raw: list[bytes | None]) -> PartitionNumbers:
    """Read what ``FIELDS`` of ``qh:meta`` have."""
    partitions, growing, named, folded, raised = raw
    for_new = int(partitions or 0)
    return PartitionNumbers(
        for_new,
        max(for_new, int(growing or 0)),
        int(named) if named else None,
        int(folded) if folded else None,
        frozenset(map(int, (raised or b"").split())),
    )


class GrowthStore:
    """Reads and raises the number. Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def numbers(self) -> PartitionNumbers:
        """What the store says now."""
        raw = self._client.hmget(keys.META.decode(), FIELDS)
        return read_numbers(cast("list[bytes | None]", raw))

    def begin(self, wanted: int) -> bool:
        """Have processes look into so many partitions; ``False``: others are to be more."""
        args: list[Argument] = [wanted, "begin", self._now_ms()]
        return bool(self._scripts("grow_partitions", [keys.META], args))

    def end(self, wanted: int) -> bool:
        """Have new events go to all of so many; ``False``: that is not what was begun.

        From then on those of before are to be moved.
        """
        return bool(self._scripts("grow_partitions", [keys.META], [wanted, "end", self._now_ms()]))

    def moving(self) -> Raise | None:
        """The raise after which events are still to be moved; ``None``: none."""
        raw = cast("bytes | None", self._client.hget(keys.META.decode(), MetaField.MOVING))
        return None if raw is None else Raise(*map(int, raw.split()))

    def may_move(self) -> None:
        """Have no process begin any more that does not know that events may have moved."""
        schema = cast("bytes | None", self._client.hget(keys.META.decode(), MetaField.SCHEMA))
        if int(schema or 0) < MOVED:
            self._client.hset(keys.META.decode(), MetaField.SCHEMA, str(MOVED))

    def moved(self) -> None:
        """Note that all events were moved that can be."""
        self._client.hdel(keys.META.decode(), MetaField.MOVING)

    def _now_ms(self) -> int:
        seconds, micros = self._client.time()
        return int(seconds) * 1000 + int(micros) // 1000
