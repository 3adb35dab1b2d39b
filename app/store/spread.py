"""Hash tags of what no partition has: one on one server, some on a cluster.

What every request or every drain asks for would make one hot slot of a cluster. So it is spread
there by a name, under ``SPREAD`` tags of the same kind: ``qh:{flows:17}:…`` instead of
``qh:{flows}:…``. A name is always under the same tag, and all that one script touches has one name.
"""

from __future__ import annotations

from zlib import crc32

SPREAD = 32
"""Tags of one kind. It is part of the layout: another number would look elsewhere. More would make
lists of all slower, and a cluster with so many primaries has partitions enough for each."""


class HashTags:
    """The tags of one kind of keys: what ``qh:{<kind>}`` is on one server."""

    def __init__(self, kind: bytes, *, is_spread: bool) -> None:
        """``is_spread``: the store is a cluster."""
        self._one = b"qh:{%b}" % kind
        self._some = [b"qh:{%b:%d}" % (kind, number) for number in range(SPREAD)]
        self.all = self._some if is_spread else [self._one]
        """What the keys of this kind begin with, without the colon."""
        self._is_spread = is_spread

    def of(self, name: bytes) -> bytes:
        """What the keys of one name begin with, without the colon."""
        return self._some[crc32(name) % SPREAD] if self._is_spread else self._one
