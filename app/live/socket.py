"""One websocket: frames in, frames out, and the limits of what its client may do.

The library ``websockets`` reads and checks frames (RFC 6455) without I/O. A socket runs in the
event loop alone; nothing of it waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Protocol

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from app.live import messages

MAX_MESSAGE = 65_536
"""Bytes of a message of a client: a list of 50 tags and a token have room in it."""

MAX_UNSENT = 1_048_576
"""Bytes that wait for a client that reads too slowly; beyond them it is cut off."""

MOST_A_SECOND = 1_000
"""How many messages, pings and fragments a client may send in a second."""

MOST_HELD = 64
"""How many messages of a client may wait to be handled: then no more is read from it."""

GOING_AWAY, POLICY, INTERNAL, TRY_LATER = 1001, 1008, 1011, 1013
"""Codes with which a connection is closed (RFC 6455, section 7.4.1, and IANA's registry)."""

CLOSE_S = 2.0
"""How long to wait for the client's part of the end."""

TOO_FAST = f"You send more than {MOST_A_SECOND} messages a second; connect again, and send fewer."

_silent = logging.getLogger("qhronos.websockets")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


class Owner(Protocol):
    """Who is told what a socket's client does."""

    def said(self, socket: LiveSocket, text: str) -> None:
        """Its client has sent a message; ``socket.handled`` is to be called in the end."""
        ...

    def gone(self, socket: LiveSocket) -> None:
        """The connection is over."""
        ...


def handshake(path: str, headers: Iterable[tuple[str, str]]) -> tuple[int, bytes]:
    """Judge the request of a websocket: the status, and the whole answer if that is 101."""
    request = Request(path, Headers(list(headers)))
    response = ServerProtocol(logger=_silent).accept(request)
    return response.status_code, response.serialize() if response.status_code == 101 else b""


class LiveSocket:
    """What gunicorn's protocol hands the bytes of an upgraded connection to."""

    def __init__(self, transport: asyncio.Transport, owner: Owner, now_s: float) -> None:
        """``now_s`` is the event loop's time, as everywhere here."""
        self.transport = transport
        self.ended = asyncio.get_running_loop().create_future()
        self.began_s = self.heard_s = now_s
        self.pinged_s = 0.0
        self.is_closing = False
        self._owner = owner
        self._frames = ServerProtocol(state=State.OPEN, max_size=MAX_MESSAGE, logger=_silent)
        self._parts: list[bytes] = []
        self._is_binary = False
        self._held = 0
        self._is_paused = False
        self._second, self._count = 0, 0

    # What gunicorn's protocol calls

    def feed_data(self, data: bytes) -> None:
        """Take what has come."""
        self.heard_s = asyncio.get_running_loop().time()
        self._frames.receive_data(data)
        frames = self._frames.events_received()
        self._write_out()
        for frame in frames:
            if isinstance(frame, Frame) and not self.is_closing:
                self._take(frame)

    def feed_eof(self) -> None:
        """The connection is lost."""
        if not self.ended.done():
            self.ended.set_result(None)
            self.is_closing = True
            self._owner.gone(self)

    # What the owner calls

    def write(self, data: bytes) -> None:
        """Send frames; a client that has too much to read already is cut off."""
        if self.is_closing:
            return
        self.transport.write(data)
        if self.transport.get_write_buffer_size() > MAX_UNSENT:
            self.cut()

    def say(self, message: bytes) -> None:
        """Send one message."""
        self.write(text_frame(message))

    def handled(self) -> None:
        """A message that was said has been handled."""
        self._held -= 1
        if self._is_paused and self._held < MOST_HELD // 2:
            self._is_paused = False
            self.transport.resume_reading()

    def ping(self, now_s: float) -> None:
        """Ask the client for a sign of life."""
        self.pinged_s = now_s
        self._frames.send_ping(b"")
        self._write_out()

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye; the connection ends when the client has, or soon."""
        if self.is_closing:
            return
        self.is_closing = True
        with contextlib.suppress(ConnectionClosed):
            self._frames.send_close(code, reason)
        self._write_out()
        asyncio.get_running_loop().call_later(CLOSE_S, self.cut)

    def cut(self) -> None:
        """End the connection here and now."""
        self.is_closing = True
        self.transport.abort()

    def _take(self, frame: Frame) -> None:
        second = int(self.heard_s)
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        if self._count > MOST_A_SECOND:
            self.say(messages.error(TOO_FAST))
            self.close(POLICY, "too fast")
            return
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._is_binary = frame.opcode is Opcode.BINARY
        elif frame.opcode is not Opcode.CONT:
            if frame.opcode is Opcode.CLOSE:
                self.is_closing = True
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            content = b"".join(self._parts)
            self._parts.clear()
            self._message(content)

    def _message(self, content: bytes) -> None:
        if self._is_binary:
            self.say(messages.error(messages.BINARY))
            return
        try:
            text = content.decode()
        except UnicodeDecodeError:
            self._frames.fail(1007, "not UTF-8")
            self._write_out()
            return
        self._held += 1
        if self._held >= MOST_HELD and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()
        self._owner.said(self, text)

    def _write_out(self) -> None:
        for data in self._frames.data_to_send():
            if data:
                self.transport.write(data)
            else:
                self.transport.close()
        if self._frames.state is not State.OPEN and not self.is_closing:
            self.is_closing = True
            asyncio.get_running_loop().call_later(CLOSE_S, self.cut)
        if self.transport.get_write_buffer_size() > MAX_UNSENT:
            self.cut()


def text_frame(message: bytes) -> bytes:
    """A message as a client is sent it."""
    return Frame(Opcode.TEXT, message).serialize(mask=False)
