"""The claimer of a drain on a cluster: one for each shard, so that a dead one delays only its own.

They share the window, what wakes the drain, and the flows; each has its own channels and looks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from app.clock import NEVER_MS, Clock
from app.domain.ids import partition_of_occurrence
from app.engine.background import Background
from app.engine.claimer import Claimer
from app.engine.flow_steps import FlowSteps
from app.engine.share_keeper import ShareKeeper
from app.engine.window import Window
from app.errors import StoreUnavailable
from app.store.claims import Claim
from app.store.connection import STORE_RETRY_MS
from app.store.coordination import WakeListener, Wakes
from app.store.places import Places
from app.store.work import WorkStore

log = logging.getLogger(__name__)


class OneShard:
    """What the claimer of one shard sees of the rest of its drain: its part of everything."""

    def __init__(self, name: str, whole: ShardClaimer) -> None:
        self.name = name
        self.window = whole.window
        self._whole = whole
        self._news: Wakes | None = None
        self._seen: tuple[Sequence[int], int] = ((), -1)
        self._served: tuple[int, ...] = ()
        # In place of the flows, which all shards share.
        self.look_by, self.look_for_new = whole.flows.look_by, whole.flows.look_for_new
        self.busy, self.delayed = False, 0

    def served(self, now_ms: int) -> tuple[int, ...]:
        """Those partitions of the drain that are in this shard."""
        own, version = self._whole.own(now_ms), self._whole.places.version
        if own is not self._seen[0] or version != self._seen[1]:
            self._seen = own, version
            self._served = tuple(one for one in own if self._whole.places.of(one) == self.name)
        return self._served

    def here(self) -> Sequence[int]:
        """All partitions that are in this shard."""
        whole = self._whole
        return [one for one in range(whole.work.partitions) if whole.places.of(one) == self.name]

    def tell(self, news: Wakes) -> None:
        """Tell the claimer what was announced, with what it has yet to hear."""
        if before := self._news:
            anywhere = before.anywhere or news.anywhere
            news = Wakes(before.partitions | news.partitions, anywhere=anywhere, shares=False)
        self._news = news

    def news(self) -> Wakes | None:
        """What was announced, once."""
        news, self._news = self._news, None
        return news

    def fileno(self) -> None:
        """There is none: the drain listens."""

    def wake(self) -> None:
        """The drain has heard that itself."""

    def wake_ms(self, _now_ms: int, *, closing: bool) -> int:  # noqa: ARG002
        """Flows are looked at for all shards together; so with all that follows."""
        return NEVER_MS

    def serve(self, partitions: Sequence[int]) -> None:
        """See ``wake_ms``."""

    def pause_until(self, look_ms: int) -> None:
        """See ``wake_ms``."""

    def take_new(self) -> list[Claim]:
        """See ``wake_ms``."""
        return []

    def step(self, _now_ms: int, _room: int, *, closing: bool) -> list[Claim]:  # noqa: ARG002
        """See ``wake_ms``."""
        return []

    def due(self, _now_ms: int) -> list[Claim]:
        """See ``wake_ms``."""
        return []

    def join(self) -> list[Claim]:
        """See ``wake_ms``."""
        return []

    def clear(self) -> list[Claim]:
        """See ``wake_ms``."""
        return []

    def close(self, *_: Any) -> None:
        """See ``wake_ms``."""


class ShardClaimer:
    """As ``Claimer``; see there for what the methods do."""

    def __init__(
        self,
        make: Callable[[OneShard, int], Claimer],
        places: Places,
        work: WorkStore,
        share: ShareKeeper,
        listener: WakeListener,
        flows: FlowSteps,
        background: Background,
        clock: Clock,
        window: Window,
    ) -> None:
        """``make`` makes the claimer of a shard, given its number, from 1."""
        self._make = make
        self.places = places
        self.work = work
        self._share = share
        self._listener = listener
        self.flows = flows
        self._background = background
        self._clock = clock
        self.window = window
        self._shards: dict[str, tuple[OneShard, Claimer]] = {}
        self._own: Sequence[int] = ()
        self._version = -1
        self._flows_retry_ms = 0
        self._closing = False

    def own(self, now_ms: int) -> Sequence[int]:
        """The partitions that the drain serves."""
        return self._share.served(now_ms)

    @property
    def _claimers(self) -> list[Claimer]:
        return [claimer for _, claimer in self._shards.values()]

    @property
    def busy(self) -> bool:
        """Whether a claim call has no answer yet, or a successor is not stored."""
        return self.flows.busy or any(one.busy for one in self._claimers)

    @property
    def wake_ms(self) -> int:
        """When ``step`` or ``due`` has something to do that no file descriptor shows, ms UTC."""
        flows_ms = self.flows.wake_ms(self._clock.now_ms(), closing=self._closing)
        return min([flows_ms, *(one.wake_ms for one in self._claimers)])

    @property
    def delayed(self) -> int:
        """How many claims are not due yet, or not read yet."""
        return self.flows.delayed + sum(one.delayed for one in self._claimers)

    @property
    def next_claim(self) -> tuple[Claim | None, int | None]:
        """The claim that falls due next, those in flows aside, and when, ms UTC."""
        found = [(at, claim) for claim, at in (one.next_claim for one in self._claimers) if at]
        at, claim = min(found, key=lambda one: one[0], default=(None, None))
        return claim, at

    def filenos(self) -> list[int]:
        """The file descriptors that become readable when the store has answered or woken us."""
        listens, found = self._listener.fileno(), {self._background.fileno()}
        found.update(fd for one in self._claimers for fd in one.filenos())
        return [*found, *([] if listens is None else [listens])]

    def step(self, now_ms: int, *, closing: bool) -> list[Claim]:
        """Return new claims that are due, a slice of each shard's; claim more unless it closes."""
        self._closing = closing
        self._background.hear()
        self._hear()
        own, version = self.own(now_ms), self.places.version
        if own is not self._own or version != self._version:
            self._own, self._version = own, version
            self.flows.serve(own)
            for partition in own:
                self._at(partition)
        due = [claim for one in self._claimers for claim in one.step(now_ms, closing=closing)]
        self._count(self.flows.take_new(), now_ms)
        if now_ms >= self._flows_retry_ms:
            try:
                self._count(self.flows.step(now_ms, self.window.room, closing=closing), now_ms)
            except StoreUnavailable:
                log.warning("a shard of the store is away; flows wait for it")
                self._flows_retry_ms = now_ms + STORE_RETRY_MS
                self.flows.pause_until(self._flows_retry_ms)
        return due

    def plan(self, now_ms: int) -> None:
        """Schedule some of the successors of what was claimed."""
        for one in self._claimers:
            one.plan(now_ms)

    def due(self, now_ms: int) -> list[Claim]:
        """Return the claims that were delayed until now."""
        return self.flows.due(now_ms) + [x for one in self._claimers for x in one.due(now_ms)]

    def clear(self) -> list[Claim]:
        """Remove and return the claims that ``step`` and ``due`` have yet to return."""
        self._count(self.flows.join(), self._clock.now_ms())
        return self.flows.clear() + [claim for one in self._claimers for claim in one.clear()]

    def close(self) -> None:
        """Close the connections; flows learn what has ended."""
        now_ms = self._clock.now_ms()
        self._count(self.flows.join(), now_ms)
        for one in self._claimers:
            one.close()
        self.flows.close(now_ms)
        self._listener.close()

    def _hear(self) -> None:
        try:
            news = self._listener.news()
        except StoreUnavailable:
            return  # it subscribes again with the next step, to another node
        if news is None:
            return
        if news.shares:
            self._share.wake()
        for shard, _ in self._shards.values():
            shard.tell(news)

    def _count(self, claims: Sequence[Claim], now_ms: int) -> None:
        for claim in claims:
            self._at(partition_of_occurrence(claim.occurrence_id)).count([claim], now_ms)

    def _at(self, partition: int) -> Claimer:
        place = self.places.of(partition)
        if place not in self._shards:
            shard = OneShard(place, self)
            self._shards[place] = shard, self._make(shard, len(self._shards) + 1)
        return self._shards[place][1]


AnyClaimer = Claimer | ShardClaimer
