"""On a cluster, an intent is where a shard answers, and is gone once its entry is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.errors import ShardUnavailable, StoreUnavailable
from app.store import keys, open_intents
from app.store.audit import AuditLog
from app.store.audit_intents import Intent, intending, noted_at
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.open_intents import intents_in, note_on_cluster
from app.store.scripts import Scripts
from tests.support.clock import NOW_MS
from tests.support.cluster import Cluster

PLACES = intents_in(is_cluster=True)


class TwoNodes:
    """Half of the places are on each node."""

    def __init__(self, *away: str) -> None:
        self.away = away
        self.asked: list[bytes] = []

    def node_of(self, key: bytes) -> str:
        return f"node-{PLACES.index(key) % 2}"

    def direct(self, *command: Any) -> int:
        self.asked.append(command[1])
        if (node := self.node_of(command[1])) in self.away:
            raise ShardUnavailable(node)
        return 1


@pytest.fixture(autouse=True)
def first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_intents, "_first", 0)


def noted(client: Any) -> Intent:
    intent = Intent(lambda about: f'{{"object":"{about}"}}', NOW_MS, "a")
    with intending(intent):
        note_on_cluster(client, intent.note())
    return intent


def test_it_is_beside_the_log_unless_the_shard_of_that_is_away() -> None:
    nodes = TwoNodes()
    assert noted(nodes).place is None
    nodes.away = ("node-0",)
    assert noted(nodes).place == 1
    nodes.asked.clear()
    assert noted(nodes).place == 1
    assert nodes.asked == [PLACES[0], PLACES[1]]
    nodes.away = ()
    assert noted(nodes).place is None


def test_a_shard_that_is_away_is_asked_once() -> None:
    nodes = TwoNodes("node-0", "node-1")
    with pytest.raises(ShardUnavailable):
        noted(nodes)
    assert len(nodes.asked) == 2


@contextmanager
def log_on(cluster: Cluster) -> Iterator[tuple[StoreClient, AuditLog]]:
    with connect(cluster.url) as client:
        yield client, AuditLog(client, Scripts(client))


def written(client: StoreClient, place: int | None) -> Intent:
    """What a request changes, with its intent ahead, at a place if that is not beside the log."""
    intent = Intent(lambda about: f'{{"object":"{about}"}}', NOW_MS, "a")
    with intending(intent):
        if place is None:
            client.direct("SET", b"{7}", "1")
        else:
            _, _, *rest = intent.note()
            client.direct("HSET", PLACES[place], *rest)
            noted_at(place)
    return intent


@pytest.mark.parametrize("place", [None, 3])
def test_it_is_there_before_the_write_and_gone_after_its_entry(
    cluster: Cluster, place: int | None
) -> None:
    with log_on(cluster) as (client, log):
        intent = written(client, place)
        assert list(log.open_intents()) == [(intent.name, NOW_MS, '{"object":"a"}')]
        assert log.append({"object": "a"}, NOW_MS, intent.name) == 1
        assert list(log.open_intents()) == []
        intent = written(client, place)
        log.withdraw(intent.name)
        assert list(log.open_intents()) == []


def test_an_entry_whose_intent_stayed_behind_is_not_written_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process has ended between the two steps. Another copy is beside the log."""
    with log_on(cluster) as (client, log):
        intent = written(client, 3)
        client.direct("HSET", keys.AUDIT_INTENTS, intent.id, f"{NOW_MS} {{}}")
        with monkeypatch.context() as patch:
            patch.setattr(log._intents, "are_settled", lambda _names: None)
            log.append({"object": "a"}, NOW_MS, intent.name)
        assert [name for name, _, _ in log.open_intents()] == [intent.id, intent.name]
        for name in (intent.id, intent.name):
            assert not log.settle(name, {"object": "a", "outcome": "unknown"}, NOW_MS)
        assert list(log.open_intents()) == []
        assert len(log.newest_first(None, 10)) == 1
        assert 0 < client.pttl(keys.AUDIT_SETTLED + b":" + intent.id.encode()) <= 3_600_000


@pytest.mark.parametrize("place", [None, 3])
def test_one_that_was_lost_gets_its_entry(cluster: Cluster, place: int | None) -> None:
    with log_on(cluster) as (client, log):
        intent = written(client, place)
        assert log.settle(intent.name, {"object": "a", "outcome": "unknown"}, NOW_MS)
        assert not log.settle(intent.name, {"object": "a", "outcome": "unknown"}, NOW_MS)
        assert list(log.open_intents()) == []


def test_an_entry_that_can_not_be_written_leaves_the_intent(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log_on(cluster) as (client, log):
        intent = written(client, 3)

        def away(*_: Any) -> None:
            raise ShardUnavailable("127.0.0.1:1")

        monkeypatch.setattr(log, "_scripts", away)
        with pytest.raises(StoreUnavailable):
            log.append({"object": "a"}, NOW_MS, intent.name)
        assert [name for name, _, _ in log.open_intents()] == [intent.name]
