"""One attempt is one request: nothing below the retries of ours sends anything again.

A receiver at the level of sockets does with each request what it is told, and counts what it has
read. Tests ``app.delivery.exchange``, too.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any, Self

import pycurl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.delivery.exchange import Exchange
from app.delivery.request import Request
from app.delivery.sender import CurlSender
from app.domain.outcome import Outcome
from tests.support.deliveries import LOCAL, outcomes

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\nhalf"

DEEDS = (
    *("answer", "answer", "answer", "answer and close", "answer, say close and close"),
    *("close", "reset", "answer half and close", "answer half and reset"),
    *("close within the head", "reset within the head", "close within the body"),
    "reset within the body",
)
"""What a receiver does with a request; those without "within" read the whole of it first."""


class DyingReceiver:
    """Does one deed for each path, ``/0`` and so on, and counts the requests it has read whole."""

    def __init__(self, deeds: list[str]) -> None:
        self.deeds = deeds
        self.read = [0] * len(deeds)
        self.begun = [0] * len(deeds)
        self.connections = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}/"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def reset_first(self) -> None:
        """Reset the first connection and wait until that is done."""
        connection = self._open[0]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)  # its thread sees an end, and closes it
        self._threads[1].join(5)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self.connections += 1
                self._open.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while self._exchange(connection):
                pass

    def _exchange(self, connection: socket.socket) -> bool:
        """Take one request; returns whether the connection stays open."""
        start = b""
        while start.count(b" ") < 2:
            if not (piece := connection.recv(64)):
                return False
            start += piece
        number = int(start.split(b" ")[1][1:])
        self.begun[number] += 1
        deed = self.deeds[number]
        if "within the head" in deed:
            return _end(connection, deed)
        while b"\r\n\r\n" not in start:
            start += connection.recv(64)
        head, _, body = start.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        if "within the body" in deed:
            return _end(connection, deed)
        while len(body) < size:
            body += connection.recv(1 << 20)
        self.read[number] += 1
        if deed.startswith("answer half"):
            connection.sendall(HALF)
        elif "say close" in deed:
            connection.sendall(OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        elif deed.startswith("answer"):
            connection.sendall(OK)
        return deed == "answer" or _end(connection, deed)


def _end(connection: socket.socket, deed: str) -> bool:
    if "reset" in deed:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def send(sender: CurlSender, receiver: DyingReceiver, number: int, size: int = 10) -> Outcome:
    head = ["Content-Type: application/json", f"Content-Length-Was: {size}"]
    request = Request(f"{receiver.url}{number}", head, b"x" * size, 5_000)
    sender.start(number, request, due_us=0, now_us=0)
    return outcomes(sender, 1)[0][1]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(DEEDS), st.sampled_from([2, 20_000, 300_000, 2_000_000])),
        min_size=1,
        max_size=8,
    )
)
def test_a_receiver_reads_each_request_once_however_it_dies(plan: list[tuple[str, int]]) -> None:
    sender = CurlSender(LOCAL, 4)
    with DyingReceiver([deed for deed, _ in plan]) as receiver:
        for number, (deed, size) in enumerate(plan):
            outcome = send(sender, receiver, number, size)
            read, begun = receiver.read[number], receiver.begun[number]
            if outcome.succeeded:
                assert deed.startswith("answer")
                assert read == 1
            else:
                assert outcome.error in {"closed", "reset"}, outcome
                # The receiver may have closed the kept connection before it saw the request.
                assert read <= 1
            assert begun <= 1
            if "half" in deed and read:
                assert not outcome.succeeded
        sender.close()


@pytest.mark.parametrize("size", [2, 300_000, 2_000_000])
@pytest.mark.parametrize(
    ("deed", "error", "message"),
    [
        ("close", "closed", "the receiver closed the connection, kept from before, before answering"),
        ("reset", "reset", "the receiver reset the connection, kept from before, before answering"),
    ],
)  # fmt: skip
def test_a_receiver_that_dies_at_its_work_on_a_kept_connection_is_asked_once(
    sender: CurlSender, deed: str, error: str, message: str, size: int
) -> None:
    with DyingReceiver(["answer", deed, "answer"]) as receiver:
        assert send(sender, receiver, 0, size).succeeded
        outcome = send(sender, receiver, 1, size)
        assert receiver.read == [1, 1, 0]
        assert (outcome.error, outcome.error_message) == (error, message)
        assert send(sender, receiver, 2, size).succeeded
        assert receiver.connections == 2


def test_a_connection_that_was_dead_before_a_byte_was_written_costs_no_attempt(
    sender: CurlSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies between libcurl's look at it and the first write: as libcurl reads the body."""
    begin, died = Exchange.begin, []
    with DyingReceiver(["answer", "answer"]) as receiver:
        assert send(sender, receiver, 0).succeeded

        def begin_and_have_it_die(exchange: Exchange, *args: Any, **options: Any) -> None:
            begin(exchange, *args, **options)

            def die_and_read(size: int) -> bytes:
                if not died:
                    died.append(receiver.reset_first())
                return exchange._body.read(size)

            exchange.curl.setopt(pycurl.READFUNCTION, die_and_read)

        monkeypatch.setattr(Exchange, "begin", begin_and_have_it_die)
        outcome = send(sender, receiver, 1)
        assert outcome.succeeded
        assert outcome.timings.connect_took is not None  # the record shows a new connection
        assert receiver.read == [1, 1]
        assert receiver.connections == 2


def test_a_receiver_that_closes_without_saying_so_fails_one_attempt_at_most(
    sender: CurlSender,
) -> None:
    """From then on each of its requests has a connection of its own."""
    with DyingReceiver(["answer and close"] * 60) as receiver:
        ended = [send(sender, receiver, number) for number in range(60)]
        assert sum(not outcome.succeeded for outcome in ended) <= 1
        assert max(receiver.read) == 1
        assert [bool(read) for read in receiver.read] == [outcome.succeeded for outcome in ended]
