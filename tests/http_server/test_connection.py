"""What a client may do with its connection, by real requests through the worker class.

When one of these fails after a change of gunicorn, read the change to
``gunicorn/asgi/protocol.py`` and ``gunicorn/workers/gasgi.py``, and change ``app.http_server``
until the requests below are answered again. A setting of gunicorn's own is to be preferred.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import socket
import time
from collections.abc import Callable

import pytest
from gunicorn.asgi.protocol import ASGIProtocol, BodyReceiver

from app.http_server import refusals
from app.http_server.connection import Connection
from tests.http_server.conftest import ANSWER_S, REQUEST_S, Connect
from tests.http_server.wire import HELLO, answered, is_over, request
from tests.support.wait import crowding

SOON_S = 4.0
"""Overdue connections are looked for once a second. (On a busy machine that takes as much longer.)"""

TURNS = 10
"""How often a test that needs a quick answer may be held up by what else the machine does."""


def test_a_connection_on_which_nothing_comes_may_speak_later(connect: Connect) -> None:
    silent = [connect() for _ in range(5)]
    assert answered(connect(HELLO))[0] == 200
    for connection in silent:
        connection.sendall(HELLO)
        assert answered(connection)[2] == b"/hello"


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /hel",
        b"POST /hello HTTP/1.1\r\nX: 1\r\n",
        b"POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\n12",
        b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12",
    ],
)
def test_a_request_that_does_not_end_holds_no_thread_and_is_given_up(
    connect: Connect, begun: bytes
) -> None:
    for _ in range(TURNS):
        unfinished = connect(begun)
        began = time.monotonic()
        assert answered(connect(HELLO))[0] == 200
        if time.monotonic() - began < REQUEST_S:
            break
    else:
        pytest.fail("the others wait for it")
    status, headers, body = answered(unfinished)
    assert (status, headers["connection"]) == (408, "close")
    assert json.loads(body) == {"error": refusals.TOO_SLOW.format(seconds=REQUEST_S)}
    assert is_over(unfinished)
    assert time.monotonic() - began < SOON_S * crowding()


def test_bytes_that_drip_gain_no_time(connect: Connect) -> None:
    connection = connect(b"GET /hello HTTP/1.1\r\nX: ")
    connection.settimeout(0.1)
    began = time.monotonic()
    while time.monotonic() - began < SOON_S * crowding():
        connection.sendall(b"x")
        try:
            assert connection.recv(100).startswith(b"HTTP/1.1 408")
            break
        except TimeoutError:
            continue
    assert time.monotonic() - began < SOON_S * crowding()


def test_an_answer_that_nobody_takes_holds_no_thread_and_is_given_up(connect: Connect) -> None:
    for _ in range(TURNS):
        greedy = connect(HELLO.replace(b"/hello", b"/big"))
        began = time.monotonic()
        assert answered(connect(HELLO))[0] == 200
        if time.monotonic() - began < ANSWER_S:
            break
    else:
        pytest.fail("the others wait for it")
    time.sleep(ANSWER_S + 1.1)  # nothing may be read meanwhile
    assert is_over(greedy)


def test_a_client_that_does_not_hang_up_is_not_waited_for(connect: Connect) -> None:
    began = time.monotonic()
    for _ in range(4):
        last = connect(request("/hello", "Connection: close"))
        assert answered(last)[1]["connection"] == "close"
    assert is_over(last)
    assert time.monotonic() - began < SOON_S * crowding()


def test_a_connection_goes_on_after_an_answer(connect: Connect) -> None:
    connection = connect(HELLO)
    for _ in range(3):
        assert answered(connection)[2] == b"/hello"
        connection.sendall(HELLO)
    assert answered(connection)[2] == b"/hello"


def test_requests_that_come_together_are_answered_in_turn(connect: Connect) -> None:
    connection = connect(request("/sleeps") + request("/a") + request("/b") + b"GET /c HTTP")
    assert [answered(connection)[2] for _ in range(3)] == [b"/sleeps", b"/a", b"/b"]
    connection.sendall(b"/1.1\r\n\r\n")
    assert answered(connection)[2] == b"/c"


def test_a_client_that_sends_no_more_is_still_answered(connect: Connect) -> None:
    connection = connect(request("/sleeps") + request("/b"))
    connection.shutdown(socket.SHUT_WR)
    assert answered(connection)[2] == b"/sleeps"
    status, headers, body = answered(connection)
    assert (status, body, headers["connection"]) == (200, b"/b", "close")
    assert is_over(connection)


def test_a_client_that_hangs_up_right_after_its_answer_leaves_nothing_behind(
    connect: Connect,
) -> None:
    """Its end may be seen before the server has done with the answer."""
    ended = [connect(HELLO) for _ in range(30)]
    for connection in ended:
        answered(connection)
        connection.shutdown(socket.SHUT_WR)
    began = time.monotonic()
    assert all(is_over(connection) for connection in ended)
    assert time.monotonic() - began < SOON_S * crowding()


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /hel",
        b"POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\n12",
        b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n12\r\n",
    ],
)
def test_a_request_that_is_cut_off_is_refused(connect: Connect, begun: bytes) -> None:
    for before in (b"", request("/sleeps")):
        connection = connect(before + begun)
        connection.shutdown(socket.SHUT_WR)
        if before:
            assert answered(connection)[0] == 200
        status, headers, body = answered(connection)
        assert (status, headers["connection"]) == (400, "close")
        assert json.loads(body) == {"error": refusals.CUT_OFF}
        assert is_over(connection)


def test_a_client_that_goes_away_takes_nothing_with_it(connect: Connect) -> None:
    for path in ("/sleeps", "/big", "/stops"):
        gone = connect(request(path))
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        gone.close()
    assert answered(connect(HELLO))[0] == 200


def test_an_answer_that_breaks_off_is_not_taken_for_whole(connect: Connect) -> None:
    connection = connect(request("/stops"))
    with connection.makefile("rb") as stream:
        read = stream.read()
    assert b"transfer-encoding: chunked" in read
    assert not read.endswith(b"0\r\n\r\n")


def test_a_body_is_asked_for_with_100_continue(connect: Connect) -> None:
    connection = connect(request("/echo", "Content-Length: 4", "Expect: 100-continue"))
    assert answered(connection)[0] == 100
    connection.sendall(b"body")
    assert answered(connection)[2] == b"body"


def test_a_body_that_nobody_wants_is_not_waited_for(connect: Connect) -> None:
    """It is longer than any that is read; the application has it refused by its length."""
    connection = connect(request("/hello", f"Content-Length: {10**9}", method="POST"))
    connection.sendall(b"x" * 1_000_000)
    status, headers, _ = answered(connection)
    assert (status, headers["connection"]) == (200, "close")


@pytest.mark.parametrize("size", [0, 5, 300_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_arrive_as_they_were_sent(connect: Connect, size: int, chunked: bool) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    if chunked:
        parts = [content[at : at + 1000] for at in range(0, size, 1000)]
        sent = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        header = "Transfer-Encoding: chunked"
    else:
        sent, header = content, f"Content-Length: {size}"
    connection = connect(request("/echo", header, method="POST", body=sent))
    assert answered(connection)[2] == content
    connection.sendall(HELLO)
    assert answered(connection)[0] == 200


def test_head_has_a_length_and_no_body(connect: Connect) -> None:
    connection = connect(request("/hello", method="HEAD") + request("/a"))
    assert answered(connection, head=True)[1]["content-length"] == "6"
    assert answered(connection)[2] == b"/a"


def test_an_upgrade_is_ignored(connect: Connect) -> None:
    """RFC 9110, section 7.8: a server may."""
    sent = request(
        "/hello", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )  # fmt: skip
    assert answered(connect(sent))[2] == b"/hello"


HEADERS = b"".join(b"X-%d: %b\r\n" % (number, b"x" * 8_000) for number in range(25))
"""200,000 bytes, and no end: so many that five of their kind are too much."""


@pytest.mark.parametrize(
    "sent",
    [b"GET /hello HTTP/1.1\r\n" + HEADERS, request("/sleeps") + b"GET / HTTP/1.1\r\n" + HEADERS],
    ids=["a request that does not end", "one behind another that is answered"],
)
def test_large_heads_give_way_to_others_when_they_are_too_much_together(
    connect: Connect, sent: bytes
) -> None:
    modest = connect(b"GET /hello HTTP/1.1\r\nAuthorization: Bearer 1\r\n")
    greedy = [connect() for _ in range(10)]
    for connection in greedy:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
    modest.sendall(b"\r\n")
    assert answered(modest)[0] == 200
    assert answered(connect(request("/hello", "Authorization: Bearer 2")))[0] == 200
    ends = [answer_of(connection) for connection in greedy]
    assert len([end for end in ends if end in (503, None)]) >= 5, ends


def answer_of(connection: socket.socket) -> int | None:
    """The last answer's status; ``None`` if the connection was broken off."""
    status = None
    with contextlib.suppress(ConnectionResetError):
        while parts := connection.recv(2**16).split(b"HTTP/1.1 ")[1:]:
            status = int(parts[-1][:3])
    return status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"no request\r\n\r\n", 400),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 9_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nExpect: cake\r\n\r\n", 417),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: cake\r\n\r\n", 501),
        (b"GET /breaks HTTP/1.1\r\n\r\n", 500),
    ],
)
def test_an_error_that_never_reaches_the_application_is_answered_in_json(
    connect: Connect, sent: bytes, status: int
) -> None:
    found, headers, body = answered(connect(sent))
    assert (found, headers["content-type"]) == (status, "application/json")
    assert json.loads(body) == {"error": refusals.sentence(status)}


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (ASGIProtocol._feed_callback_parser, ["self", "data"]),
        (ASGIProtocol._on_headers_complete, ["self"]),
        (ASGIProtocol._on_message_complete, ["self"]),
        (ASGIProtocol._build_http_scope, ["self", "request", "sockname", "peername"]),
        (ASGIProtocol._will_close, ["self", "request", "response_requires_close"]),
        (ASGIProtocol._arm_keepalive_timer, ["self"]),
        (ASGIProtocol._is_websocket_upgrade, ["self", "request"]),
        (ASGIProtocol._handle_websocket, ["self", "request", "sockname", "peername"]),
        (ASGIProtocol._send_error_response, ["self", "status", "message", "extra_headers"]),
        (ASGIProtocol._close_transport, ["self"]),
        (ASGIProtocol._resume_reading, ["self"]),
        (ASGIProtocol._http1_buffered, ["self"]),
        (ASGIProtocol._safe_write, ["self", "data"]),
        (BodyReceiver.signal_disconnect, ["self"]),
    ],
)
def test_gunicorn_has_what_is_overridden_or_called(
    function: Callable[..., object], parameters: list[str]
) -> None:
    assert list(inspect.signature(function).parameters) == parameters


def test_everything_that_is_overridden_is_named_above() -> None:
    """A new override wants a request that fails when gunicorn no longer calls it."""
    overridden = set(vars(Connection)) & set(dir(ASGIProtocol))
    ours = {name for name in overridden if not name.startswith("__")}
    assert ours == {
        *("_arm_keepalive_timer", "_build_http_scope", "_close_transport"),
        *("_feed_callback_parser", "_handle_websocket", "_is_websocket_upgrade"),
        *("_on_headers_complete",),
        *("_on_message_complete",),
        *("_send_error_response", "_will_close", "connection_lost", "connection_made"),
        *("data_received", "eof_received"),
    }
