"""Hostile requests byte by byte, to gunicorn on a real store: a 4xx or 501 in JSON, no key changed.

Each would be a good request but for one thing. What is wrong inside a well-formed one is in
``tests/api/hostile/``.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from app.store import keys
from tests.support.invariants import snapshot
from tests.support.stack import MASTER_TOKEN, Stack
from tests.support.wait import crowding

pytestmark = pytest.mark.e2e

GOOD = json.dumps(
    {"name": "a", "start_time": "2031-01-01T00:00:00Z", "webhook": "https://example.com/"}
).encode()
CALENDAR = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:a\r\nDTSTART:20310101T000000Z\r\n"
    b"X-QHRONOS-WEBHOOK:https://example.com/\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
BEARER = b"Authorization: Bearer " + MASTER_TOKEN.encode()
HOST = b"Host: x"
JSON = b"Content-Type: application/json"
CHUNKED = b"Transfer-Encoding: chunked"
MISSING = b"/events/01960000-0000-7000-8000-000000000000"


def length(number: int | bytes) -> bytes:
    return b"Content-Length: " + (number if isinstance(number, bytes) else b"%d" % number)


def chunks(body: bytes, size: int = 60_000) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def post(*headers: bytes, body: bytes = GOOD, line: bytes = b"POST /events HTTP/1.1") -> bytes:
    return b"\r\n".join([line, HOST, BEARER, JSON, *headers, b"", body])


def get(*headers: bytes, line: bytes = b"GET /events HTTP/1.1", bearer: bytes = BEARER) -> bytes:
    return b"\r\n".join([line, HOST, bearer, *headers, b"", b""])


SIZED = length(len(GOOD))
ROWS: list[tuple[str, bytes, int]] = [
    # Where the body ends
    ("length and chunks", post(SIZED, CHUNKED, body=chunks(GOOD)), 400),
    ("chunks and length", post(CHUNKED, SIZED, body=chunks(GOOD)), 400),
    ("two lengths", post(SIZED, length(5)), 400),
    ("two equal lengths", post(SIZED, SIZED), 400),
    ("a list of lengths", post(length(b"5, 5")), 400),
    ("a length below nothing", post(length(b"-5")), 400),
    ("a length with a sign", post(length(b"+%d" % len(GOOD))), 400),
    ("a length of letters", post(length(b"abc")), 400),
    ("a length in hexadecimal", post(length(b"0x10")), 400),
    ("a length in other digits", post(length(b"\xd9\xa5")), 400),
    ("a length beyond all", post(length(b"9" * 20)), 413),
    ("a length that is too much", post(length(300_000), body=b"x" * 300_000), 413),
    ("a length of nothing", post(length(0)), 400),
    ("no length", post(), 400),
    ("a length that is not reached", post(length(len(GOOD) + 10)), 400),
    (
        "a calendar that is cut off",
        post(length(len(CALENDAR) + 10), body=CALENDAR).replace(JSON, b"Content-Type: text/calendar"),
        400,
    ),
    ("chunks that are too much", post(CHUNKED, body=chunks(GOOD + b" " * 300_000)), 413),
    ("chunks of two megabytes", post(CHUNKED, body=chunks(GOOD + b" " * 2_000_000)), 413),
    ("a chunk's length of letters", post(CHUNKED, body=b"zz\r\nabc\r\n0\r\n\r\n"), 400),
    ("a chunk's length below nothing", post(CHUNKED, body=b"-5\r\nabc\r\n0\r\n\r\n"), 400),
    ("a chunk's length with 0x", post(CHUNKED, body=b"0x5\r\nabcde\r\n0\r\n\r\n"), 400),
    ("a chunk's length beyond all", post(CHUNKED, body=b"f" * 16 + b"\r\nabc\r\n0\r\n\r\n"), 400),
    ("chunks without an end", post(CHUNKED, body=chunks(GOOD)[:-5]), 400),
    ("a chunk longer than it says", post(CHUNKED, body=b"2\r\n" + GOOD + b"\r\n0\r\n\r\n"), 400),
    ("chunks twice", post(CHUNKED, CHUNKED, body=chunks(GOOD)), 400),
    ("an unknown coding", post(b"Transfer-Encoding: xchunked", body=chunks(GOOD)), 501),
    ("a coding after the chunks", post(b"Transfer-Encoding: chunked, gzip", body=GOOD), 400),
    ("a coding with a vertical tab", post(b"Transfer-Encoding: \x0bchunked", body=GOOD), 400),
    ("an expectation", post(SIZED, b"Expect: 200-ok"), 417),
    # What it claims to be
    ("no content type", post(SIZED).replace(JSON + b"\r\n", b""), 415),
    ("two content types", post(SIZED, b"Content-Type: text/plain"), 400),
    ("gzip", post(SIZED, b"Content-Encoding: gzip"), 415),
    ("another method in a header", post(SIZED, b"X-HTTP-Method-Override: PUT", line=b"POST " + MISSING + b" HTTP/1.1"), 405),
    # The request line
    ("HTTP 0.9", b"GET /events\r\n\r\n", 400),
    ("HTTP 2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ("no version", get(line=b"GET /events HTTP"), 400),
    ("a version of letters", get(line=b"GET /events HTTP/x.y"), 400),
    ("a method in small letters", get(line=b"get /events HTTP/1.1"), 400),
    ("a method with a space", get(line=b"GE T /events HTTP/1.1"), 400),
    ("a tunnel", get(line=b"CONNECT 127.0.0.1:22 HTTP/1.1"), 404),
    ("a trace", get(line=b"TRACE /events HTTP/1.1"), 405),
    ("the server itself", get(line=b"DELETE * HTTP/1.1"), 400),
    ("two slashes", get(line=b"GET //events HTTP/1.1"), 404),
    ("a path upwards", get(line=b"GET /events/../tokens HTTP/1.1"), 404),
    ("a path upwards, encoded", get(line=b"GET /events/%2e%2e/tokens HTTP/1.1"), 404),
    ("a path with a slash, encoded", get(line=b"DELETE /calendars%2fx HTTP/1.1"), 404),
    ("a NUL in the path", get(line=b"GET /events\x00 HTTP/1.1"), 400),
    ("UTF-8 in the path", get(line="GET /evénts HTTP/1.1".encode()), 400),
    ("a long line", get(line=b"GET /events?tags=" + b"x" * 9_000 + b" HTTP/1.1"), 414),
    ("a bare line feed", get().replace(b"\r\n", b"\n"), 400),
    ("a script", b"<script>alert(1)</script>\r\n\r\n", 400),
    ("no words", b"\x00\x01\x02\r\n\r\n", 400),
    # Headers
    ("150 headers", get(*(b"X-%d: 1" % n for n in range(150))), 431),
    ("a long header", get(b"X: " + b"y" * 9_000), 431),
    ("a header's name with a space", get(b"X A: 1"), 400),
    ("a space before the colon", get(b"X : 1"), 400),
    ("a folded header", get(b"X: 1\r\n 2"), 400),
    ("a NUL in a header", get(b"X: 1\x002"), 400),
    ("a carriage return in a header", get(b"X: 1\r2"), 400),
    ("a header without a colon", get(b"X"), 400),
    # Who asks
    ("no token", get(bearer=b"X: y"), 401),
    ("an empty token", get(bearer=b"Authorization: Bearer "), 401),
    ("another scheme", get(bearer=b"Authorization: Basic bWFzdGVyOm1hc3Rlcg=="), 401),
    ("two tokens", get(BEARER), 401),
    ("a token with more behind", get(bearer=BEARER + b"x"), 401),
    ("a token with less", get(bearer=BEARER[:-1]), 401),
    ("a token in Latin-1", get(bearer=BEARER[:-1] + b"\xff"), 401),
    ("the token in the query", get(line=b"GET /events?access_token=" + MASTER_TOKEN.replace(" ", "%20").encode() + b" HTTP/1.1", bearer=b"X: y"), 401),
    ("the token as a cookie", get(bearer=b"Cookie: access_token_cookie=" + MASTER_TOKEN.encode()), 401),
    ("the token as a name with an underscore", get(bearer=BEARER.replace(b"Authorization", b"HTTP_AUTHORIZATION")), 401),
    ("an address within", get(b"X-Forwarded-For: 127.0.0.1", b"X-Real-IP: 127.0.0.1", bearer=b"X: y"), 401),
    # A write that wants another state
    ("an ETag that is none", get(b'If-Match: \xff,,"', line=b"DELETE " + MISSING + b" HTTP/1.1"), 400),
    ("an event that is not there", get(line=b"DELETE " + MISSING + b" HTTP/1.1"), 404),
]  # fmt: skip


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A store and the API; what works in the background would change keys by itself."""
    with Stack(workers=0) as stack:
        for program in (stack.scheduler, stack.upkeep):
            assert program is not None
            program.stop()
        stack.api.create("https://example.com/", ahead=3_600, schedule={"frequency": "daily"})
        yield stack


def state(store: redis.Redis) -> dict[bytes, Any]:
    """What is stored, less that the API says every few seconds that it is alive, and what it is."""
    said = (keys.PROCESSES, keys.PROCESS_FACTS)
    return {key: value for key, value in snapshot(store).items() if key not in said}


@pytest.mark.parametrize(("sent", "status"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_it_is_refused_and_nothing_changes(stack: Stack, sent: bytes, status: int) -> None:
    with stack.redis() as store:
        before = state(store)
        head, body = exchange(stack.port, sent)
        assert int(head.split()[1]) == status, (head, body)
        assert b"content-type: application/json" in head.lower()
        assert list(json.loads(body)) in (["error"], ["error", "fields"])
        assert b"script" not in body
        assert MASTER_TOKEN.encode() not in head + body
        assert state(store) == before
    assert stack.api.answers()


def test_clients_that_never_finish_keep_nobody_out_for_good(stack: Stack) -> None:
    """There are more of them than threads: with nothing, half a line and half a body."""
    begun = (b"", b"GET /health HTTP/1.1\r\nX: ", post(length(100), body=b"{"))
    with contextlib.ExitStack() as opened:
        for sent in begun * 20:
            connection = socket.create_connection(("127.0.0.1", stack.port), timeout=30)
            opened.enter_context(connection).sendall(sent)
        assert stack.api.call("GET", "/health").status == 200


def test_clients_that_do_not_hang_up_keep_nobody_out(stack: Stack) -> None:
    """The main loop waits for none of them, or it would take on nobody meanwhile."""
    sent = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with contextlib.ExitStack() as opened:
        for _ in range(20):
            connection = socket.create_connection(("127.0.0.1", stack.port), timeout=30)
            opened.enter_context(connection).sendall(sent)
        began = time.monotonic()
        assert stack.api.call("GET", "/health").status == 200
        assert time.monotonic() - began < 5 * crowding()  # each would have taken two


def exchange(port: int, sent: bytes) -> tuple[bytes, bytes]:
    """Send bytes and nothing more; return the head and the body of the first answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        with contextlib.suppress(OSError):  # it may answer before it has read all
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while not is_whole(answer) and (part := connection.recv(65_536)):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body[: size_of(head)]  # what follows is about bytes that follow the request


def is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    return bool(end) and len(body) >= size_of(head)


def size_of(head: bytes) -> int:
    lines = [line.lower() for line in head.split(b"\r\n")]
    (size,) = [int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")]
    return size
