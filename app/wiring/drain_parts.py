"""Wiring of one drain: its claimer and its recorder, which share its name, flows and share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, cast

from app.domain.weights import LaneWeights
from app.engine.attempt_meter import AttemptMeter
from app.engine.background import Background
from app.engine.claimer import Claimer
from app.engine.flow_claimer import FlowClaimer
from app.engine.flow_steps import FlowSteps
from app.engine.lease_keeper import LeaseKeeper
from app.engine.recorder import Recorder
from app.engine.shard_claimer import AnyClaimer, ShardClaimer
from app.engine.shard_recorder import AnyRecorder, ShardLeases, ShardRecorder
from app.engine.share_keeper import ShareKeeper
from app.engine.successor_queue import SuccessorQueue
from app.engine.window import Window
from app.planning.successors import Successors
from app.store.channel import Channel
from app.store.partition_leases import PartitionLeases
from app.wiring.services import Services
from app.wiring.shard_drains import ShardChannels
from app.wiring.storage import Storage


class KeptBetween(Protocol):
    """What a process keeps between its drains; see ``Drains``."""

    @property
    def services(self) -> Services:
        """The services."""
        ...

    @property
    def background(self) -> Background:
        """The threads for what a drain does not wait for."""
        ...

    @property
    def shards(self) -> ShardChannels:
        """What a drain on a cluster needs beside."""
        ...

    @property
    def successors(self) -> Successors:
        """What plans the next occurrences."""
        ...

    @property
    def meter(self) -> AttemptMeter:
        """What counts attempts."""
        ...

    @property
    def window(self) -> int:
        """How many claims a drain holds at most."""
        ...


@dataclass(frozen=True)
class DrainParts:
    """The parts of the drain of a name."""

    drains: KeptBetween
    name: str

    @property
    def _storage(self) -> Storage:
        return self.drains.services.storage

    @property
    def _lease_ms(self) -> int:
        return self.drains.services.settings.lease_ms

    @property
    def _weights(self) -> LaneWeights:
        return self.drains.services.crypto.lane_weights

    @cached_property
    def claimer(self) -> AnyClaimer:
        """What claims: on a cluster, for each shard by itself."""
        storage, drains = self._storage, self.drains
        listener, window = storage.coordination.drain_listener(), Window(drains.window)
        if not storage.client.is_cluster:
            channels = storage.new_channel(), storage.new_channel()
            return self._claimer(
                channels, listener, self._flows, window, worker=self.name, share=self._share
            )

        def of_shard(shard: Any, number: int) -> Claimer:
            channels = drains.shards.new_channel(), drains.shards.new_channel()
            worker = f"{self.name}.{number}"
            return self._claimer(
                channels, shard, shard, window, worker=worker, share=shard, here=shard.here
            )

        return ShardClaimer(
            of_shard, drains.shards.places, storage.work, self._share, listener, self._flows,
            drains.background, storage.clock, window,
        )  # fmt: skip

    @cached_property
    def recorder(self) -> AnyRecorder:
        """What records: on a cluster, for each shard by itself."""
        shards = self.drains.shards
        if not self._storage.client.is_cluster:
            return self._recorder(self._leases(self._share), self._storage.new_channel())
        leases = ShardLeases(self._leases(self._share), self._leases, shards.places)
        return ShardRecorder(
            leases,
            lambda some: self._recorder(cast("LeaseKeeper", some), shards.new_channel()),
            shards.places,
        )

    @cached_property
    def _flows(self) -> FlowSteps:
        gate, name = self._storage.flow_gate, self.name.encode()
        flows = FlowClaimer(gate, name, self._lease_ms, self._weights)
        return FlowSteps(flows, self.drains.background)

    @cached_property
    def _share(self) -> ShareKeeper:
        storage, settings = self._storage, self.drains.services.settings
        leases = PartitionLeases(storage.client, storage.scripts)
        return ShareKeeper(leases, self.name, storage.partitions, bool(settings.canary_ms))

    def _claimer(
        self,
        channels: tuple[Channel, Channel],
        listener: Any,
        flows: Any,
        window: Window,
        *,
        worker: str,
        **rest: Any,
    ) -> Claimer:
        drains, storage = self.drains, self._storage
        return Claimer(
            storage.work,
            SuccessorQueue(drains.successors, channels[0], self._weights),
            listener,
            channels[1],
            storage.clock,
            flows,
            drains.background,
            worker=worker.encode(),
            lease_ms=self._lease_ms,
            window=window,
            overdue=drains.services.acknowledgements.overdue,
            registry=storage.registry,
            weights=self._weights,
            **rest,
        )

    def _leases(self, share: ShareKeeper | None = None) -> LeaseKeeper:
        storage, submit = self._storage, self.drains.background.submit
        return LeaseKeeper(
            storage.work, storage.coordination, submit,
            drain=self.name, lease_ms=self._lease_ms, share=share,
        )  # fmt: skip

    def _recorder(self, leases: LeaseKeeper, channel: Channel) -> Recorder:
        storage, groups = self._storage, self.drains.meter.groups
        return Recorder(
            leases, channel, storage.clock,
            flows=self._flows, registry=storage.registry, groups=groups,
        )  # fmt: skip
