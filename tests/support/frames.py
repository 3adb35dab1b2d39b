"""A transport that keeps what is written to it, and a websocket's client at its other end."""

from __future__ import annotations

from collections.abc import Iterable

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri


class FakeTransport:
    """What a connection writes to."""

    def __init__(self) -> None:
        self.sent = b""
        self.unsent = 0
        self.is_paused = self.is_closed = self.is_cut = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_cut = True


class FrameReader:
    """Reads frames as a client does."""

    def __init__(self) -> None:
        self._client = ClientProtocol(parse_uri("ws://x/"), state=State.OPEN, max_size=None)

    def read(self, transport: FakeTransport) -> list[Frame]:
        """What was written since the last time."""
        self._client.receive_data(transport.sent)
        transport.sent = b""
        return [one for one in self._client.events_received() if isinstance(one, Frame)]


def text(content: bytes, *, fin: bool = True, opcode: Opcode = Opcode.TEXT) -> Frame:
    """A frame with a message, or with a part of one."""
    return Frame(opcode, content, fin)


def masked(frames: Iterable[Frame]) -> bytes:
    """Frames as a client sends them."""
    return b"".join(frame.serialize(mask=True) for frame in frames)
