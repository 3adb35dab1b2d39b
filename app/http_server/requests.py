"""Whole requests, from the event loop to the application's threads, and answers back.

The application is a WSGI one (PEP 3333). A thread has a request only while it works on it: not
while the request arrives, and not while its answer is taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

from app.api.routes.changes import STREAM
from app.domain.addresses import Network
from app.domain.callers import client_address, counted_address
from app.http_server import refusals
from app.http_server.caller_queue import CallerQueue, QueueFull
from app.http_server.connection import CONNECTION, WEBSOCKET_PATH, Connection
from app.live.connected import Subscription
from app.live.hub import Hub
from app.live.places import SHARE_TAKEN

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

MAX_BODY = 16_777_216
"""No body of a request that is longer is read; the application refuses it by its length."""

MAX_HELD = 67_108_864
"""How many bytes of bodies one process holds for requests that are not yet answered."""

MAX_UNTAKEN = 67_108_864
"""How many bytes of answers one process holds for clients that have not taken them. Beyond that the
one that has taken nothing for longest is given up."""

WAITING_FOR_A_THREAD = 256
"""How many requests may wait for each thread."""

HEALTH = "/health"
HEALTH_THREADS = 2
WAITING_FOR_HEALTH = 1_000

_PIECE = 262_144
"""A longer answer is sent in pieces of this size or more."""


class Requests:
    """An ASGI application of a WSGI one, with so many threads."""

    def __init__(
        self, application: WSGIApplication, threads: int, proxies: tuple[Network, ...] = ()
    ) -> None:
        """``proxies`` are believed whose request they pass on."""
        self._application = application
        self._proxies = proxies
        self._queue = CallerQueue(threads, threads * WAITING_FOR_A_THREAD)
        self._threads = ThreadPoolExecutor(threads, "request")
        # Whoever asks how the service is must not wait behind what keeps it busy.
        self._health_threads = ThreadPoolExecutor(HEALTH_THREADS, "health")
        self._health_queue = CallerQueue(HEALTH_THREADS, WAITING_FOR_HEALTH)
        self.live: Hub | None = None
        """What has the streams that the application wants, if anything has."""
        self._held = 0
        self._untaken: dict[Connection, int] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        if _expects_more(scope):
            await _refuse(send, 417, refusals.sentence(417))
            return
        if self.live is not None and scope["path"] == WEBSOCKET_PATH:
            await _refuse(send, 426, refusals.sentence(426))
            return
        body = _Body(scope)
        try:
            if not await self._read(body, receive):
                return  # the connection has answered, or the client has gone
            scope[CONNECTION].answer_begins()
            if self._held > MAX_HELD and body.content:
                # It must not count until the client takes the refusal: that may take it minutes.
                self._held -= len(body.content)
                body.content.clear()
                await _refuse(send, 503, refusals.TOO_MUCH_HELD)
            else:
                await self._answer(scope, bytes(body.content), send)
        except QueueFull:
            await _refuse(send, 503, refusals.TOO_MANY_WAIT)
        finally:
            self._held -= len(body.content)

    async def _read(self, body: _Body, receive: Receive) -> bool:
        """Read a body as far as it is wanted; returns whether there is anybody to answer.

        Something of it is read although too much is held: what has no body is served even then.
        """
        while body.wants_more and not (self._held > MAX_HELD and body.content):
            message = await receive()
            if message["type"] != "http.request":
                return False
            self._held += len(message["body"])
            body.add(message["body"], is_last=not message.get("more_body"))
        return True

    async def _answer(self, scope: Message, body: bytes, send: Send) -> None:
        threads, queue = self._threads, self._queue
        if scope["path"] == HEALTH:
            threads, queue = self._health_threads, self._health_queue
        run = asyncio.get_running_loop().run_in_executor
        answer = _Answer(self._application, _environ(scope, body))
        async with queue.place(*self._caller(scope)):
            piece, ended = await run(threads, answer.begin)
        if (wanted := answer.environ.get(STREAM)) is not None and self.live is not None:
            await _stream(self.live, scope[CONNECTION], answer, Subscription(*wanted), send)
            return
        try:
            start = {"type": "http.response.start", "status": answer.status}
            await send({**start, "headers": answer.headers})
            while True:
                self._hold(scope[CONNECTION], len(piece))
                await send({"type": "http.response.body", "body": piece, "more_body": not ended})
                if ended:
                    return
                piece, ended = await run(threads, answer.next)
        except ConnectionResetError:
            return  # the application breaks its answer off: gunicorn hangs up and says so
        finally:
            self._untaken.pop(scope[CONNECTION], None)
            if not ended:
                threads.submit(answer.close)

    def _caller(self, scope: Message) -> tuple[str, bytes]:
        """Whose request it is: the address, and the token at which nobody has looked yet."""
        peer = (scope["client"] or ("",))[0]
        forwarded = _given(scope, b"x-forwarded-for").decode("latin-1") if self._proxies else ""
        address = client_address(peer, forwarded, self._proxies)
        return counted_address(address), _given(scope, b"authorization")

    def _hold(self, connection: Connection, size: int) -> None:
        """Note what a client has to take; whoever is slowest gives way if it is too much."""
        self._untaken.pop(connection, None)  # who has taken a piece is not the slowest any more
        self._untaken[connection] = size
        while len(self._untaken) > 1 and sum(self._untaken.values()) > MAX_UNTAKEN:
            longest = next(iter(self._untaken))
            del self._untaken[longest]
            longest.give_up()


class _Body:
    """A request's body, as far as it has come."""

    def __init__(self, scope: Message) -> None:
        self.content = bytearray()
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        self.wants_more = not lengths or int(lengths[0]) <= MAX_BODY

    def add(self, piece: bytes, *, is_last: bool) -> None:
        self.content += piece
        self.wants_more = not is_last and len(self.content) <= MAX_BODY


class _Answer:
    """What the application answers; each method runs in a thread, one after the other."""

    status = 500
    headers: Headers

    def __init__(self, application: WSGIApplication, environ: WSGIEnvironment) -> None:
        self._application = application
        self.environ = environ
        self._pieces: Iterable[bytes] = ()
        self._iterator: Iterator[bytes] = iter(())

    def begin(self) -> tuple[bytes, bool]:
        """Run the application; returns the first piece, and whether that is all."""
        self._pieces = self._application(self.environ, self._start)
        self._iterator = iter(self._pieces)
        return self.next()

    def next(self) -> tuple[bytes, bool]:
        """Return another piece, and whether it is the last."""
        gathered, size = [], 0
        try:
            for piece in self._iterator:
                gathered.append(piece)
                size += len(piece)
                if size >= _PIECE:
                    return b"".join(gathered), False
        except BaseException:
            self.close()
            raise
        self.close()
        return b"".join(gathered), True

    def close(self) -> None:
        """Have the application tidy up, as PEP 3333 wants it."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()

    def _start(
        self, status: str, headers: list[tuple[str, str]], _error: object = None, /
    ) -> Callable[[bytes], object]:
        self.status = int(status.split(" ", 1)[0])
        self.headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ]
        return _no_write


def _no_write(_piece: bytes) -> object:
    raise NotImplementedError("answer with an iterable")


def _expects_more(scope: Message) -> bool:
    """Whether a request expects what is not met here (RFC 9110, section 10.1.1)."""
    expected = [value.lower() for name, value in scope["headers"] if name == b"expect"]
    return any(value != b"100-continue" for value in expected) and scope["http_version"] != "1.0"


def _given(scope: Message, header: bytes) -> bytes:
    """What a request says in a header, all of them together if there are several."""
    return b",".join(value for name, value in scope["headers"] if name == header)


async def _refuse(send: Send, status: int, message: str) -> None:
    refusals.count(status, message)
    content = refusals.body(message)
    given = [*refusals.headers(status), ("Content-Length", str(len(content)))]
    headers = [(name.lower().encode(), value.encode()) for name, value in given]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def _stream(
    live: Hub, connection: Connection, answer: _Answer, wanted: Subscription, send: Send
) -> None:
    """Answer with a stream, until its client goes or it is told to end."""
    if live.is_full:
        await _refuse(send, 503, refusals.CROWDED)
        return
    if not live.has_room_for(wanted.bearer):
        await _refuse(send, 429, SHARE_TAKEN)
        return
    connection.answer_begins(is_stream=True)
    headers = [header for header in answer.headers if header[0] != b"content-length"]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    async with contextlib.aclosing(live.stream(wanted, connection.give_up)) as pieces:
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _path(target: bytes) -> bytes:
    """Return the path of a request's target, which may be a whole URL (RFC 9112 section 3.2.2)."""
    if not target.lower().startswith((b"http://", b"https://")):
        return target
    return b"/" + target.split(b"/", 3)[3] if target.count(b"/") > 2 else b"/"


def _environ(scope: Message, body: bytes) -> WSGIEnvironment:
    """Describe a request as PEP 3333 does."""
    server, client = scope["server"] or ("", 0), scope["client"] or ("", 0)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(_path(scope["raw_path"])).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in ("CONTENT_LENGTH", "CONTENT_TYPE"):
            key = f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ
