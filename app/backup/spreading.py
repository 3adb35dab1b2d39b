"""What one server has in one place and a cluster in several; ``app.store.spread`` says why.

A loaded backup has everything as one server has it, whatever it was taken of. A restore into a
cluster puts it where that looks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from app.store.spread import HashTags

_SPREAD = re.compile(rb"qh:\{(flows|tokens|audit):\d+\}(.*)", re.DOTALL)
_OF_NAME = re.compile(
    rb"qh:\{(?:(flows)\}:(?:flow|busy)|(tokens)\}:(?:used|revoked|barred)):(.+)", re.DOTALL
)
"""Keys that are spread by the name at their end."""

_LISTS = (b"qh:{flows}", b"qh:{flows}:used")
"""Keys that are spread by their members."""

_TAGS = {kind: HashTags(kind, is_spread=True) for kind in (b"flows", b"tokens")}


def gathered(key: bytes) -> bytes:
    """What a key is called on one server."""
    found = _SPREAD.fullmatch(key)
    return key if found is None else b"qh:{%b}%b" % (found[1], found[2])


def spread(key: bytes) -> bytes:
    """What a key of one server is called on a cluster, unless it is spread by its members."""
    found = _OF_NAME.fullmatch(key)
    if found is None:
        return key
    kind = found[1] or found[2]
    one = b"qh:{%b}" % kind
    return _TAGS[kind].of(found[3]) + key[len(one) :]


def is_list(key: bytes) -> bool:
    """Whether a key of one server is spread by its members on a cluster."""
    return key in _LISTS


def spread_members(
    key: bytes, pairs: Sequence[tuple[bytes, bytes]]
) -> Iterator[tuple[bytes, list[tuple[bytes, bytes]]]]:
    """The keys on a cluster of what one server has in such a list, with the members of each."""
    found: dict[bytes, list[tuple[bytes, bytes]]] = {}
    rest = key[len(_LISTS[0]) :]
    for pair in pairs:
        found.setdefault(_TAGS[b"flows"].of(pair[0]) + rest, []).append(pair)
    yield from found.items()
