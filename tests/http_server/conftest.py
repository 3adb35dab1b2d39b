"""A small application behind the real worker: short time limits, one thread, few connections."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.http_server.wire import HELLO, answered
from tests.support.processes import ROOT, Program, clean_environ

REQUEST_S = 0.5
ANSWER_S = 1.5
GRACE_S = 60
"""Longer than a test waits: one that ends with it has failed."""

MOST_CONNECTIONS = 40
MOST_HELD = 1_000_000
BIG = 64 * 2**20
"""More than the system's buffers take from an answer that nobody reads."""

APP = f"""
import time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/breaks":
        raise ValueError("as expected")
    if path == "/sleeps":
        time.sleep(0.5)
    if path == "/stops":
        start_response("200 OK", [])
        return stops()
    body = b"x" * {BIG} if path == "/big" else path.encode()
    if path == "/echo":
        body = environ["wsgi.input"].read()
    headers = [("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

def stops():
    yield b"x" * 300_000
    raise ValueError("as expected")
"""

CONF = f"""
from app.http_server.generations import GENERATIONS, note_stop
from app.http_server.worker import AsyncWorker


class worker_class(AsyncWorker):
    request_s = {REQUEST_S}
    answer_s = {ANSWER_S}
    linger_s = 0.2
    idle_grace_s = 1.0
    most_held = {MOST_HELD}


threads = 1
keepalive = 30
graceful_timeout = {GRACE_S}
worker_connections = {MOST_CONNECTIONS}
asgi_lifespan = "off"
asgi_disconnect_grace_period = 0
http_parser = "python"
control_socket_disable = True


def on_starting(server):
    note_stop(server)


def on_reload(_server):
    GENERATIONS.begin()
"""

Connect = Callable[..., socket.socket]


class Server:
    """A gunicorn that can be signalled."""

    def __init__(self, program: Program, address: tuple[str, int]) -> None:
        self.program = program
        self.address = address


@contextlib.contextmanager
def serving(directory: Path, application: str = APP, more: str = "") -> Iterator[Server]:
    """Serve an application from a directory of its own; ``more`` are settings of gunicorn."""
    (directory / "small.py").write_text(application)
    (directory / "gunicorn.conf.py").write_text(CONF + more)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        argv = [sys.executable, "-m", "gunicorn", "-b", f"fd://{listener.fileno()}", "small:app"]
        env = clean_environ() | {"PYTHONPATH": str(ROOT)}
        program = Program("server", argv, env, cwd=directory, pass_fds=[listener.fileno()])
        program.start()
        try:
            yield Server(program, listener.getsockname())
        finally:
            program.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one thread: whoever holds that thread holds up all others."""
    with serving(tmp_path_factory.mktemp("gunicorn")) as server:
        yield server


@contextlib.contextmanager
def connections(server: Server) -> Iterator[Connect]:
    """Opens connections to a server that answers, and closes them in the end."""
    with contextlib.ExitStack() as opened:

        def make(sent: bytes = b"") -> socket.socket:
            made = opened.enter_context(socket.create_connection(server.address, timeout=20))
            made.sendall(sent)
            return made

        answered(make(HELLO))  # the server is up
        yield make


@pytest.fixture
def connect(server: Server) -> Iterator[Connect]:
    """Opens connections that last as long as the test."""
    with connections(server) as connect:
        yield connect
