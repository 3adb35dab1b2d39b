"""How many connections there may be, and how a worker ends: under load, nothing is lost."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.http_server import refusals
from app.live.desk import EXTENSION
from tests.http_server.conftest import (
    APP,
    MOST_CONNECTIONS,
    Connect,
    Server,
    connections,
    serving,
)
from tests.http_server.wire import HELLO, answered, is_over, request
from tests.support.processes import children, handles
from tests.support.wait import PATIENCE_S, wait_until

WAITS = f"import os, time\nwhile os.path.exists('held'):\n    time.sleep(0.01)\n{APP}"
"""An application that is not loaded as long as there is a file beside it."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server that no other test has."""
    with serving(tmp_path) as server:
        yield server


@pytest.fixture
def connect(own: Server) -> Iterator[Connect]:
    """Connections to it."""
    with connections(own) as connect:
        yield connect


def test_who_waits_longest_makes_room_for_who_comes(connect: Connect) -> None:
    """So that no number of idle connections keeps anybody out."""
    crowd = [connect() for _ in range(MOST_CONNECTIONS)]
    for _ in range(5):
        assert answered(connect(HELLO))[0] == 200
    assert is_over(crowd[0])
    crowd[-1].sendall(HELLO)
    assert answered(crowd[-1])[0] == 200


def test_one_more_than_can_be_answered_is_refused(connect: Connect) -> None:
    """Nobody of those makes room: each waits for its answer, and for no client."""
    sent = [request("/sleeps", f"Authorization: {n}") for n in range(MOST_CONNECTIONS + 5)]
    crowd = [connect(one) for one in sent[:MOST_CONNECTIONS]]
    answered(crowd[0])
    crowd += [connect(one) for one in sent[MOST_CONNECTIONS:]]
    status, headers, body = answered(crowd[-1])
    assert (status, headers["retry-after"], headers["connection"]) == (503, "1", "close")
    assert json.loads(body) == {"error": refusals.CROWDED}


class Keeper:
    """A client that keeps one connection for request after request, as long as it is let."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self.answers = 0
        self.connections = 0
        self.lost: list[Exception] = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        connection = None
        while not self._ends.is_set():
            try:
                if connection is None:
                    connection = self._connect()
                    self.connections += 1
                connection.sendall(HELLO)
                status, headers, _ = answered(connection)
                assert status == 200
            except (OSError, AssertionError) as error:
                self.lost.append(error)
                connection = None
                continue
            self.answers += 1
            if headers.get("connection") == "close":
                connection = None
            self._ends.wait(0.002)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._ends.set()
            self._thread.join()


def are_replaced(server: Server, old: set[int]) -> bool:
    now = set(children(server.program.pid))
    return bool(now) and not now & old


def test_who_comes_to_a_websocket_by_mere_http_is_told_to_upgrade(tmp_path: Path) -> None:
    """A client for websockets may say so itself if its handshake is none (RFC 6455, 4.2.2)."""
    live = f"{APP}\napp.extensions = {{'{EXTENSION}': lambda: None}}"
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    with serving(tmp_path, live) as server, connections(server) as connect:
        for sent in (request("/ws"), request("/ws?a=b"), HELLO.replace(b"GET /hello", b"POST /ws")):
            status, headers, body = answered(connection := connect(sent))
            assert (status, headers["upgrade"]) == (426, "websocket")
            assert "upgrade" in headers["connection"].lower()
            assert json.loads(body) == {"error": refusals.sentence(426)}
            connection.sendall(HELLO)
            assert answered(connection)[0] == 200
        assert answered(connect(request("/ws", *upgrade)))[0] == 400


def test_a_reload_loses_no_request_and_holds_up_none(tmp_path: Path) -> None:
    """The old worker goes on until the new one serves; then each connection is told to close."""
    with contextlib.ExitStack() as stack:
        own = stack.enter_context(serving(tmp_path, WAITS))
        connect = stack.enter_context(connections(own))
        keepers = [Keeper(connect) for _ in range(3)]
        for keeper in keepers:
            stack.enter_context(keeper.at_work())
        for _ in range(2):
            old = set(children(own.program.pid))
            (tmp_path / "held").touch()
            own.program.signal(signal.SIGHUP)
            wait_until(lambda old=old: set(children(own.program.pid)) - old, "a new worker")
            for keeper in keepers:
                wanted = keeper.answers + 5
                wait_until(lambda it=keeper, to=wanted: it.answers >= to, "answers meanwhile")
            (tmp_path / "held").unlink()
            wait_until(lambda old=old: are_replaced(own, old), "the workers are others")
    assert [keeper.lost for keeper in keepers] == [[], [], []]
    assert [keeper.connections for keeper in keepers] == [3, 3, 3]


def test_a_stop_right_after_a_reload_cuts_no_answer_off(tmp_path: Path) -> None:
    """The old worker does not wait for new ones, which end without having served."""
    loading = f"import os, time\nos.path.exists('slow') and time.sleep({PATIENCE_S})\n{APP}"
    with serving(tmp_path, loading) as server, connections(server) as connect:
        connection = connect(HELLO)
        (tmp_path / "slow").touch()
        server.program.signal(signal.SIGHUP)
        wait_until(lambda: len(children(server.program.pid)) == 2, "another worker")
        server.program.signal(signal.SIGTERM)
        began = time.monotonic()
        while answered(connection)[1].get("connection") != "close":
            connection.sendall(request("/sleeps"))
        assert time.monotonic() - began < PATIENCE_S / 2
        assert is_over(connection)
        server.program.wait()


def test_what_is_under_way_is_finished_at_a_stop(own: Server, connect: Connect) -> None:
    """Kept connections have the time for one more request; who is idle is not waited for long."""
    kept, idle = connect(HELLO), connect(HELLO)
    assert answered(kept)[0] == answered(idle)[0] == 200
    busy, half = connect(request("/sleeps")), connect(HELLO[:9])
    time.sleep(0.1)
    own.program.signal(signal.SIGTERM)
    time.sleep(0.2)
    half.sendall(HELLO[9:])
    kept.sendall(HELLO)
    for connection in (busy, half, kept):
        status, headers, _ = answered(connection)
        assert (status, headers["connection"]) == (200, "close")
    assert is_over(idle)
    own.program.wait()


COUNTING = f"""
import gc
from app.http_server.connection import Connection
gc.disable()
{APP}
inner = app

def app(environ, start_response):
    if environ["PATH_INFO"] == "/count":
        environ["PATH_INFO"] = f"/{{sum(isinstance(one, Connection) for one in gc.get_objects())}}"
    return inner(environ, start_response)
"""


def test_connections_that_are_over_leave_no_garbage(tmp_path: Path) -> None:
    """To look for it would hold up everybody, the longer the larger a flood was."""
    begun = (b"", HELLO[:9], HELLO, request("/echo", "Content-Length: 9") + b"1", b"no\r\n\r\n")
    with serving(tmp_path, COUNTING) as server:
        with connections(server) as connect:
            for sent in begun * 7:
                connect(sent)
            last = connect(HELLO)
            answered(last)
            last.close()
        with connections(server) as connect:
            wait_until(lambda: count(connect(request("/count"))) <= 3, "the others are gone")


def count(connection: socket.socket) -> int:
    number = int(answered(connection)[2][1:])
    connection.close()
    return number


def test_a_worker_that_has_answered_its_requests_makes_place_for_another(tmp_path: Path) -> None:
    """gunicorn's ``max_requests``; its last answer closes the connection."""
    with serving(tmp_path, more="max_requests = 4\n") as server, connections(server) as connect:
        (first,) = children(server.program.pid)
        connection = connect(HELLO)
        for _ in range(2):
            assert "connection" not in answered(connection)[1]
            connection.sendall(HELLO)
        assert answered(connection)[1]["connection"] == "close"
        wait_until(lambda: are_replaced(server, {first}), "another worker")
        assert answered(connect(HELLO))[0] == 200


def test_a_worker_that_is_still_loading_ends_at_once(tmp_path: Path) -> None:
    """What an event loop is told before it runs, it forgets."""
    with serving(tmp_path, f"import time\ntime.sleep({PATIENCE_S})") as server:
        wait_until(lambda: children(server.program.pid), "a worker")
        (worker,) = children(server.program.pid)
        wait_until(lambda: handles(worker, signal.SIGQUIT), "it handles signals of its own")
        began = time.monotonic()
        server.program.signal(signal.SIGTERM)
        server.program.wait()
        assert time.monotonic() - began < PATIENCE_S / 2


def test_a_stop_is_not_held_up_by_a_client(own: Server, connect: Connect) -> None:
    """Neither by one that reads nothing nor by one that never ends its request."""
    held = [connect(request("/big")), connect(HELLO[:9])]
    own.program.signal(signal.SIGTERM)
    own.program.wait()
    assert held
