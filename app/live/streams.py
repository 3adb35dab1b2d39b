"""All streams of server-sent events of one process."""

from __future__ import annotations

import logging
from collections.abc import Container

from app.live.asker import Asker
from app.live.connected import Subscription
from app.live.desk import Desk
from app.live.ears import Ears
from app.live.groups import Groups
from app.live.stream import NO_MORE, LiveStream
from app.store.live import Told

log = logging.getLogger(__name__)


class Streams:
    """They run in the event loop; each reads what was told before it came, and then listens."""

    def __init__(self, desk: Desk, asker: Asker, groups: Groups) -> None:
        self.all: set[LiveStream] = set()
        self._desk = desk
        self._asker = asker
        self._groups = groups

    def open(self, subscription: Subscription, ears: Ears) -> LiveStream:
        """Begin one."""
        stream = LiveStream(subscription)
        self.all.add(stream)

        def prepare() -> tuple[bytes, bool]:
            ears.await_ready()
            return self._desk.subscribe(subscription)

        self._asker.ask(prepare, lambda result: self._join(stream, result))
        return stream

    def close(self, stream: LiveStream) -> None:
        """Forget one."""
        self.all.discard(stream)
        if stream.group is not None:
            self._groups.leave(stream, stream.group)

    def interest(self) -> frozenset[str]:
        """What has to be told for all of them."""
        return frozenset().union(*(one.subscription.interest for one in self.all))

    def end_of(self, ended: Container[str]) -> None:
        """End those whose tokens, by their ids, hold no more."""
        for stream in list(self.all):
            if stream.bearer.jti is not None and stream.bearer.jti in ended:
                stream.end(NO_MORE)

    def end_all(self) -> None:
        """End all: their clients read on from another process."""
        for stream in list(self.all):
            stream.end()

    def _join(self, stream: LiveStream, result: tuple[bytes, bool] | Exception) -> None:
        """Listen from now on, and read what was told until then."""
        if stream not in self.all:
            return
        if isinstance(result, Exception):
            self._give_up(stream, result)
            return
        begins, has_gap = result
        access, tags = stream.bearer.access, stream.subscription.tags
        stream.group = self._groups.join(stream, access, tags, stream.form)

        def caught_up(earlier: list[Told] | Exception) -> None:
            if isinstance(earlier, Exception):
                self._give_up(stream, earlier)
            elif stream.group is not None and stream in self.all:
                hears = self._groups.hears(stream.group)
                stream.catch_up(begins, earlier, hears, has_gap=has_gap)

        self._asker.ask(lambda: self._desk.told_since(begins), caught_up)

    def _give_up(self, stream: LiveStream, error: Exception) -> None:
        """The client connects anew, and reads on from where it was."""
        log.warning("a stream of changes could not begin: %s", error)
        stream.end()
