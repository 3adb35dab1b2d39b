"""How the keys of partitions are united, when a store is restored into fewer.

What is of one kind in two partitions is put together as ``HOW`` says. A kind that is not there is
refused: to guess would be to lose something.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import cast

from app.backup.wording import BackupRefused
from app.store import keys, stats_keys
from app.store.connection import StoreClient
from app.store.migrations.events_by_host import EVENTS_BY_HOST
from app.store.migrations.events_by_name import EVENTS_BY_NAME
from app.store.migrations.migration import Stored
from app.store.scripts import Scripts

NAMES_AT_ONCE = 20
"""How many pages or leaves of each partition are read and held at a time."""

OF_PARTITION = re.compile(rb"qh:\{(\d+)\}:([a-z-]+)(.*)", re.DOTALL)
"""A key: its partition, its kind, and what tells it from others of that."""


class How(Enum):
    """What becomes of what is in two partitions."""

    UNION = "both: no member is in two partitions, or it says the same in them"
    EARLIEST = "of a member that is in both, the lower score"
    SUM = "counts are added"
    ANEW = "left behind, and made anew of the events there are"
    SETTLED = "there is nothing by then: see ``moved_events``"
    APART = "left behind, and put together by ``pages`` and ``leaves``"


_PACKED = (b"pages", b"page-ends", b"packed", b"leaves", b"leaf", b"leaf-sizes")

HOW: dict[bytes, How] = {
    **dict.fromkeys(
        [
            *(b"event", b"events", b"tag", b"calendar", b"inactive", b"paused", b"unscheduled"),
            *(b"occurrence", b"fresh", b"occurrences", b"due", b"leases", b"unacknowledged"),
            *(b"ended", b"endings", b"made", b"answer", b"key", b"source", b"flow", b"flow-events"),
        ],
        How.UNION,
    ),
    **dict.fromkeys([b"lane-heads", b"flowing"], How.EARLIEST),
    **dict.fromkeys([b"names", b"terms"], How.ANEW),
    **dict.fromkeys([b"expected", b"left"], How.SETTLED),
    b"stats": How.SUM,
    **dict.fromkeys(_PACKED, How.APART),
}
"""By the kind of keys."""


def how_united(key: bytes) -> How:
    """How what has this key is united with others; raises ``BackupRefused``."""
    found = OF_PARTITION.fullmatch(key)
    how = HOW.get(found[2]) if found else How.UNION
    if how is None:
        raise BackupRefused(
            "The backup has something that can't be brought into fewer partitions yet "
            f"({key[:40]!r}): set QHRONOS_PARTITIONS to no less than it was."
        )
    return how


def make_ready(source: StoreClient, partitions: int) -> None:
    """Bring a store that nobody uses to where its partitions can be united."""
    done = cast("dict[bytes, bytes]", source.hgetall(stats_keys.STATE.decode()))
    for partition in range(partitions):
        taken = stats_keys.taken(partition)
        counts = cast("dict[bytes, bytes]", source.hgetall(taken.decode("latin-1")))
        if counts.pop(b"", None) != done.get(b"%d" % partition):
            for field, count in counts.items():
                source.hincrby(stats_keys.counted(partition).decode(), field, int(count))
        source.delete(taken)


def list_anew(target: StoreClient, partitions: int, hold: Callable[[], object]) -> None:
    """Make those indexes that were left behind; ``hold`` is called now and then."""
    stored = Stored(target, Scripts(target))
    for migration in (EVENTS_BY_NAME, EVENTS_BY_HOST):
        for partition in range(partitions):
            cursor = ""
            while True:
                _, cursor = migration.step(stored, partition, cursor)
                hold()
                if not cursor:
                    break


def names_in(source: StoreClient, index: bytes) -> Iterator[list[bytes]]:
    """The names that ``pages`` or the leaves of an index list, in order, some at a time."""
    after = b"-"
    while True:
        rows = source.zrangebylex(index, after, "+", start=0, num=NAMES_AT_ONCE)
        names = cast("list[bytes]", rows)
        if not names:
            return
        yield names
        after = b"(" + names[-1]


def united(key: bytes, partitions: int) -> bytes:
    """What a key is called where there are fewer partitions."""
    found = OF_PARTITION.fullmatch(key)
    if found is None:
        return key
    return keys.prefix(int(found[1]) % partitions) + found[2] + found[3]
