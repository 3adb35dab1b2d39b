"""``python -m tests.chaos.receiver PORT LOG``: where the webhooks go, well-behaved or not.

A process of its own, so that it bears thousands of requests a second beside everything else. How
it answers follows from the path and from the webhook's id, so that it is the same every time:
``/ok`` answers 200, ``/slow`` takes up to 0.7 s, ``/flaky`` refuses an occurrence up to three
times (a status, a reset, a close, silence) before it takes it, ``/second`` refuses the first two
attempts of one occurrence in eleven. It listens at several addresses, so that one kind of receiver
does not slow down another. It writes a line for each request that it has got (``R``) and for each
that it has answered with 200 (``A``): when the request came, in ms, the webhook's id, its
``attempt`` and ``scheduled_at``.
"""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app.runtime.embedded import free_port
from tests.support.processes import ROOT, Program, clean_environ

_ID = re.compile(rb"\r\nwebhook-id: ([^\r]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_FIELDS = re.compile(rb'"scheduled_at": ?"([^"]+)", ?"attempt": ?(\d+)')
_TRIES: Counter[bytes] = Counter()
_SILENCE_S = 30.0
LOG = "requests"
"""The file's name."""

ADDRESSES = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


class Connection(asyncio.Protocol):
    """One connection that is kept alive."""

    def __init__(self, log: IO[str]) -> None:
        self._log = log
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or length is None or len(rest) < int(length[1]):
            return
        self._buffer = b""
        found = _ID.search(head)
        fields = _FIELDS.search(rest)
        if found is None or fields is None:
            self._transport.abort()
            return
        line = f"{time.time_ns() // 1_000_000} {found[1].decode()} {fields[2].decode()} "
        line += fields[1].decode()
        self._log.write(f"R {line}\n")
        self._answer(head.split(b" ", 2)[1], found[1], int(fields[2]), line)

    def _answer(self, path: bytes, webhook_id: bytes, attempt: int, line: str) -> None:
        chance = zlib.crc32(webhook_id)
        if path == b"/second" and attempt < 3 and chance % 11 == 0:
            self._refuse(0)
            return
        if path == b"/slow":
            loop = asyncio.get_running_loop()
            loop.call_later(chance % 700 / 1_000, self._accept, line)
            return
        if path == b"/flaky" and _TRIES[webhook_id] < chance % 4:
            _TRIES[webhook_id] += 1
            self._refuse(zlib.crc32(webhook_id, _TRIES[webhook_id]) % 5)
            return
        self._accept(line)

    def _accept(self, line: str) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            self._log.write(f"A {line}\n")

    def _refuse(self, how: int) -> None:
        if how == 0:
            self._transport.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
        elif how == 1:
            self._transport.write(
                b"HTTP/1.1 503 Later\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
            )
        elif how == 2:
            raw: socket.socket = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        elif how == 3:
            self._transport.close()
        else:
            asyncio.get_running_loop().call_later(_SILENCE_S, self._transport.abort)


async def serve(port: int, log: IO[str]) -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    server = await loop.create_server(lambda: Connection(log), ADDRESSES, port, backlog=4096)
    await told.wait()
    server.close()


@contextmanager
def receiving(directory: Path) -> Iterator[int]:
    """A receiver that writes what it sees into ``LOG`` in a directory; its port."""
    port = free_port()
    receiver = Program(
        "receiver",
        [
            sys.executable,
            "-m",
            "tests.chaos.receiver",
            str(port),
            str(directory / LOG),
        ],
        clean_environ() | {"PYTHONPATH": str(ROOT)},
        cwd=directory,
    )
    receiver.start()
    try:
        yield port
    finally:
        receiver.kill()


if __name__ == "__main__":
    with Path(sys.argv[2]).open("w", buffering=1, encoding="utf-8") as output:
        asyncio.run(serve(int(sys.argv[1]), output))
