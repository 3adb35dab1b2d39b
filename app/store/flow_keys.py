"""The keys of flows, beside those that partitions have; ``keys`` says how to read this table.

On a cluster they are spread by the flow: ``qh:{flows:<number>}`` has some of the flows, and all
that is in this table for them; see ``spread``.

qh:{flows}                        zset    flow → 0; all, by name (``<space>/<key>``)
qh:{flows}:used                   zset    flow → last used or set
qh:{flows}:flow:<flow>            hash    its limits, how far they are used; see ``fields``
qh:{flows}:busy:<flow>            zset    occurrence → lease deadline; attempts under way
qh:{flows}:answer:<worker>        string  the last answer, if it asks again (a minute)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.store.spread import HashTags


class FlowKeys:
    """The keys of flows on one server, or on a cluster."""

    def __init__(self, *, is_cluster: bool = False) -> None:
        self._tags = HashTags(b"flows", is_spread=is_cluster)

    @property
    def indexes(self) -> Sequence[bytes]:
        """Those that together list all flows."""
        return self._tags.all

    def index(self, flow: bytes) -> bytes:
        """That of them which lists a flow."""
        return self._tags.of(flow)

    def flow(self, name: bytes) -> bytes:
        """The flow's hash: its limits and how far they are used."""
        return prefix(self._tags.of(name)) + b"flow:" + name

    def busy(self, name: bytes) -> bytes:
        """The attempts under way in a flow."""
        return prefix(self._tags.of(name)) + b"busy:" + name

    def by_index(self, flows: Iterable[bytes]) -> dict[bytes, list[bytes]]:
        """Group flows by what lists them; each group keeps their order."""
        grouped: dict[bytes, list[bytes]] = {}
        for one in flows:
            grouped.setdefault(self._tags.of(one), []).append(one)
        return grouped


def prefix(index: bytes) -> bytes:
    """What all keys begin with of flows that an index lists."""
    return index + b":"


def used(index: bytes) -> bytes:
    """When each flow that an index lists was last used."""
    return index + b":used"


def answer(index: bytes, worker: bytes) -> bytes:
    """The last answer about these flows that a worker got."""
    return index + b":answer:" + worker
