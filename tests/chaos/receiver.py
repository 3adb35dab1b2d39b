"""``python -m tests.chaos.receiver PORT LOG API``: where the webhooks go, well-behaved or not.

A process of its own, so that it bears thousands of requests a second beside everything else. How
it answers follows from the path and from the webhook's id, so that it is the same every time:
``/ok`` answers 200, ``/slow`` takes up to 0.7 s, ``/flaky`` refuses an occurrence up to three
times (a status, a reset, a close, silence) before it takes it, ``/second`` refuses the first two
attempts of one occurrence in eleven, ``/later`` answers 202 and acknowledges by a call of the API
(at the port ``API``) up to 0.7 s later, or reports a failure, or never does. It listens at several
addresses, so that one kind of receiver does not slow down another. It writes a line for each
request that it has got (``R``), for each that it has answered with 200 (``A``) or acknowledged
(``K``; ``U`` if it is not known whether that was heard), for each of which it has reported that it
failed (``N``), and for each that may have ended so (``F``): when the request came, in ms, the webhook's id, its ``attempt`` and
``scheduled_at``.
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

from tests.support.ports import free_port
from tests.support.processes import ROOT, Program, clean_environ

_ID = re.compile(rb"\r\nwebhook-id: ([^\r]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_TOKEN = re.compile(rb"\r\nqhronos-ack-token: ([^\r]+)", re.IGNORECASE)
_FIELDS = re.compile(rb'"scheduled_at": ?"([^"]+)", ?"attempt": ?(\d+)')
_TRIES: Counter[bytes] = Counter()
_SILENCE_S = 30.0
LOG = "requests"
"""The file's name."""

ADDRESSES = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")

REPORTED_S = 2.0
"""For so long it tries to say what became of a delivery."""


class Connection(asyncio.Protocol):
    """One connection that is kept alive."""

    def __init__(self, log: IO[str], api_port: int) -> None:
        self._log = log
        self._api_port = api_port
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
        path, token = head.split(b" ", 2)[1], _TOKEN.search(head)
        if path == b"/later" and token is not None:
            self._transport.write(
                b"HTTP/1.1 202 Later\r\nQhronos-Ack: required\r\nContent-Length: 0\r\n\r\n"
            )
            task = asyncio.create_task(self._report(found[1], token[1], line))
            _TASKS.add(task)
            task.add_done_callback(_TASKS.discard)
            return
        self._answer(path, found[1], int(fields[2]), line)

    async def _report(self, webhook_id: bytes, token: bytes, line: str) -> None:
        """Say what became of a delivery, so often that it is heard; or be silent."""
        chance = zlib.crc32(webhook_id, _TRIES[webhook_id])
        _TRIES[webhook_id] += 1
        await asyncio.sleep(chance % 700 / 1_000)
        if chance % 16 == 0:
            return
        word, body = (b"ack", b"{}") if chance % 4 else (b"nack", b'{"error": "not yet"}')
        is_final = chance % 8 == 0
        if is_final:
            body = b'{"error": "never", "retry": false}'
        head = b"POST /occurrences/%b/%b HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        head += b"Authorization: Bearer %b\r\nContent-Type: application/json\r\n"
        request = head % (webhook_id, word, token)
        request += b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        until = time.monotonic() + REPORTED_S
        is_heard, may_be_heard = False, False
        while not is_heard and time.monotonic() < until:
            status = await _asked(self._api_port, request)
            is_heard = status == 200
            may_be_heard = may_be_heard or status in (0, 200, 503)
            if status not in (0, 503):
                break
            await asyncio.sleep(0.1)
        if is_final and may_be_heard:
            self._log.write(f"F {line}\n")
        if is_heard:
            self._log.write(f"{'N' if word == b'nack' else 'K'} {line}\n")
        elif may_be_heard and word == b"ack":
            self._log.write(f"U {line}\n")

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


_TASKS: set[asyncio.Task[None]] = set()


async def _asked(port: int, request: bytes) -> int:
    """The status of the answer to a request; 0 if there is none."""
    try:
        async with asyncio.timeout(REPORTED_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                answer = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return 0
    return int(answer.split(b" ")[1]) if answer else 0


async def serve(port: int, log: IO[str], api_port: int) -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    server = await loop.create_server(
        lambda: Connection(log, api_port), ADDRESSES, port, backlog=4096
    )
    await told.wait()
    server.close()


@contextmanager
def receiving(directory: Path, api_port: int) -> Iterator[int]:
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
            str(api_port),
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
        asyncio.run(serve(int(sys.argv[1]), output, int(sys.argv[3])))
