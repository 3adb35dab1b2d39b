"""A stream of server-sent events (HTML Living Standard, section 9.2): what changes, as it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable

from app.api.http.credentials import Bearer
from app.live.connected import Subscription
from app.live.groups import Key
from app.store.live import Told, order_of

KEEP_ALIVE_S = 15.0
"""After so long without news a comment is sent, so that nobody takes the connection for dead."""

MAX_UNSENT = 1_048_576
"""Bytes that wait for a client that reads too slowly; beyond them its stream ends."""

READY = b'id: %s\nevent: ready\ndata: {"type":"ready"}\n\n'
"""The beginning: from here on nothing is missed."""

RESET = b'event: reset\ndata: {"type":"reset"}\n\n'
"""Something was missed: the client has to read again what it shows."""

HINTS_BEGIN = b"event: ready\ndata: {}\n\n"
HINT = b"event: hint\ndata: {}\n\n"
"""For pages: they read again what they show. What has changed is not said."""

NO_MORE = b'event: end\ndata: {"type":"end","message":"This token is no longer valid."}\n\n'


def sse_form(told: Told) -> bytes:
    """What is told, as such a stream has it."""
    kind = told.kind
    lines = b"".join(b"data: " + line + b"\n" for line in told.message.splitlines())
    return b"id: " + told.position + b"\nevent: " + kind + b"\n" + lines + b"\n"


class LiveStream:
    """One of them; it runs in the event loop."""

    def __init__(
        self, subscription: Subscription, hang_up: Callable[[], object] = lambda: None
    ) -> None:
        """``hang_up`` ends the connection of a client that takes nothing more."""
        self.subscription = subscription
        self._hang_up = hang_up
        self.group: Key | None = None
        self.is_over = False
        self._pending: list[bytes] = []
        self._size = 0
        self._news = asyncio.Event()
        self._is_live = False
        self._held: list[Told] | None = []
        """What is told while a page of what was told before is read; ``None`` between pages: the
        next one has it."""
        self._last = (0, 0)
        self._go_on: Callable[[], object] | None = None
        """What reads the next page, once this one has been sent."""

    @property
    def bearer(self) -> Bearer:
        """Whose token it has."""
        return self.subscription.bearer

    def form(self, told: Told) -> bytes:
        """What is told now, as this stream is sent it."""
        if self._held is not None:
            self._held.append(told)
        if not self._is_live:
            return b""
        return sse_form(told) if order_of(told.position) > self._last else b""

    def begin(self, position: bytes, *, has_gap: bool) -> None:
        """Say from which position on the stream has everything."""
        self.write((RESET if has_gap else b"") + READY % position)

    def hold(self) -> None:
        """Keep what is told from now on: a page is read that has what was told before."""
        self._held = []

    def catch_up(
        self, page: Iterable[Told], hears: Callable[[Told], bool], go_on: Callable[[], object]
    ) -> None:
        """Send a page of what was told before; ``go_on`` is called when its client has it.

        However long ago it was here: what waits for a client is never more than a page.
        """
        self._held = None
        self._add(page, hears)
        self._go_on = go_on
        self._news.set()

    def join(self, hears: Callable[[Told], bool]) -> None:
        """Send what was told since the last page was read; all else follows."""
        held, self._held = self._held or (), None
        self._is_live = True
        self._add(held, hears)

    def _add(self, entries: Iterable[Told], hears: Callable[[Told], bool]) -> None:
        heard = []
        for told in entries:
            if order_of(told.position) > self._last:
                self._last = order_of(told.position)
                if hears(told):
                    heard.append(sse_form(told))
        self._put(b"".join(heard))

    def write(self, data: bytes) -> None:
        """Send this; who reads too slowly is let go, and reads on from its last event."""
        self._put(data)
        if self._size > MAX_UNSENT and not self.is_over:
            self.is_over = True
            self._pending.clear()
            self._hang_up()  # who has the pieces waits for the client, which may never take them

    def _put(self, data: bytes) -> None:
        if self.is_over or not data:
            return
        self._pending.append(data)
        self._size += len(data)
        self._news.set()

    def end(self, last: bytes = b"") -> None:
        """End the stream."""
        self.write(last)
        self.is_over = True
        self._news.set()

    async def pieces(self) -> AsyncIterator[bytes]:
        """What is to be sent, piece by piece, until the stream is over."""
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await self._news.wait()
            except TimeoutError:
                yield b":\n\n"
                continue
            self._news.clear()
            data = b"".join(self._pending)
            self._pending.clear()
            self._size = 0
            if data:
                yield data
            if self.is_over:
                return
            if self._go_on is not None and not self._pending:
                go_on, self._go_on = self._go_on, None
                go_on()
