"""A websocket's client may be slow, silent, quick, huge or wrong: each has a defined end."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import cast

import pytest
from websockets.frames import Frame, Opcode

from app.live import socket as module
from app.live.socket import MAX_MESSAGE, MAX_UNSENT, MOST_A_SECOND, LiveSocket, handshake
from tests.support.frames import FakeTransport, FrameReader, masked, text
from tests.support.wait import wait_until

KEY = base64.b64encode(b"k" * 16).decode()
GOOD = {
    "UPGRADE": "websocket",
    "CONNECTION": "keep-alive, Upgrade",
    "SEC-WEBSOCKET-KEY": KEY,
    "SEC-WEBSOCKET-VERSION": "13",
}


class Talk:
    """A socket, its client, and what has been said."""

    def __init__(self) -> None:
        self.transport = FakeTransport()
        self.said_texts: list[str] = []
        self.is_gone = False
        self.socket = LiveSocket(cast("asyncio.Transport", self.transport), self, 0.0)
        self._reader = FrameReader()

    def said(self, socket: LiveSocket, text: str) -> None:
        self.said_texts.append(text)

    def gone(self, socket: LiveSocket) -> None:
        self.is_gone = True

    def send(self, *frames: Frame) -> None:
        """Have the client send frames, in pieces as a network makes them."""
        data = masked(frames)
        self.socket.feed_data(data[:3])
        self.socket.feed_data(data[3:])

    def heard(self) -> list[Frame]:
        """What the client has been sent."""
        return self._reader.read(self.transport)


def within_a_loop(check: Callable[[Talk], None]) -> None:
    async def run() -> None:
        check(Talk())

    asyncio.run(run())


def test_a_good_handshake_is_accepted() -> None:
    status, answer = handshake("/ws", GOOD.items())
    assert status == 101
    assert b"\r\nSec-WebSocket-Accept: " in answer


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SEC-WEBSOCKET-KEY", "short"),
        ("SEC-WEBSOCKET-KEY", None),
        ("SEC-WEBSOCKET-VERSION", "8"),
        ("UPGRADE", "h2c"),
        ("CONNECTION", "close"),
    ],
)
def test_another_is_not(name: str, value: str | None) -> None:
    headers = {key: found for key, found in (GOOD | {name: value}).items() if found is not None}
    status, answer = handshake("/ws", headers.items())
    assert (status >= 400, answer) == (True, b"")


def test_messages_come_whole_whatever_their_frames() -> None:
    def check(talk: Talk) -> None:
        parts = [text("ö".encode()[:1], fin=False), Frame(Opcode.PING, b"p")]
        parts.append(text("ö".encode()[1:], opcode=Opcode.CONT))
        talk.send(text(b"one"), *parts)
        assert talk.said_texts == ["one", "ö"]
        (pong,) = talk.heard()
        assert (pong.opcode, bytes(pong.data)) == (Opcode.PONG, b"p")

    within_a_loop(check)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([text(b"x" * (MAX_MESSAGE + 1))], 1009),
        ([text(b"x" * MAX_MESSAGE, fin=False), text(b"x", opcode=Opcode.CONT)], 1009),
        ([text(b"\xff")], 1007),
        ([text(b"x", opcode=Opcode.CONT)], 1002),
    ],
)
def test_what_breaks_the_protocol_ends_the_connection(frames: list[Frame], code: int) -> None:
    def check(talk: Talk) -> None:
        talk.send(*frames)
        last = talk.heard()[-1]
        assert (last.opcode, int.from_bytes(last.data[:2], "big")) == (Opcode.CLOSE, code)
        talk.send(text(b"more"))
        assert talk.said_texts == []

    within_a_loop(check)


def test_binary_data_is_an_error_and_the_connection_stays() -> None:
    def check(talk: Talk) -> None:
        talk.send(text(b"x", opcode=Opcode.BINARY), text(b"y"))
        (error,) = talk.heard()
        assert b'"error"' in error.data
        assert talk.said_texts == ["y"]

    within_a_loop(check)


def test_who_sends_too_fast_is_told_so_and_let_go() -> None:
    def check(talk: Talk) -> None:
        talk.send(*[Frame(Opcode.PING, b"")] * (2 * MOST_A_SECOND + 2))
        error, last = talk.heard()[-2:]
        assert module.TOO_FAST.encode() in error.data
        assert last.opcode is Opcode.CLOSE

    within_a_loop(check)


def test_nothing_is_read_while_many_messages_wait_to_be_handled() -> None:
    def check(talk: Talk) -> None:
        talk.send(*[text(b"x")] * module.MOST_HELD)
        assert talk.transport.is_paused
        for _ in range(module.MOST_HELD):
            talk.socket.handled()
        assert not talk.transport.is_paused

    within_a_loop(check)


def test_a_client_that_does_not_read_is_cut_off() -> None:
    def check(talk: Talk) -> None:
        talk.socket.say(b"x")
        assert not talk.transport.is_cut
        talk.transport.unsent = MAX_UNSENT + 1
        talk.socket.say(b"x")
        assert talk.transport.is_cut
        sent = talk.transport.sent
        talk.socket.say(b"y")
        assert talk.transport.sent == sent

    within_a_loop(check)


def test_a_client_that_only_pings_and_does_not_read_is_cut_off() -> None:
    def check(talk: Talk) -> None:
        talk.transport.unsent = MAX_UNSENT + 1
        talk.send(Frame(Opcode.PING, b"x"))
        assert talk.transport.is_cut

    within_a_loop(check)


def test_an_end_is_answered_and_the_owner_learns_of_it() -> None:
    def check(talk: Talk) -> None:
        talk.send(Frame(Opcode.CLOSE, (1000).to_bytes(2, "big")))
        assert talk.heard()[-1].opcode is Opcode.CLOSE
        assert talk.transport.is_closed
        talk.socket.feed_eof()
        talk.socket.feed_eof()
        assert talk.is_gone
        assert talk.socket.ended.done()

    within_a_loop(check)


def test_who_does_not_end_its_part_is_cut_off_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_S", 0.0)

    async def run() -> None:
        talk = Talk()
        talk.socket.close(module.POLICY, "why")
        await asyncio.to_thread(wait_until, lambda: talk.transport.is_cut, "it is cut off")
        (last,) = talk.heard()
        assert bytes(last.data) == module.POLICY.to_bytes(2, "big") + b"why"

    asyncio.run(run())
