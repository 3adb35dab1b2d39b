"""A receiver that notes when each webhook arrived, to the microsecond, in a process of its own.

Run as ``python -m benchmarks.stamping <port>…``: several ports are several targets. A POST is
answered 200; a GET answers, as JSON, ``[scheduled ms, arrival µs]`` of every POST since the last
one; ``GET /count`` answers how many there are. The scheduled time is read out of the first 48 bits
of ``webhook-id``; the arrival is when the last byte was read.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import sys
import time
from collections.abc import Sequence

_IDENTITY = re.compile(rb"\r\nwebhook-id: ?([0-9a-f]{8})-?([0-9a-f]{4})", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: ?([0-9]+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

arrivals: list[tuple[int, int]] = []


class Receiver(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._pending = b""

    def data_received(self, data: bytes) -> None:
        now_us = time.time_ns() // 1000
        self._pending += data
        while (head := self._pending.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._pending, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._pending) < end:
                return
            request, self._pending = self._pending[:head], self._pending[end:]
            self._transport.write(self._answer(request, now_us))  # type: ignore[attr-defined]

    @staticmethod
    def _answer(request: bytes, now_us: int) -> bytes:
        if request.startswith(b"POST"):
            if identity := _IDENTITY.search(request):
                arrivals.append((int(identity[1] + identity[2], 16), now_us))
            return _OK
        if request.startswith(b"GET /count"):
            body = b"%d" % len(arrivals)
        else:
            body = json.dumps(arrivals).encode()
            arrivals.clear()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def serve(ports: Sequence[int]) -> None:
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Receiver, "127.0.0.1", port) for port in ports]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    gc.disable()  # a collection would look like lateness of the sender's
    asyncio.run(serve([int(port) for port in sys.argv[1:]]))
