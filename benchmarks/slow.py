"""A receiver that answers 200 after some ms: ``python -m benchmarks.slow <port> <ms>``."""

from __future__ import annotations

import asyncio
import re
import sys

_LENGTH = re.compile(rb"\r\ncontent-length: ?([0-9]+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

takes_s = 0.0


class Receiver(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._pending = b""

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while (head := self._pending.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._pending, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._pending) < end:
                return
            self._pending = self._pending[end:]
            asyncio.get_running_loop().call_later(takes_s, self._answer)

    def _answer(self) -> None:
        self._transport.write(_OK)  # type: ignore[attr-defined]


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(
        Receiver, "127.0.0.1", port, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    takes_s = float(sys.argv[2]) / 1000
    asyncio.run(serve(int(sys.argv[1])))
