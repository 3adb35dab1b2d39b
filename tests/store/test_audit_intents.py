"""The first write of a request takes the intent with it, ahead of itself; reading takes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.domain.audit import check, line
from app.errors import StoreUnavailable
from app.store import keys
from app.store.audit import AuditLog
from app.store.audit_intents import Intent, concerns, doubt, intending
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.scripts import Scripts
from tests.support.clock import NOW_MS

WRITES: dict[str, Callable[[StoreClient], Any]] = {
    "a command": lambda client: client.set("x", 1),
    "one without the pool": lambda client: client.direct("SET", "x", 1),
    "a pipeline": lambda client: client.pipeline().set("x", 1).get("x").execute(),
    "one that begins with reading": lambda client: (
        client.pipeline(transaction=False).get("x").set("x", 1).execute()
    ),
    "a script": lambda client: Scripts(client)("note_key", [keys.META], ["seal:a"]),
}
READS: dict[str, Callable[[StoreClient], Any]] = {
    "a command": lambda client: client.get("x"),
    "one without the pool": lambda client: client.direct("MGET", "x", "y"),
    "a pipeline": lambda client: client.pipeline().get("x").zcard("y").execute(),
    "a list": lambda client: client.zrange("y", 0, 1),
}


@pytest.fixture
def client(store_url: str) -> Iterator[StoreClient]:
    with connect(store_url) as opened:
        yield opened


@pytest.fixture
def log(client: StoreClient) -> AuditLog:
    return AuditLog(client, Scripts(client))


def intent_of(about: str | None = None) -> Intent:
    return Intent(lambda known: f'{{"object":"{known}"}}', NOW_MS, about)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_what_writes_notes_the_intent_first(
    client: StoreClient, log: AuditLog, write: Callable[[StoreClient], Any]
) -> None:
    """Once, and the reply is that of the write."""
    plain = write(client)
    client.flushall()
    intent = intent_of("a")
    with intending(intent):
        assert write(client) == plain
        assert intent.is_noted
        client.delete(keys.AUDIT_INTENTS)
        write(client)
        assert list(log.open_intents()) == []
    with intending(intent_of("b")):
        write(client)
    assert [text for _, _, text in log.open_intents()] == ['{"object":"b"}']


def test_what_is_written_after_the_entry_notes_nothing(client: StoreClient, log: AuditLog) -> None:
    """Its outcome is known: upkeep would make another entry of it."""
    intent = intent_of()
    intent.is_recorded = True
    with intending(intent):
        client.set("a", "b")
    assert list(log.open_intents()) == []


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_what_reads_notes_nothing(
    client: StoreClient, log: AuditLog, read: Callable[[StoreClient], Any]
) -> None:
    intent = intent_of()
    with intending(intent):
        read(client)
    client.set("x", 1)  # and outside a request nothing is noted at all
    assert not intent.is_noted
    assert list(log.open_intents()) == []


def test_the_intent_is_in_the_store_before_the_write(client: StoreClient) -> None:
    """In the order in which the store runs, and keeps, them."""
    client.direct("PING")  # connects
    with client.monitor() as monitor:
        seen = monitor.listen()
        with intending(intent_of()):
            client.direct("SET", "x", 1)
        names = [next(seen)["command"].split()[0] for _ in range(4)]
    assert names == ["MULTI", "HSET", "SET", "EXEC"]


def test_a_write_that_is_refused_was_preceded_by_its_intent(client: StoreClient) -> None:
    """The reply of the one is not taken for that of the other."""
    client.set("x", "no number")
    with intending(intent_of()), pytest.raises(Exception, match="not an integer"):
        client.direct("INCR", "x")
    with intending(intent_of()):
        assert client.direct("GET", "x") == b"no number"


DELETIONS: dict[str, Callable[[StoreClient], Any]] = {
    "alone": lambda client: client.delete("x"),
    "directly": lambda client: client.direct("DEL", "x"),
    "in a pipeline": lambda client: client.pipeline(transaction=False).delete("x").execute(),
    "in a transaction": lambda client: client.pipeline().delete("x").execute(),
}


@pytest.mark.parametrize("delete", DELETIONS.values(), ids=DELETIONS)
def test_a_full_store_deletes_nothing_without_its_intent(
    client: StoreClient, delete: Callable[[StoreClient], Any]
) -> None:
    """A deletion needs no memory and would be made; its intent needs some and is refused."""
    client.set("x", 1)
    client.config_set("maxmemory", 1)
    try:
        with intending(intent_of()), pytest.raises(StoreUnavailable):
            delete(client)
        assert client.get("x") == b"1"
    finally:
        client.config_set("maxmemory", 0)
    with intending(intent_of()):
        delete(client)
    assert client.get("x") is None


def test_it_names_what_only_the_write_knows(log: AuditLog, client: StoreClient) -> None:
    """The event that is being made; what is known already stays."""
    with intending(intent_of()):
        concerns("made")
        client.set("x", 1)
    with intending(intent_of("known")):
        concerns("made")
        client.set("x", 1)
    concerns("nobody asks")
    told = sorted(text for _, _, text in log.open_intents())
    assert told == ['{"object":"known"}', '{"object":"made"}']


def test_a_repeated_command_leaves_a_doubt(store_url: str) -> None:
    """It may have been done the first time."""
    away = connect("redis://127.0.0.1:1/0", retries=1)
    for ask in (lambda: away.direct("DEL", "x"), lambda: away.delete("x")):
        intent = intent_of()
        with intending(intent), pytest.raises(StoreUnavailable):
            ask()
        assert intent.is_noted
        assert intent.is_doubtful
    doubt()  # outside a request it is nobody's


def test_the_entry_and_the_end_of_its_intent_are_one_step(
    log: AuditLog, client: StoreClient
) -> None:
    intent = intent_of()
    with intending(intent):
        client.set("x", 1)
    log.append({"action": "other"}, NOW_MS)
    assert [one for one, _, _ in log.open_intents()] == [intent.id]
    log.append({"action": "x"}, NOW_MS, intent.id)
    assert list(log.open_intents()) == []


def test_an_intent_is_settled_once(log: AuditLog, client: StoreClient) -> None:
    """However many look after it."""
    intent = intent_of()
    with intending(intent):
        client.set("x", 1)
    other = AuditLog(client, Scripts(client))
    assert log.settle(intent.id, {"outcome": "unknown"}, NOW_MS)
    assert not other.settle(intent.id, {"outcome": "unknown"}, NOW_MS)
    assert not log.settle("never noted", {}, NOW_MS)
    entries = [line(one.text, one.previous, one.digest) for one in log.oldest_first(None, 10)]
    assert check(entries).entries == 1
