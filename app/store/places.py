"""Which node of a cluster has each partition, as far as it is known."""

from __future__ import annotations

from app.errors import StoreUnavailable
from app.store import keys
from app.store.connection import StoreClient


class Places:
    """The places of partitions; a place is named by its node. One server is a single place."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client
        self._known: dict[int, str] = {}
        self.version = 0
        """It rises whenever a partition may be elsewhere."""
        client.on_move(self.forget)

    def of(self, partition: int) -> str:
        """The place of a partition; while no node has it, where it was."""
        known = self._known.get(partition)
        if known is None or known.startswith("?"):
            try:
                known = self._client.node_of(keys.prefix(partition))
            except StoreUnavailable:
                known = known or "?"
            self._known[partition] = known
        return known.removeprefix("?")

    def forget(self) -> None:
        """Ask anew: partitions may have moved."""
        self._known = {one: "?" + place.removeprefix("?") for one, place in self._known.items()}
        self.version += 1
