"""One client's connection: gunicorn's own HTTP for ASGI, with limits to what a client may take.

Gunicorn's protocol reads requests and writes answers. What is added here: time limits, half-closed
connections, errors in JSON, and an end that loses no answer.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Protocol

from gunicorn.asgi.protocol import ASGIProtocol

from app.http_server import refusals
from app.http_server.held_heads import HeldHeads
from app.http_server.phase import Phase
from app.live.hub import Hub
from app.live.socket import handshake

CONNECTION = "qhronos.connection"
"""The scope's key for the connection of a request."""

WEBSOCKET_PATH = "/ws"
"""Where a websocket may begin, if there are live connections."""


class Host(Protocol):
    """What a connection asks of the worker that has it; times are seconds."""

    connections: set[Connection]
    waiting: OrderedDict[Connection, None]
    heads: HeldHeads[Connection]
    request_s: float
    answer_s: float
    linger_s: float
    max_body: int
    live: Hub | None
    loop: asyncio.AbstractEventLoop

    def admit(self) -> bool:
        """Make room for one more connection; returns whether there is any."""

    def turn_away(self, transport: asyncio.Transport) -> None:
        """Close a connection that was refused."""


class Connection(ASGIProtocol):  # type: ignore[misc] # gunicorn has no types
    """A connection that costs a socket for a limited time, whatever its client does."""

    _callback_parser: Any
    _body_receiver: Any
    _current_request: Any
    _task: Any

    def __init__(self, worker: Host) -> None:
        super().__init__(worker)
        self._phase = Phase.IDLE
        self._since_s = 0.0
        self._has_ended = False
        """Whether the client has said that nothing more will come; it may still read."""
        self._is_counted = False
        self._head = 0
        """Bytes of the request's line and headers, as far as they have come."""

    def connection_made(self, transport: Any) -> None:
        """Begin, or refuse if too many are open."""
        self.transport = transport
        if not self.worker.admit():
            self._turn_away()
            return
        self._is_counted = True
        self.worker.connections.add(self)
        self._enter(Phase.IDLE)
        super().connection_made(transport)

    def _turn_away(self) -> None:
        self._closed = True
        self._phase = Phase.LEAVING
        self.transport.write(refusals.answer(503, refusals.CROWDED))
        self.worker.turn_away(self.transport)

    def data_received(self, data: bytes) -> None:
        """Take what has come; after the last answer it is thrown away."""
        if self._phase is not Phase.LEAVING:
            super().data_received(data)

    def eof_received(self) -> bool:
        """The client sends no more; returns whether it may still be answered."""
        self._has_ended = True
        if self._phase is Phase.ARRIVING:
            self._refuse(400, refusals.CUT_OFF)
            return True
        return self._phase is Phase.ANSWERING

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.worker.waiting.pop(self, None)
        self.worker.heads.hold(self, 0)
        if self._is_counted:
            self.worker.connections.discard(self)
            super().connection_lost(exc)
            self._task.add_done_callback(self._let_go)

    def _let_go(self, _task: object) -> None:
        """Untie what refers to each other.

        A flood leaves so much of it that to look for it as garbage would hold up everybody for
        tenths of a second.
        """
        self._callback_parser = self._body_receiver = self._websocket = None
        self._current_request = self._task = None

    # What the worker calls

    def end_if_overdue(self, now_s: float) -> None:
        """End what has exceeded its time limit; for every connection, once a second."""
        worker, spent_s = self.worker, now_s - self._since_s
        if self._phase is Phase.IDLE:
            if spent_s > self._keepalive:
                self.close_idle()
        elif self._phase is Phase.ARRIVING:
            if spent_s > worker.request_s:
                self._refuse(408, refusals.TOO_SLOW.format(seconds=worker.request_s))
        elif self._phase is Phase.ANSWERING:
            if spent_s > worker.answer_s:
                self.transport.abort()
        elif self._phase is Phase.LEAVING and spent_s > worker.linger_s:
            if not self.transport.get_write_buffer_size():
                self.transport.close()
            elif spent_s > worker.request_s:
                self.transport.abort()

    def close_idle(self) -> None:
        """Close a connection on which no request has begun."""
        if self._phase is Phase.IDLE:
            self._close_transport()
            self.transport.close()

    def make_room(self) -> None:
        """Give up a connection that waits for its client, for the sake of another."""
        if self._phase is Phase.ARRIVING:
            self._send_error_response(503, refusals.CROWDED)
        self._close_transport()
        self.transport.close()

    def give_way(self) -> None:
        """Give up a request that holds more memory than others do."""
        if self._phase is Phase.ARRIVING:
            self._refuse(503, refusals.TOO_MUCH_HELD)
        else:
            self._enter(Phase.LEAVING)
            self.transport.abort()

    def give_up(self) -> None:
        """End a connection whose client takes its answer too slowly."""
        self.transport.abort()

    def answer_begins(self, *, is_stream: bool = False) -> None:
        """No more of the request is waited for; a stream may take as long as it wants."""
        if is_stream:
            self._enter(Phase.LIVE)
        elif self._phase is Phase.ARRIVING:
            self._enter(Phase.ANSWERING)

    # What gunicorn's protocol calls

    def _enter(self, phase: Phase) -> None:
        waiting = self.worker.waiting
        waiting.pop(self, None)
        if phase in (Phase.IDLE, Phase.ARRIVING):
            waiting[self] = None
        self._phase = phase
        self._since_s = self.worker.loop.time()
        if phase is not Phase.ANSWERING:
            self._head = 0
            self.worker.heads.hold(self, 0)
        if phase is Phase.LEAVING and self._callback_parser is not None:
            self._callback_parser.reset()

    def _feed_callback_parser(self, data: bytes) -> bool:
        answered = self._phase is Phase.ANSWERING and self._current_request is None
        if self._phase is Phase.IDLE or answered:
            self._enter(Phase.ARRIVING)
        if self._current_request is None:
            self._head += len(data)
        goes_on = bool(super()._feed_callback_parser(data)) and self._has_room()
        if goes_on and self._has_ended and self._phase is Phase.ARRIVING:
            self._refuse(400, refusals.CUT_OFF)
            return False
        return goes_on

    def _has_room(self) -> bool:
        """Whether this request may go on; another one may have to give way for it."""
        receiver = self._body_receiver
        held = self._head + self._http1_buffered() - (receiver.buffered if receiver else 0)
        while (greedy := self.worker.heads.hold(self, held)) is not None:
            greedy.give_way()
            if greedy is self:
                return False
        return True

    def _on_headers_complete(self) -> bool:
        super()._on_headers_complete()
        headers = self._current_request.headers
        self._head = sum(len(name) + len(value) for name, value in headers)
        if self._current_request.content_length > self.worker.max_body:
            self.answer_begins()  # the application refuses it by its length
        return False

    def _on_message_complete(self) -> None:
        super()._on_message_complete()
        self._enter(Phase.ANSWERING)

    def _build_http_scope(self, *args: Any) -> dict[str, Any]:
        scope: dict[str, Any] = super()._build_http_scope(*args)
        scope[CONNECTION] = self
        return scope

    def _will_close(self, *args: Any) -> bool:
        """Whether this answer is the last: also of a client that has ended, or is not heard out."""
        receiver, parser = self._body_receiver, self._callback_parser
        return bool(
            (receiver is not None and not receiver._complete)  # noqa: SLF001 - as gunicorn does
            or (self._has_ended and not (parser is not None and parser.remaining()))
            or super()._will_close(*args)
        )

    def _arm_keepalive_timer(self) -> None:
        """The connection waits for its next request; ``end_if_overdue`` is its timer."""
        if self._phase in (Phase.ANSWERING, Phase.LIVE):
            self._enter(Phase.IDLE)
        if self._has_ended and self._phase is Phase.IDLE:  # it ended just behind its answer
            self._close_transport()

    def _is_websocket_upgrade(self, request: Any) -> bool:
        """A server may ignore an upgrade (RFC 9110, section 7.8): it does, but on this path."""
        may_begin = self.worker.live is not None and request.path == WEBSOCKET_PATH
        return may_begin and bool(super()._is_websocket_upgrade(request))

    async def _handle_websocket(self, request: Any, *_: Any) -> None:
        """Become a websocket, until it ends."""
        rest, self._callback_parser = self._callback_parser.remaining(), None
        hub = self.worker.live
        status, answer = handshake(request.path, request.headers)
        if status != 101:
            self._refuse(status, refusals.NO_HANDSHAKE)
        elif hub is None or hub.is_full:
            self._refuse(503, refusals.CROWDED)
        else:
            self._enter(Phase.LIVE)
            self._safe_write(answer)
            self._websocket = socket = hub.open(self.transport)
            socket.feed_data(rest)
            await socket.ended

    def _send_error_response(
        self, status: int, _message: str, extra_headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Answer in JSON; gunicorn's own message, which repeats the request, is left out."""
        self._send_refusal(status, refusals.sentence(status), extra_headers)

    def _send_refusal(
        self, status: int, message: str, more: Iterable[tuple[str, str]] = ()
    ) -> None:
        if not self._closed:
            self._safe_write(refusals.answer(status, message, more))

    def _refuse(self, status: int, message: str) -> None:
        self._send_refusal(status, message)
        self._close_transport()

    def _close_transport(self) -> None:
        """End what is sent, and read on for a while.

        If a connection were closed while data is unread, its last answer could be lost (RFC 9112,
        section 9.6).
        """
        if self.transport is None or self._closed:
            return
        self._closed = True
        self._enter(Phase.LEAVING)
        if self._body_receiver is not None:
            self._body_receiver.signal_disconnect()
        if self._request_ready is not None:
            self._request_ready.set()
        if self.transport.is_closing():
            return
        if self._has_ended:
            self.transport.close()
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._resume_reading()
