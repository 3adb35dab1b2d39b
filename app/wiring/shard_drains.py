"""Wiring of what drains on a cluster have beside: places, and channels to one node each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from app.engine.background import Submit
from app.store.places import Places
from app.store.shard_channel import ShardChannel
from app.wiring.storage import Storage


@dataclass(frozen=True)
class ShardChannels:
    """The shards of a store, as drains of one process see them."""

    storage: Storage
    submit: Submit

    @cached_property
    def places(self) -> Places:
        """Where each partition is."""
        return Places(self.storage.client)

    def new_channel(self) -> ShardChannel:
        """Open a channel to one node for one user."""
        storage = self.storage
        return ShardChannel(storage.client, storage.scripts, self.submit, self.places.forget)
