"""All streams of server-sent events of one process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Sequence

from app.live.asker import Asker
from app.live.connected import Subscription
from app.live.desk import Desk
from app.live.ears import Ears
from app.live.groups import Groups
from app.live.stream import HINT, HINTS_BEGIN, NO_MORE, RESET, LiveStream
from app.store.live import Told

log = logging.getLogger(__name__)

PAGE = 100
"""How many entries a stream reads at once, of those that were told before it came."""


class Streams:
    """They run in the event loop; each reads what was told before it came, and then listens."""

    def __init__(self, desk: Desk, asker: Asker, groups: Groups) -> None:
        self.all: set[LiveStream] = set()
        self._desk = desk
        self._asker = asker
        self._groups = groups

    def open(
        self, subscription: Subscription, ears: Ears, hang_up: Callable[[], object]
    ) -> LiveStream:
        """Begin one; ``hang_up`` as in ``LiveStream``."""
        stream = LiveStream(subscription, hang_up)
        self.all.add(stream)

        if subscription.only_hints:
            self._open_for_hints(stream, ears)
            return stream

        def prepare() -> tuple[bytes, bool]:
            ears.await_ready()
            return self._desk.subscribe(subscription)

        self._asker.ask(prepare, lambda result: self._join(stream, result))
        return stream

    def hint(self, tags: Sequence[str]) -> None:
        """Tell those who want no more of it that something with these tags has changed."""
        for stream in list(self.all):
            if stream.subscription.is_hinted_at(tags):
                stream.write(HINT)

    def _open_for_hints(self, stream: LiveStream, ears: Ears) -> None:
        def prepare() -> None:
            ears.await_ready()
            self._desk.keep_subscribed(stream.subscription.interest)

        def begin(result: Exception | None) -> None:
            if result is None:
                stream.write(HINTS_BEGIN)
            else:
                self._give_up(stream, result)

        self._asker.ask(prepare, begin)

    def missed(self) -> None:
        """Something was told that this process has not heard: all have to read anew."""
        log.warning("more was told to listeners than is kept for them; some of it was missed")
        for stream in list(self.all):
            if not stream.subscription.only_hints:
                stream.write(RESET)

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
        stream.begin(begins, has_gap=has_gap)
        self._read_on(stream, begins, is_first=has_gap)

    def _read_on(self, stream: LiveStream, position: bytes, *, is_first: bool = False) -> None:
        """Read a page of what was told before, and the next when that has been sent."""

        def have(result: tuple[list[Told], bool] | Exception) -> None:
            if isinstance(result, Exception):
                self._give_up(stream, result)
                return
            page, has_gap = result
            if has_gap and not is_first:
                stream.write(RESET)  # the client reads so slowly that some of it is forgotten
            if stream.group is not None and stream in self.all:
                hears = self._groups.hears(stream.group)
                if page:
                    last = page[-1].position
                    stream.catch_up(page, hears, lambda: self._read_on(stream, last))
                else:
                    stream.join(hears)

        stream.hold()
        self._asker.ask(lambda: self._desk.page_after(position, PAGE), have)

    def _give_up(self, stream: LiveStream, error: Exception) -> None:
        """The client connects anew, and reads on from where it was."""
        log.warning("a stream of changes could not begin: %s", error)
        stream.end()
