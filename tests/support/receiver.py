"""A real HTTP receiver on this host, for tests: records what comes and answers as told.

One event loop in a thread of its own, so many hundreds of connections may be open at once::

    with Receiver() as receiver:
        receiver.reply("/busy", Reply(503, headers={"Retry-After": "1"}), Reply(200))
        ...
        receiver.wait_for(2, path="/busy")
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

_CHUNK = b"x" * 65_536


@dataclass(frozen=True)
class Received:
    """One request. ``headers`` has lower-case names; ``at_ns`` is the time of day."""

    at_ns: int
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass(frozen=True)
class Reply:
    """How to answer. The classmethods make the misbehaving ones."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    raw: bytes | None = None
    """Sent instead of a made-up answer."""
    pause: float = 0.0
    """Seconds between one byte and the next."""
    then: str = "keep"
    """What becomes of the connection: ``keep``, ``close``, ``reset``, ``hang`` or ``endless``."""

    @classmethod
    def hang(cls) -> Reply:
        """Read the request and never answer."""
        return cls(raw=b"", then="hang")

    @classmethod
    def close(cls) -> Reply:
        """Read the request and close the connection."""
        return cls(raw=b"", then="close")

    @classmethod
    def reset(cls, raw: bytes = b"") -> Reply:
        """Read the request, send these bytes, and reset the connection."""
        return cls(raw=raw, then="reset")

    @classmethod
    def broken(cls, raw: bytes) -> Reply:
        """Answer with exactly these bytes and close."""
        return cls(raw=raw, then="close")

    @classmethod
    def drip(cls, raw: bytes, pause: float) -> Reply:
        """Answer with these bytes one at a time."""
        return cls(raw=raw, pause=pause, then="hang")

    @classmethod
    def endless(cls, status: int = 200) -> Reply:
        """Answer with a body that never ends."""
        return cls(raw=b"HTTP/1.1 %d Endless\r\n\r\n" % status, then="endless")

    def encoded(self) -> bytes:
        if self.raw is not None:
            return self.raw
        lines = [f"HTTP/1.1 {self.status} Reply", *(f"{k}: {v}" for k, v in self.headers.items())]
        if not any(name.lower() == "content-length" for name in self.headers):
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


Answer = Reply | Callable[[Received], Reply]


class Receiver:
    """Answers 200 to everything that no reply was set for."""

    def __init__(
        self, host: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        """``port``: any that is free, unless one is named."""
        self._host = host
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="receiver", daemon=True)
        self._changed = threading.Condition()
        self._received: list[Received] = []
        self._replies: dict[str, list[Answer]] = {}
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.port = port

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._run(
            asyncio.start_server(
                self._connected, self._host, self.port, backlog=4096, ssl=self._tls
            )
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def url(self, path: str = "/", host: str | None = None) -> str:
        name = host or (f"[{self._host}]" if ":" in self._host else self._host)
        return f"{'https' if self._tls else 'http'}://{name}:{self.port}{path}"

    def reply(self, path: str, *answers: Answer) -> None:
        """Answer requests to this path with these in turn; the last one stays."""
        with self._changed:
            self._replies[path] = list(answers)

    @property
    def requests(self) -> list[Received]:
        """Everything received so far, in order."""
        with self._changed:
            return list(self._received)

    def requests_to(self, path: str) -> list[Received]:
        return [request for request in self.requests if request.path == path]

    def stop_listening(self) -> None:
        """Accept no more connections; those that are open stay so."""
        server = self._server.sockets[0]
        self._loop.call_soon_threadsafe(self._loop.remove_reader, server.fileno())
        self._run(_turns())
        self._run(_closed(self._server))

    def clear(self) -> None:
        with self._changed:
            self._received.clear()

    def wait_for(
        self, count: int, timeout: float = 10.0, path: str | None = None
    ) -> list[Received]:
        """Wait until so many requests (to this path) have come; fail with a clear message."""

        def come() -> list[Received]:
            return [r for r in self._received if path is None or r.path == path]

        with self._changed:
            if not self._changed.wait_for(lambda: len(come()) >= count, timeout):
                raise AssertionError(f"{len(come())} of {count} requests came in {timeout} s")
            return come()

    def _run(self, work: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result(10)

    async def _stop(self) -> None:
        for listening in self._server.sockets:
            self._loop.remove_reader(listening.fileno())
        # Connections that were just accepted become ours; a closed server would lose them.
        await _turns()
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}  # TLS handshakes among them
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await _turns()  # transports close in the turns that follow

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(EOFError, OSError, asyncio.CancelledError):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        at_ns = time.time_ns()
        method, path, _ = head[0].split(" ", 2)
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        received = Received(at_ns, method, path, headers, body)
        return await self._answer(self._record(received), writer)

    def _record(self, received: Received) -> Reply:
        with self._changed:
            self._received.append(received)
            self._changed.notify_all()
            answers = self._replies.get(received.path.partition("?")[0], [Reply()])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(received) if callable(answer) else answer

    async def _answer(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        if reply.delay:
            await asyncio.sleep(reply.delay)
        data = reply.encoded()
        for piece in [data[i : i + 1] for i in range(len(data))] if reply.pause else [data]:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(reply.pause)
        if reply.then == "hang":
            await asyncio.get_running_loop().create_future()
        while reply.then == "endless":
            writer.write(_CHUNK)
            await writer.drain()
        if reply.then == "reset":
            _linger_zero(writer)
            writer.transport.abort()
        return reply.then == "keep"


def _linger_zero(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def _closed(server: asyncio.Server) -> None:
    server.close()


async def _turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
