"""Leaves: where an index has the entries of occurrences whose records are packed.

An entry of a large sorted set takes 75 to 100 bytes. The entries of what is packed hardly change,
and their score is in their id. So they are kept as texts of up to 1,024 ids, in order: 16 bytes an
entry. ``<index>`` is the index's own key without the prefix of its partition, as
``occurrences:failed`` or ``tag:<tag>:occurrences``::

    qh:{p}:leaves:<index>             zset    leaf → 0; a leaf is named by the least id of its own
    qh:{p}:leaf:<leaf><index>         string  its ids
    qh:{p}:leaf-sizes                 hash    index → how many ids its leaves have

An entry is in the index or in one of its leaves. Whoever reads an index reads both at one moment,
in one script: ``read_index``, ``count_index`` and ``in_leaves`` are what scripts read with. Packing
keeps the last 32 entries of each index in the index itself. So one that is small has no leaves, and
is read as it always was; so are indexes of events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from app.store import keys
from app.store.connection import StoreClient
from app.store.left_out import partitions_there
from app.store.scripts import Argument, ScriptCall, Scripts

ID_BYTES = 16
LEAF_IDS = 1024
"""How many ids a leaf has at most; ``write_leaves`` has the same."""

LEAF_ENTRY = 20
"""About how many bytes an entry of a leaf takes, with its share of what each leaf takes."""


def leaves(index: bytes) -> bytes:
    """The list of an index's leaves."""
    before, _, name = index.partition(b"}:")
    return b"%b}:leaves:%b" % (before, name)


def leaf(index: bytes, name: bytes) -> bytes:
    """A leaf of an index."""
    before, _, rest = index.partition(b"}:")
    return b"%b}:leaf:%b%b" % (before, name, rest)


def sizes(partition: int) -> bytes:
    """How many ids the leaves of each index have."""
    return keys.prefix(partition) + b"leaf-sizes"


def have_leaves(client: StoreClient, indexes: Iterable[bytes]) -> list[bool]:
    """Of each index, whether it has leaves; one round trip."""
    return [bool(one) for one in client.read_each("EXISTS", map(leaves, indexes))]


def find_entries(
    scripts: Scripts, indexes: Sequence[bytes], members: Sequence[bytes]
) -> list[list[bool]]:
    """Of each index of one partition, which of the members it has, also in leaves."""
    (found,) = find_in_each(scripts, [(indexes, members)])
    return found


def find_in_each(
    scripts: Scripts, finds: Sequence[tuple[Sequence[bytes], Sequence[bytes]]]
) -> list[list[list[bool]]]:
    """``find_entries`` for indexes and members of several partitions, in one round trip."""
    asked = [one for one in finds if all(one)]
    calls: list[ScriptCall] = [
        (indexes[:1], [len(indexes), *indexes, *members]) for indexes, members in asked
    ]
    answers = iter(scripts.read("find_entries", calls))
    return [
        [[digit == 49 for digit in one] for one in next(answers)]
        if indexes and members
        else [[False] * len(members) for _ in indexes]
        for indexes, members in finds
    ]


def count_entries(
    scripts: Scripts,
    partitions: int,
    key_ofs: Sequence[Callable[[int], bytes]],
    bounds: Sequence[tuple[int | str, int | str]],
) -> list[list[int]]:
    """Between each pair of bounds on the score, how many entries each index has.

    Those of all partitions together, also in leaves; one round trip.
    """
    there = partitions_there(partitions)
    calls: list[ScriptCall] = []
    for low, high in bounds if key_ofs else ():
        for partition in there:
            indexes = [key_of(partition) for key_of in key_ofs]
            calls.append((indexes[:1], [low, high, *indexes]))
    counts = scripts.read("count_entries", calls)
    return [
        [sum(some) for some in zip(*counts[at : at + len(there)], strict=True)]
        for at in range(0, len(counts), len(there))
    ] or [[] for _ in bounds]


def leaf_sizes(client: StoreClient, partition: int, indexes: Sequence[bytes]) -> list[int]:
    """Of each index, how many entries its leaves have; one round trip."""
    prefix = keys.prefix(partition)
    names = [one.removeprefix(prefix) for one in indexes]
    found = client.direct("HMGET", sizes(partition), *names) if names else ()
    return [int(size or 0) for size in found]


def read_newest(scripts: Scripts, index: bytes, count: int) -> list[bytes]:
    """The newest members of an index, also those in leaves."""
    return _read(scripts, index, count, "newest", "+inf")


def read_oldest(scripts: Scripts, index: bytes, count: int) -> list[bytes]:
    """The oldest members of an index, also those in leaves."""
    return _read(scripts, index, count, "oldest", "-inf")


def _read(scripts: Scripts, index: bytes, count: int, order: str, bound: str) -> list[bytes]:
    args: list[Argument] = [order, bound, 0, b"", 0, count, index]
    (row,) = scripts("read_entries", [index], args)
    return list(row[::2])
