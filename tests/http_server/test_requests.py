"""Whole requests in threads, by an event loop of the test's own."""

from __future__ import annotations

import asyncio
import ipaddress
import threading
from collections.abc import Iterable
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from app.http_server import refusals, requests
from app.http_server.connection import CONNECTION
from app.http_server.requests import Requests

PATIENCE_S = 10


class Client:
    """One request, and what it was answered."""

    def __init__(self, path: bytes = b"/a", *pieces: bytes, headers: Any = ()) -> None:
        self.sent: list[dict[str, Any]] = []
        self._pieces = list(pieces or [b""])
        self.heard_out = self.given_up = False
        self.scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": path.decode("utf-8", "replace"), "raw_path": path, "query_string": b"x=%20",
            "server": ("10.0.0.1", 8080), "client": ("10.0.0.2", 5), "headers": list(headers),
            CONNECTION: self,
        }  # fmt: skip

    def answer_begins(self) -> None:
        self.heard_out = True

    def give_up(self) -> None:
        self.given_up = True

    async def receive(self) -> dict[str, Any]:
        if not self._pieces:
            return {"type": "http.disconnect"}
        piece = self._pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def ask(self, served: Requests) -> int:
        await asyncio.wait_for(served(self.scope, self.receive, self.send), PATIENCE_S)
        return self.status

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])


def echo(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("X-Path", environ["PATH_INFO"])])
    return [environ["wsgi.input"].read()]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("10.0.0.2", [], "10.0.0.2"),
        ("10.0.0.2", [b"192.0.2.7"], "192.0.2.7"),
        ("10.0.0.2", [b"made up", b"192.0.2.7"], "192.0.2.7"),
        ("192.0.2.1", [b"192.0.2.7"], "192.0.2.1"),
        ("2001:db8::1:2:3:4", [], "2001:db8::/64"),
    ],
)
def test_a_caller_is_the_address_that_a_known_proxy_tells(
    peer: str, forwarded: list[bytes], expected: str
) -> None:
    headers = [(b"x-forwarded-for", value) for value in forwarded]
    client = Client(headers=[*headers, (b"authorization", b"Bearer a")])
    client.scope["client"] = (peer, 5)
    served = Requests(echo, 1, (ipaddress.ip_network("10.0.0.0/8"),))
    assert served._caller(client.scope) == (expected, b"Bearer a")


def test_the_application_is_given_what_pep_3333_names() -> None:
    given: list[WSGIEnvironment] = []

    def look(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given.append(environ)
        return echo(environ, start_response)

    headers = [(b"content-length", b"2"), (b"x-a", b"1"), (b"x-a", b"\xe9")]
    client = Client(b"/caf%C3%A9%ff", b"a", b"b", headers=headers)
    assert asyncio.run(client.ask(Requests(look, 1))) == 200
    assert client.heard_out
    (environ,) = given
    assert environ["PATH_INFO"].encode("latin-1") == b"/caf\xc3\xa9\xff"
    assert (environ["QUERY_STRING"], environ["HTTP_X_A"]) == ("x=%20", "1,\xe9")
    assert (environ["REMOTE_ADDR"], environ["CONTENT_LENGTH"]) == ("10.0.0.2", "2")
    assert client.body == b"ab"
    assert client.sent[0]["headers"] == [(b"x-path", b"/caf\xc3\xa9\xff")]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://q.example/a/b", b"/a/b"),
        (b"HTTPS://q.example:1//a", b"//a"),
        (b"http://q.example", b"/"),
        (b"/http://q.example/a", b"/http://q.example/a"),
        (b"*", b"*"),
    ],
)
def test_a_target_may_be_a_whole_url(target: bytes, path: bytes) -> None:
    """As proxies send it; links that are absolute may be followed as they are."""
    client = Client(target)
    assert asyncio.run(client.ask(Requests(echo, 1))) == 200
    assert client.sent[0]["headers"] == [(b"x-path", path)]


def test_a_client_that_goes_before_its_request_is_whole_is_not_answered() -> None:
    async def cut_off() -> None:
        client = Client(headers=[(b"content-length", b"2")])
        client._pieces.clear()
        await Requests(echo, 1)(client.scope, client.receive, client.send)
        assert (client.sent, client.heard_out) == ([], False)

    asyncio.run(cut_off())


def test_a_body_is_read_no_further_than_anybody_wants_it(monkeypatch: Any) -> None:
    monkeypatch.setattr(requests, "MAX_BODY", 10)
    endless = Client(b"/a", *[b"x" * 4] * 100)
    announced = Client(b"/a", b"x", headers=[(b"content-length", b"11")])

    async def ask() -> None:
        served = Requests(echo, 1)
        await endless.ask(served)
        await announced.ask(served)

    asyncio.run(ask())
    assert len(endless.body) == 12  # the application sees that it is too much
    assert announced.body == b""  # and here by its length


def test_bodies_take_only_so_much_memory(monkeypatch: Any) -> None:
    """Those who send much are refused, and the memory is there again when they are answered."""
    monkeypatch.setattr(requests, "MAX_HELD", 10)
    large, small = Client(b"/a", *[b"x" * 4] * 5), Client(b"/a", b"x")

    async def ask() -> None:
        served = Requests(echo, 1)
        assert await large.ask(served) == 503
        assert await small.ask(served) == 200

    asyncio.run(ask())
    assert refusals.body(refusals.TOO_MUCH_HELD) == large.body
    assert (b"retry-after", b"1") in large.sent[0]["headers"]


def test_a_refusal_that_is_not_taken_holds_no_memory(monkeypatch: Any) -> None:
    """And whoever comes meanwhile is refused, or served whole: never without its body."""
    monkeypatch.setattr(requests, "MAX_HELD", 10)
    large, free = Client(b"/a", *[b"x" * 4] * 5), asyncio.Event()

    async def stuck(_message: Any) -> None:
        await free.wait()

    async def ask() -> None:
        served = Requests(echo, 1)
        task = asyncio.create_task(served(large.scope, large.receive, stuck))
        await asyncio.sleep(0.05)
        assert served._held == 0
        other = Client(b"/a", b"x" * 4)
        assert await other.ask(served) == 200
        assert other.body == b"x" * 4
        served._held = 11  # somebody else's
        late, without = Client(b"/a", b"x"), Client(b"/a")
        assert [await late.ask(served), await without.ask(served)] == [503, 200]
        free.set()
        await task

    asyncio.run(ask())


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_expectation_that_nobody_knows_is_refused(version: str) -> None:
    """RFC 9110, section 10.1.1; in HTTP/1.0 there is no such thing."""
    client = Client(headers=[(b"expect", b"cake")])
    client.scope["http_version"] = version
    assert asyncio.run(client.ask(Requests(echo, 1))) == (417 if version == "1.1" else 200)


def test_health_is_answered_while_all_threads_are_busy_and_too_many_wait(monkeypatch: Any) -> None:
    monkeypatch.setattr(requests, "WAITING_FOR_A_THREAD", 2)
    free = threading.Event()

    def busy(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/health":
            free.wait(PATIENCE_S)
        return echo(environ, start_response)

    async def ask() -> None:
        served = Requests(busy, 1)
        waiting = []
        for number in range(3):
            client = Client()
            client.scope["client"] = (f"10.0.1.{number}", 5)
            waiting.append(asyncio.create_task(client.ask(served)))
        await asyncio.sleep(0)
        try:
            assert await Client(b"/health").ask(served) == 200
            refused = Client()
            assert await refused.ask(served) == 503
            assert refused.body == refusals.body(refusals.TOO_MANY_WAIT)
        finally:
            free.set()
        assert await asyncio.gather(*waiting) == [200, 200, 200]
        assert await Client().ask(served) == 200

    asyncio.run(ask())


def test_a_long_answer_holds_no_thread_while_it_is_taken() -> None:
    """It is made piece by piece, each when the one before is gone, and tidied up at the end."""
    made: list[int] = []
    tidied = threading.Event()

    class Pieces:
        def __iter__(self) -> Any:
            for number in range(4):
                made.append(number)
                yield b"x" * requests._PIECE

        def close(self) -> None:
            tidied.set()

    def long(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/long":
            return echo(environ, start_response)
        start_response("200 OK", [])
        return Pieces()

    async def ask() -> None:
        served = Requests(long, 1)
        slow, begun, taken = Client(b"/long"), asyncio.Event(), asyncio.Event()

        async def send(message: Any) -> None:
            slow.sent.append(message)
            if len(slow.sent) == 2:
                begun.set()
                await taken.wait()

        task = asyncio.create_task(served(slow.scope, slow.receive, send))
        await asyncio.wait_for(begun.wait(), PATIENCE_S)
        assert await Client().ask(served) == 200  # by the only thread
        assert made == [0]
        taken.set()
        await asyncio.wait_for(task, PATIENCE_S)
        assert len(slow.body) == 4 * requests._PIECE
        assert tidied.is_set()

    asyncio.run(ask())


def test_answers_that_nobody_takes_take_only_so_much_memory(monkeypatch: Any) -> None:
    """Who has had most time to take its answer gives way; a single one may be of any size."""
    monkeypatch.setattr(requests, "MAX_UNTAKEN", 25)
    clients = [Client(b"/a", b"x" * size) for size in (30, 10, 10, 10)]

    async def ask() -> None:
        served = Requests(echo, 1)
        tasks = []
        for client in clients:
            is_stuck = asyncio.Event()

            async def send(message: Any, client: Client = client, is_stuck: Any = is_stuck) -> None:
                client.sent.append(message)
                if len(client.sent) == 2:
                    is_stuck.set()
                    await asyncio.sleep(PATIENCE_S)

            tasks.append(asyncio.create_task(served(client.scope, client.receive, send)))
            await asyncio.wait_for(is_stuck.wait(), PATIENCE_S)
        assert [client.given_up for client in clients] == [True, True, False, False]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert not served._untaken

    asyncio.run(ask())


def test_who_takes_piece_by_piece_is_not_the_slowest(monkeypatch: Any) -> None:
    """However long its answer takes in all."""
    monkeypatch.setattr(requests, "MAX_UNTAKEN", 25)
    export, slow, last = (cast("Any", Client(name)) for name in (b"/e", b"/s", b"/l"))
    served = Requests(echo, 1)
    served._hold(export, 10)
    served._hold(slow, 10)
    served._hold(export, 10)
    served._hold(last, 10)
    assert (export.given_up, slow.given_up) == (False, True)


def test_an_answer_that_the_application_breaks_off_is_not_completed() -> None:
    """The server then hangs up, so that nobody takes a part for the whole."""

    def breaks_off(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield b"a" * 300_000
        raise ConnectionResetError

    client = Client(b"/")
    assert asyncio.run(client.ask(Requests(breaks_off, 1))) == 200
    assert client.body == b"a" * 300_000
    assert client.sent[-1]["more_body"]


@pytest.mark.parametrize("pieces", [0, 3])
def test_an_answer_that_nobody_takes_is_tidied_up(pieces: int) -> None:
    """The client has gone, or its time is over: the connection ends the task."""
    tidied = threading.Event()

    def endless() -> Iterable[bytes]:
        try:
            while True:
                yield b"x" * requests._PIECE
        finally:
            tidied.set()

    def long(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return endless()

    async def ask() -> None:
        client, is_stuck = Client(), asyncio.Event()

        async def send(message: Any) -> None:
            client.sent.append(message)
            if len(client.sent) > pieces + 1:
                is_stuck.set()
                await asyncio.sleep(PATIENCE_S)

        task = asyncio.create_task(Requests(long, 1)(client.scope, client.receive, send))
        await asyncio.wait_for(is_stuck.wait(), PATIENCE_S)
        task.cancel()
        await asyncio.wait([task])
        assert await asyncio.to_thread(tidied.wait, PATIENCE_S)

    asyncio.run(ask())
