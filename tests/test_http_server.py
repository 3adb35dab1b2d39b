"""What ``app.http_server`` reaches into gunicorn for, by real requests through the worker class.

When one of these fails after a change of gunicorn, read the change to
``gunicorn/workers/gthread.py`` and ``gunicorn/workers/base.py``, and change ``TimeLimitedWorker``
until the requests below are answered again. A setting of gunicorn's own is to be preferred.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator

import gunicorn.util
import pytest
from gunicorn.workers import gthread

from app import http_server
from app.http_server import TimeLimitedWorker
from tests.support.processes import ROOT, Program, clean_environ

REQUEST_S = 0.5
ANSWER_S = 1.5
SOON_S = 4.0
"""The main loop looks once a second. Gunicorn's own time for each client that it waits for is 5 s,
or without end."""

BIG = 64 * 2**20
"""More than the system's buffers take from an answer that nobody reads."""

APP = f"""
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/breaks":
        raise ValueError("as expected")
    body = b"x" * {BIG} if path == "/big" else path.encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""

CONF = f"""
from app.http_server import TimeLimitedWorker, answer_errors_as_json

answer_errors_as_json()


class worker_class(TimeLimitedWorker):
    request_s = {REQUEST_S}
    answer_s = {ANSWER_S}


threads = 1
control_socket_disable = True
"""

HELLO = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"

Connect = Callable[..., socket.socket]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Where a server with one thread listens: whoever holds that thread holds up all others."""
    directory = tmp_path_factory.mktemp("gunicorn")
    (directory / "small.py").write_text(APP)
    (directory / "gunicorn.conf.py").write_text(CONF)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        argv = [sys.executable, "-m", "gunicorn", "-b", f"fd://{listener.fileno()}", "small:app"]
        env = clean_environ() | {"PYTHONPATH": str(ROOT)}
        server = Program("server", argv, env, cwd=directory, pass_fds=[listener.fileno()])
        server.start()
        try:
            yield listener.getsockname()
        finally:
            server.kill()


@pytest.fixture
def connect(address: tuple[str, int]) -> Iterator[Connect]:
    """Opens connections that last as long as the test."""
    with contextlib.ExitStack() as opened:

        def make(sent: bytes = b"") -> socket.socket:
            made = opened.enter_context(socket.create_connection(address, timeout=20))
            made.sendall(sent)
            return made

        answered(make(HELLO))  # the server is up
        yield make


def answered(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read one answer: its status, its headers in lower case, its body."""
    with connection.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        lines = iter(lambda: stream.readline().strip().decode().lower(), "")
        headers = dict(line.split(": ", 1) for line in lines)
        return status, headers, stream.read(int(headers["content-length"]))


def is_over(connection: socket.socket) -> bool:
    """Read until the server ends the connection."""
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(2**20):
            pass
    return True


def test_a_connection_on_which_nothing_comes_holds_no_thread_and_may_speak_later(
    connect: Connect,
) -> None:
    """``gthread._DEFER``: what ``handle`` answers for a connection that is to wait."""
    began = time.monotonic()
    silent = [connect() for _ in range(5)]
    assert answered(connect(HELLO))[0] == 200
    assert time.monotonic() - began < SOON_S
    for connection in silent:
        connection.sendall(HELLO)
        assert answered(connection)[2] == b"/hello"


@pytest.mark.parametrize("begun", [b"GET /hel", b"POST /hello HTTP/1.1\r\nX: 1\r\n"])
def test_a_request_that_does_not_end_is_given_up(connect: Connect, begun: bytes) -> None:
    """``murder_keepalived``: what the main loop calls every second."""
    unfinished = connect(begun)
    began = time.monotonic()
    assert answered(connect(HELLO))[0] == 200
    assert time.monotonic() - began < SOON_S
    assert is_over(unfinished)


def test_an_answer_that_nobody_takes_is_given_up(connect: Connect) -> None:
    greedy = connect(HELLO.replace(b"/hello", b"/big"))
    began = time.monotonic()
    assert answered(connect(HELLO))[0] == 200
    assert ANSWER_S / 2 < time.monotonic() - began < ANSWER_S + SOON_S
    assert is_over(greedy)


def test_a_client_that_does_not_hang_up_is_not_waited_for(connect: Connect) -> None:
    """``handle`` answers what goes on; what does not is seen off before the main loop has it."""
    began = time.monotonic()
    for _ in range(4):
        last = connect(HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert answered(last)[1]["connection"] == "close"
    assert time.monotonic() - began < SOON_S  # each would have taken two seconds
    assert is_over(last)


def test_a_connection_goes_on_after_an_answer(connect: Connect) -> None:
    connection = connect(HELLO)
    for _ in range(3):
        assert answered(connection)[2] == b"/hello"
        connection.sendall(HELLO)
    assert answered(connection)[2] == b"/hello"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"no request\r\n\r\n", 400),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 9_000 + b"\r\n\r\n", 431),
        (b"GET /breaks HTTP/1.1\r\n\r\n", 500),
    ],
)
def test_an_error_that_never_reaches_the_application_is_answered_in_json(
    connect: Connect, sent: bytes, status: int
) -> None:
    """``gunicorn.util.write_error``: what the worker calls by this name."""
    found, headers, body = answered(connect(sent))
    assert (found, headers["content-type"]) == (status, "application/json")
    wanted = http_server._REFUSALS.get(status, http_server._MALFORMED)
    assert json.loads(body) == {"error": wanted}
    assert headers["connection"] == "close"


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (gthread.ThreadWorker.handle, ["self", "conn"]),
        (gthread.ThreadWorker.murder_keepalived, ["self", "force"]),
        (gthread.TConn.wait_for_data, ["self", "timeout"]),
        (gunicorn.util.write_error, ["sock", "status_int", "reason", "mesg"]),
        (gunicorn.util.write_nonblock, ["sock", "data", "chunked"]),
    ],
)
def test_gunicorn_has_what_is_overridden_or_called(
    function: Callable[..., object], parameters: list[str]
) -> None:
    assert list(inspect.signature(function).parameters) == parameters


def test_everything_that_is_overridden_is_named_above() -> None:
    """A new override wants a request that fails when gunicorn no longer calls it."""
    overridden = set(vars(TimeLimitedWorker)) & set(dir(gthread.ThreadWorker))
    ours = {name for name in overridden if not name.startswith("__")}
    assert ours == {"handle", "murder_keepalived"}
    assert {"_began_s", "_close_lingering"}.isdisjoint(dir(gthread.ThreadWorker))


def test_a_new_connection_has_what_is_asked_of_it() -> None:
    near, far = socket.socketpair()
    with near, far:
        connection = gthread.TConn(None, near, None, None)
        assert (connection.initialized, connection.data_ready) == (False, False)
        assert connection.sock is near
        assert not connection.wait_for_data(0.01)
        far.send(b"x")
        assert connection.wait_for_data(5)
