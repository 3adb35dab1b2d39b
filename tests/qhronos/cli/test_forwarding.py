"""Deliveries come over a connection that is made from here, and are acknowledged when they are done."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.sync.server import Server, ServerConnection, serve

from qhronos import verify
from qhronos.cli import forwarding
from qhronos.cli.receiver import Arrival, receiver
from tests.qhronos.cli.conftest import Run

SECRET = "a secret in text"


def event(number: int) -> str:
    ids = {"event_id": "e", "occurrence_id": f"o-{number}"}
    return json.dumps({"type": "event", **ids, "tags": [], "payload": {**ids, "name": "é"}})


class Desk:
    """Stands in for ``/ws``: each connection gets the next list of messages."""

    def __init__(self, *scripts: list[str], acks: bool = True) -> None:
        self._acks = acks
        self._scripts = iter(scripts)
        self.heard: list[list[dict[str, Any]]] = []

    def __call__(self, connection: ServerConnection) -> None:
        heard: list[dict[str, Any]] = [json.loads(connection.recv())]
        self.heard.append(heard)
        for text in next(self._scripts):
            connection.send(text)
            if '"event"' in text and self._acks:
                heard.append(json.loads(connection.recv()))
                connection.send(json.dumps(heard[-1]))  # it counts
        if not self._acks:
            heard += [json.loads(text) for text in connection]


@contextlib.contextmanager
def listening(server: Any) -> Iterator[int]:
    is_http = not isinstance(server, Server)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,) if is_http else ())
    serving.start()
    try:
        yield server.socket.getsockname()[1]
    finally:
        server.shutdown()
        serving.join()
        if is_http:
            server.server_close()


@pytest.fixture
def known(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Run]:
    def at(port: int) -> Run:
        monkeypatch.setenv("QHRONOS_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("QHRONOS_TOKEN", "t")
        return run

    return at


def test_what_the_local_address_has_done_is_acknowledged(
    known: Callable[[int], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is handed on with a signature that holds; after a lost connection it goes on."""
    monkeypatch.setattr(forwarding.time, "sleep", lambda _: None)
    arrived: list[Arrival] = []
    desk = Desk(['{"type": "ack"}', event(1)], ['{"type": "ack"}', event(2)])
    local = receiver("127.0.0.1", 0, 204, 0, SECRET, arrived.append, None)
    with serve(desk, "127.0.0.1", 0) as server, listening(server) as port, listening(local) as to:
        ended = known(port)(
            "listen", "--client", "desk-7", "--forward", f"http://127.0.0.1:{to}/hook",
            "--secret", SECRET, "--count", "2", "--json",
        )  # fmt: skip
    assert ended.code == 0, ended
    assert [one.verdict for one in arrived] == ["signature ok, answered 204"] * 2
    assert json.loads(arrived[0].text) == {"event_id": "e", "occurrence_id": "o-1", "name": "é"}
    assert [json.loads(one)["answered"] for one in ended.out.splitlines()] == [204, 204]
    hello = {"type": "client-hook", "client_name": "desk-7", "token": "t"}
    acks = [{"type": "ack", "event_id": "e", "occurrence_id": f"o-{n}"} for n in (1, 2)]
    assert desk.heard == [[hello, acks[0]], [hello, acks[1]]]


def test_what_fails_here_is_not_acknowledged(known: Callable[[int], Run]) -> None:
    desk = Desk(['{"type": "ack"}', event(1), event(2)], acks=False)
    local = receiver("127.0.0.1", 0, 500, 0, SECRET, lambda _: None, 1)
    with serve(desk, "127.0.0.1", 0) as server, listening(server) as port:
        with listening(local) as to:
            url = f"http://127.0.0.1:{to}/"
            ended = known(port)("listen", "--client", "d", "--forward", url, "--count", "1")
        assert "forwarded, not acknowledged" in ended.out
    assert len(desk.heard[0]) == 1


def test_without_an_address_it_is_printed_and_acknowledged(known: Callable[[int], Run]) -> None:
    desk = Desk([event(1)])
    with serve(desk, "127.0.0.1", 0) as server, listening(server) as port:
        ended = known(port)("listen", "--client", "d", "--count", "1")
    assert ended.out.startswith("q:d: printed\n")
    assert desk.heard[0][1]["type"] == "ack"


def test_a_client_that_is_refused_says_why(known: Callable[[int], Run]) -> None:
    desk = Desk(['{"type": "error", "message": "The token is not valid."}'], ["[]"])
    with serve(desk, "127.0.0.1", 0) as server, listening(server) as port:
        run = known(port)
        refused = run("listen", "--client", "d")
        assert (refused.code, refused.err.splitlines()[-1]) == (3, "The token is not valid.")
        assert run("listen", "--client", "d").code == 5
    assert run("listen", "--client", "d").code == 6
    assert run("listen", "--forward", "http://127.0.0.1:1/").code == 2
    assert run("listen", "--client", "d", "--forward", "nowhere").code == 2


def test_signing_and_verifying_agree() -> None:
    headers = forwarding.sign(SECRET, "w", b"{}", now=1_000)
    assert verify(headers, b"{}", SECRET, now=1_000).webhook_id == "w"
