"""Streams of what changes: from where the client was, without a gap or a repeat, and bounded.

Over HTTP they are in ``tests/e2e/test_websockets.py``; ``app.live.stream`` is one of them, and
``app.api.routes.changes`` what asks for it.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from werkzeug.test import create_environ

from app.api.http.credentials import Bearer
from app.api.routes.changes import STREAM
from app.domain.access import MASTER, Access
from app.factory import create_app
from app.live import stream as module
from app.live import streams
from app.live.connected import Subscription
from app.live.desk import EXTENSION, Desk
from app.live.hub import Hub
from app.live.stream import LiveStream
from app.store import live as store_live
from app.store.live import CHANGE, LiveEntry, Told
from app.store.live_keys import HINTED
from app.wiring.doubles import Doubles
from app.wiring.services import Services, build_services
from tests.api.application import MASTER_TOKEN, settings_for, with_token
from tests.support.services import FakeDrains, FakeUpkeep


def told(number: int, message: bytes = b"{}") -> Told:
    return Told(b"%d-0" % number, ("a",), message, b"change")


def a_stream(after: bytes | None = None) -> LiveStream:
    return LiveStream(Subscription(Bearer(MASTER), frozenset(), after))


async def pieces(stream: LiveStream) -> bytes:
    return b"".join([piece async for piece in stream.pieces()])


def everything(_one: Told) -> bool:
    return True


def ids(heard: bytes) -> list[bytes]:
    return [line[4:] for line in heard.split(b"\n") if line.startswith(b"id: ")]


def test_what_comes_while_a_stream_catches_up_comes_once_and_in_order() -> None:
    async def check() -> None:
        stream = a_stream()
        stream.begin(b"1-0", has_gap=False)
        stream.hold()
        assert stream.form(told(3)) == b""

        def read_on() -> None:
            stream.hold()
            assert stream.form(told(5)) == b""
            stream.join(everything)
            assert stream.form(told(4)) == b""
            stream.write(stream.form(told(6)))
            stream.end()

        stream.catch_up([told(2), told(3), told(4)], everything, read_on)
        assert stream.form(told(4)) == b"", "the next page has it"
        assert ids(await pieces(stream)) == [b"%d-0" % number for number in range(1, 7)]

    asyncio.run(check())


def test_who_was_away_for_long_gets_all_of_it_page_by_page() -> None:
    long = b"x" * (module.MAX_UNSENT // 2)

    async def check() -> None:
        stream = a_stream()
        stream.begin(b"0-0", has_gap=False)
        at = 0

        def read_on() -> None:
            nonlocal at
            if at == 30:
                stream.join(everything)
                stream.end()
                return
            at += 10
            page = [told(number, long) for number in range(at - 9, at + 1)]
            stream.catch_up(page, lambda one: one.position != b"15-0", read_on)

        read_on()
        expected = [b"%d-0" % number for number in range(31) if number != 15]
        assert ids(await pieces(stream)) == expected

    asyncio.run(check())


def test_a_page_of_which_nothing_is_heard_leads_to_the_next() -> None:
    async def check() -> None:
        stream = a_stream()
        stream.catch_up([told(1)], lambda _one: False, stream.end)
        assert await pieces(stream) == b""

    asyncio.run(check())


def test_a_message_of_several_lines_is_one_event() -> None:
    form = module.sse_form(told(1, b'{"a":\n1}'))
    assert form == b'id: 1-0\nevent: change\ndata: {"a":\ndata: 1}\n\n'


def test_a_gap_is_told() -> None:
    async def check() -> None:
        stream = a_stream(b"1-0")
        stream.begin(b"1-0", has_gap=True)
        stream.end()
        assert (await pieces(stream)).startswith(module.RESET)

    asyncio.run(check())


def test_who_reads_too_slowly_is_let_go() -> None:
    """Also if nothing that is sent is taken: then nobody asks for the next piece."""

    async def check() -> None:
        hung_up: list[bool] = []
        stream = LiveStream(a_stream().subscription, lambda: hung_up.append(True))
        taken = stream.pieces()
        stream.write(b"first")
        assert await anext(taken) == b"first"
        stream.write(b"x" * (module.MAX_UNSENT + 1))
        assert hung_up
        assert [piece async for piece in taken] == []

    asyncio.run(check())


def test_a_quiet_stream_shows_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_ALIVE_S", 0.01)

    async def check() -> None:
        async for piece in a_stream().pieces():
            assert piece == b":\n\n"
            break

    asyncio.run(check())


@pytest.fixture
def services(store_url: str) -> Services:
    queues = Doubles(drain_queue=FakeDrains(), upkeep_queue=FakeUpkeep())
    return build_services(settings_for(store_url), queues)


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return with_token(create_app(services), MASTER_TOKEN)


def test_a_hub_streams_what_is_told_from_a_position_on(services: Services) -> None:
    desk = cast("Desk", create_app(services).extensions[EXTENSION]())
    now_ms = services.clock.now_ms()
    services.storage.live.tell(
        [LiveEntry(("a",), CHANGE, b"1"), LiveEntry(("a",), CHANGE, b"2")], now_ms
    )
    first, _ = services.storage.live.told_after(b"0-0", 10)

    async def check(after: bytes | None, until: bytes) -> bytes:
        hub = Hub(desk, asyncio.get_running_loop(), most=1)
        heard = b""
        wanted = Subscription(Bearer(MASTER), frozenset({"a"}), after)
        async with asyncio.timeout(10):
            async for piece in hub.stream(wanted):
                assert hub.is_full
                heard += piece
                if b"ready" in piece:
                    three = [LiveEntry(("b",), CHANGE, b"no"), LiveEntry(("a",), CHANGE, b"3")]
                    await asyncio.to_thread(services.storage.live.tell, three, now_ms)
                if until in heard:
                    hub.stop()
        return heard

    from_first = asyncio.run(check(first.position, b"data: 3\n"))
    assert [line for line in from_first.split(b"\n") if line.startswith(b"data: ")][1:3] == [
        b"data: 2",
        b"data: 3",
    ]
    assert b"data: no" not in from_first
    from_now = asyncio.run(check(None, b"data: 3\n"))
    assert b"data: 2\n" not in from_now
    long_ago = asyncio.run(check(b"1-0", b"data: 3\n"))
    assert long_ago.startswith(module.RESET)
    of_another_store = asyncio.run(check(b"9999999999999-0", b"data: 3\n"))
    assert of_another_store.startswith(module.RESET)
    assert b"id: 9999999999999-0" not in of_another_store


def test_a_stream_says_that_more_was_told_than_is_kept(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its client reads slower than things are forgotten, or this process hears them."""
    live, now_ms = services.storage.live, services.clock.now_ms()
    desk = cast("Desk", create_app(services).extensions[EXTENSION]())
    monkeypatch.setattr(streams, "PAGE", 10)
    monkeypatch.setattr(store_live, "TOLD_MOST", 100)
    live.tell([LiveEntry(("a",), CHANGE, b"old")], now_ms)
    first = live.told_until_now()
    live.tell([LiveEntry(("a",), CHANGE, b"old")] * 99, now_ms)

    async def check() -> bytes:
        hub = Hub(desk, asyncio.get_running_loop(), most=1)
        heard = b""
        async with asyncio.timeout(10):
            async for piece in hub.stream(Subscription(Bearer(MASTER), frozenset(), first)):
                # Not before: the first page may be read at any time after the stream is ready.
                if b"data: old" in piece and b"data: old" not in heard:
                    many = [LiveEntry(("a",), CHANGE, b"new")] * 400
                    await asyncio.to_thread(live.tell, many, now_ms)
                heard += piece
                if b"reset" in piece:
                    hub.stop()
        return heard

    heard = asyncio.run(check())
    assert heard.index(b"ready") < heard.index(b"data: old") < heard.index(b"reset")


def test_who_wants_only_hints_is_told_no_more_and_in_scope(services: Services) -> None:
    """Until the token holds no more."""
    desk = cast("Desk", create_app(services).extensions[EXTENSION]())
    live, now_ms = services.storage.live, services.clock.now_ms()
    reader = Bearer(Access("s", "read", frozenset({"a"})))

    async def check() -> bytes:
        hub = Hub(desk, asyncio.get_running_loop(), most=1)
        heard = b""
        async with asyncio.timeout(10):
            async for piece in hub.stream(Subscription(reader, frozenset(), None, only_hints=True)):
                heard += piece
                if b"ready" in piece:
                    await asyncio.to_thread(live.tell, [LiveEntry(("a",), CHANGE, b"1")], now_ms)
                    await asyncio.to_thread(live.hint, ["b"])
                    await asyncio.to_thread(live.hint, [])
                    await asyncio.to_thread(live.hint, ["b", "a"])
                if b"hint" in piece:
                    hub.stop()
        return heard

    assert asyncio.run(check()) == module.HINTS_BEGIN + module.HINT
    assert HINTED in live.interest(services.clock.now_ms())


def test_the_route_leaves_the_stream_to_the_server(client: FlaskClient) -> None:
    headers = {"Last-Event-ID": "12-3", "Authorization": f"Bearer {MASTER_TOKEN}"}
    environ = create_environ("/events/stream?tags=a,b", headers=headers)
    answered: list[Any] = []
    client.application.wsgi_app(environ, lambda *start: answered.extend(start))
    assert (answered[0][:3], dict(answered[1])["Content-Type"]) == ("200", "text/event-stream")
    bearer, tags, after, only_hints = environ[STREAM]
    assert (bearer.access, tags, after, only_hints) == (MASTER, {"a", "b"}, b"12-3", False)
    assert client.get("/events/stream", headers={"Last-Event-ID": "-1"}).status_code == 400
    assert client.get("/events/stream?tag=a").status_code == 400
    refused = client.get("/events/stream?tags=a%20AND%20b")
    assert refused.status_code == 400
    assert "a stream takes no AND, OR, NOT" in refused.text


def test_head_begins_no_stream(client: FlaskClient) -> None:
    headers = {"Authorization": f"Bearer {MASTER_TOKEN}"}
    environ = create_environ("/events/stream", method="HEAD", headers=headers)
    answered: list[Any] = []
    client.application.wsgi_app(environ, lambda *start: answered.extend(start))
    assert (answered[0][:3], dict(answered[1])["Content-Type"]) == ("200", "text/event-stream")
    assert STREAM not in environ
