"""Who may connect, what clients and listeners are sent, and how each connection ends.

On a real store, without a server: ``app.live.clients``, ``desk``, ``ears``, ``asker`` and
``connected`` are the hub's parts. Real connections are in ``tests/e2e/test_websockets.py``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from flask import Flask

from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import short_form
from app.factory import create_app
from app.live import asker, clients, connected, desk, ears, hub, places
from app.live.connected import Subscription
from app.live.desk import EXTENSION, Desk
from app.live.hub import Hub
from app.live.socket import GOING_AWAY, POLICY, TRY_LATER
from app.services.queries import EventChanges
from app.store.live import BEGINS, CHANGE, ClientMessage, LiveEntry, LiveStore, offer_call
from app.wiring.doubles import Doubles
from app.wiring.services import Services, build_services
from tests.api.application import MASTER_TOKEN, settings_for, with_token
from tests.support.frames import FakeTransport, FrameReader, masked, text
from tests.support.services import FakeDrains, FakeUpkeep
from tests.support.wait import wait_until

PARTS = (asker, clients, connected, desk, ears, places)
PATIENCE_S = 10.0


@pytest.fixture
def services(store_url: str) -> Services:
    queues = Doubles(drain_queue=FakeDrains(), upkeep_queue=FakeUpkeep())
    return build_services(settings_for(store_url), queues)


@pytest.fixture
def app(services: Services) -> Flask:
    return create_app(services)


def token_of(app: Flask, access: str, *scope: str) -> str:
    asked = {"type": "jwt", "sub": "s", "access": access, "scope": scope}
    answer = with_token(app, MASTER_TOKEN).post(
        "/tokens", json=asked | {"expires_at": "2030-01-01T00:00:00Z"}
    )
    return str(answer.json["token"])  # type: ignore[index]


class Caller:
    """A client of the hub."""

    def __init__(self, hub: Hub) -> None:
        self.transport = FakeTransport()
        self.socket = hub.open(cast("asyncio.Transport", self.transport))
        self.code: int | None = None
        self._reader = FrameReader()
        self._heard: list[Any] = []

    def say(self, message: object) -> None:
        raw = message if isinstance(message, str) else json.dumps(message)
        self.socket.feed_data(masked([text(raw.encode())]))

    async def hear(self) -> Any:
        """The next message."""
        async with asyncio.timeout(PATIENCE_S):
            while not self._heard:
                await asyncio.sleep(0.005)
                self._read()
        return self._heard.pop(0)

    async def end(self) -> int | None:
        """With which code it was ended."""
        async with asyncio.timeout(PATIENCE_S):
            while self.code is None and not self.transport.is_cut:
                await asyncio.sleep(0.005)
                self._read()
        return self.code

    def _read(self) -> None:
        for frame in self._reader.read(self.transport):
            if frame.opcode == 8:
                self.code = int.from_bytes(frame.data[:2], "big")
            elif frame.opcode == 1:
                self._heard.append(json.loads(bytes(frame.data)))

    async def ask(self, message: object) -> Any:
        self.say(message)
        return await self.hear()

    def leave(self) -> None:
        self.socket.feed_eof()


Check = Callable[[Hub], Awaitable[None]]


@pytest.fixture
def run(app: Flask) -> Callable[[Check], None]:
    """Runs a check with a hub."""

    async def with_hub(check: Check) -> None:
        made = Hub(cast("Desk", app.extensions[EXTENSION]()), asyncio.get_running_loop(), most=3)
        callers = await check(made)
        del callers
        for socket in list(made._sockets):
            socket.feed_eof()
        await asyncio.sleep(0.05)

    return lambda check: asyncio.run(with_hub(check))


def hook(token: str, name: str = "c") -> dict[str, Any]:
    return {"type": "client-hook", "client_name": name, "token": token}


def listener(token: str, *tags: str) -> dict[str, Any]:
    return {"type": "tag-listener", "tags": tags, "token": token}


def test_who_has_no_good_token_is_turned_away(app: Flask, run: Callable[[Check], None]) -> None:
    refused = [
        hook("no token of ours"),
        hook(token_of(app, "read", "a")),
        hook(token_of(app, "write", "a")),
        listener(token_of(app, "write", "a"), "a"),
        listener("no token of ours", "a"),
        "not json",
    ]

    async def check(made: Hub) -> None:
        for first in refused:
            caller = Caller(made)
            assert (await caller.ask(first))["type"] == "error"
            assert await caller.end() == POLICY
            caller.leave()

    run(check)


def test_what_is_passed_on_comes_to_the_client_and_its_errors_name_the_ack(
    services: Services, run: Callable[[Check], None]
) -> None:
    async def check(made: Hub) -> None:
        caller = Caller(made)
        assert (await caller.ask(hook(MASTER_TOKEN)))["type"] == "ack"
        content = b'some-id\n1\n1000\n{"type":"event"}'
        call = offer_call([ClientMessage("c", ("t",), content)])
        services.storage.scripts(call.script, call.keys, call.args)
        assert await caller.hear() == {"type": "event"}
        ack = {"type": "ack", "event_id": "e", "occurrence_id": "some-id"}
        answer = await caller.ask(ack)
        assert (answer["type"], answer["occurrence_id"]) == ("error", "some-id")
        for bad in ("[", "{}", {"type": "hello"}):
            assert (await caller.ask(bad))["type"] == "error"
        caller.leave()
        await asyncio.to_thread(await_nobody, services.storage.live)

    run(check)


def test_a_listener_hears_what_is_told_and_may_say_nothing(
    app: Flask, services: Services, run: Callable[[Check], None]
) -> None:
    async def check(made: Hub) -> None:
        caller = Caller(made)
        await caller.ask(listener(token_of(app, "read", "a"), "a", "b"))
        entries = [
            LiveEntry(("b",), BEGINS, b'{"n":1}'),
            LiveEntry(("a",), CHANGE, b'{"n":0}'),
            LiveEntry(("b", "a"), BEGINS, b'{"n":2}'),
        ]
        services.storage.live.tell(entries, services.clock.now_ms())
        assert await caller.hear() == {"n": 2}
        ack = {"type": "ack", "event_id": "e", "occurrence_id": "o"}
        assert (await caller.ask(ack))["type"] == "error"
        assert caller.code is None

    run(check)


def test_a_token_that_is_revoked_loses_its_connection_at_once(
    app: Flask, services: Services, run: Callable[[Check], None]
) -> None:
    async def check(made: Hub) -> None:
        caller, other = Caller(made), Caller(made)
        await caller.ask(listener(token_of(app, "read", "a"), "a"))
        await other.ask(listener(MASTER_TOKEN, "a"))
        await asyncio.to_thread(services.tokens.revoke_all, "s")
        assert (await caller.hear())["message"] == hub.NO_MORE
        assert await caller.end() == POLICY
        assert other.code is None

    run(check)


def test_who_says_nothing_is_turned_away(
    run: Callable[[Check], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "FIRST_S", 0.1)

    async def check(made: Hub) -> None:
        caller = Caller(made)
        assert (await caller.hear())["message"] == hub.TOO_LATE
        assert await caller.end() == POLICY

    run(check)


def test_who_gives_no_sign_of_life_is_asked_for_one_and_cut_off(
    run: Callable[[Check], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "PING_S", 0.1)

    async def check(made: Hub) -> None:
        caller = Caller(made)
        await caller.ask(hook(MASTER_TOKEN))
        assert await caller.end() is None
        assert caller.transport.is_cut

    run(check)


def test_a_process_that_ends_sends_its_clients_elsewhere(run: Callable[[Check], None]) -> None:
    async def check(made: Hub) -> None:
        callers = [Caller(made), Caller(made)]
        await callers[0].ask(hook(MASTER_TOKEN))
        assert not made.is_full
        made.stop()
        assert made.is_full
        assert [await one.end() for one in callers] == [GOING_AWAY] * 2

    run(check)


def test_there_is_a_bound_on_connections(run: Callable[[Check], None]) -> None:
    async def check(made: Hub) -> None:
        callers = [Caller(made) for _ in range(3)]
        assert made.is_full
        callers[0].leave()
        assert not made.is_full

    run(check)


def test_no_sub_takes_all_places(app: Flask, run: Callable[[Check], None]) -> None:
    """Counted exactly: who goes makes room at once, whatever it was; an admin has no share."""
    mine, admin = token_of(app, "read_write", "a"), token_of(app, "admin")

    async def check(made: Hub) -> None:
        made._most = 4
        bearer = made._desk.judge(mine.encode())
        two = [Caller(made), Caller(made)]
        assert (await two[0].ask(hook(mine)))["type"] == "ack"
        assert (await two[1].ask(listener(mine, "a")))["type"] == "ack"
        assert not made.has_room_for(bearer)
        third = Caller(made)
        assert await third.ask(listener(mine, "a")) == {
            "type": "error",
            "message": places.SHARE_TAKEN,
        }
        assert await third.end() == TRY_LATER
        third.leave()
        assert (await Caller(made).ask(listener(admin, "a")))["type"] == "ack"
        two[0].leave()
        stream = made.stream(Subscription(bearer, frozenset({"a"}), None))
        await anext(stream)
        assert not made.has_room_for(bearer)
        await stream.aclose()
        assert made.has_room_for(bearer)

    run(check)


def await_nobody(live: LiveStore) -> None:
    wait_until(lambda: not live.connections("c", None), "nobody is connected", PATIENCE_S)


def test_what_a_client_says_before_its_own_answer_is_handled_after_it(
    run: Callable[[Check], None],
) -> None:
    async def check(made: Hub) -> None:
        caller = Caller(made)
        caller.say(hook(MASTER_TOKEN))
        caller.say({"type": "ack", "event_id": "e", "occurrence_id": "some-id"})
        assert (await caller.hear())["type"] == "ack"
        answer = await caller.hear()
        assert (answer["message"], answer["occurrence_id"]) == (desk.NOT_ITS_OWN, "some-id")

    run(check)


def test_an_occurrence_is_acknowledged_by_the_client_that_it_was_sent_to_alone(
    services: Services, run: Callable[[Check], None]
) -> None:
    now_ms = services.clock.now_ms()
    given = {"name": "n", "start_time": now_ms, "action": short_form("q:desk-7"), "tags": ("a",)}
    event = services.events.create(EventChanges(given), MASTER)
    (claim,) = services.storage.work.claim(
        ids.partition_of_event(event.id), b"w", now_ms, now_ms=now_ms, limit=9, lease_ms=60_000
    )
    names = {"event_id": event.id, "occurrence_id": claim.occurrence_id}
    ack = {"type": "ack", **{name: ids.to_text(raw) for name, raw in names.items()}}

    async def check(made: Hub) -> None:
        callers = [Caller(made), Caller(made)]
        await callers[0].ask(hook(MASTER_TOKEN, "desk-8"))
        await callers[1].ask(hook(MASTER_TOKEN, "desk-7"))
        assert (await callers[0].ask(ack))["message"] == desk.NOT_ITS_OWN
        assert (await callers[1].ask(ack))["type"] == "ack"

    run(check)


def test_a_connection_that_is_gone_is_sent_nothing_more(
    services: Services, run: Callable[[Check], None]
) -> None:
    async def check(made: Hub) -> None:
        caller = Caller(made)
        await caller.ask(hook(MASTER_TOKEN, "other"))
        live = services.storage.live
        live.connect("c", f"{made._desk.process}:999", None)  # the store was away when it went
        call = offer_call([ClientMessage("c", ("t",), b"some-id\n1\n1000\n{}")])
        assert services.storage.scripts(call.script, call.keys, call.args) == [1]
        await asyncio.to_thread(await_nobody, live)

    run(check)


def test_a_connection_that_goes_while_it_is_renewed_is_forgotten(
    services: Services, run: Callable[[Check], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, renewed = LiveStore.connect, asyncio.Event()

    async def check(made: Hub) -> None:
        caller, loop = Caller(made), asyncio.get_running_loop()
        await caller.ask(hook(MASTER_TOKEN))

        def late(live: LiveStore, *values: Any) -> None:
            loop.call_soon_threadsafe(caller.leave)
            await_nobody(live)
            connect(live, *values)
            loop.call_soon_threadsafe(renewed.set)

        monkeypatch.setattr(LiveStore, "connect", late)
        made._renew()
        async with asyncio.timeout(PATIENCE_S):
            await renewed.wait()
        await asyncio.to_thread(await_nobody, services.storage.live)

    run(check)
