"""Signing secrets of tags: who writes one, and when deliveries know it."""

from __future__ import annotations

import threading

import pytest

from app.errors import Conflict, NotFound, ShardUnavailable, StoreUnavailable
from app.services import tag_secrets as module
from app.services.secret_rotation import Rotation
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock

EVENT = b"e" * 16
DAY_MS = 86_400_000


def signs(services: Services, *tags: str, now_ms: int = NOW_MS) -> tuple[str, ...]:
    return services.crypto.signing_secrets.of(EVENT, None, now_ms, tags)


def test_a_process_knows_a_secret_once_it_has_looked(services: Services) -> None:
    """And reads all of them only if one has changed."""
    (before,) = signs(services, "red")
    done = services.tag_secrets.put("red", Rotation("of the reds", DAY_MS))
    assert (done.is_new, done.made, done.until_ms) == (True, None, NOW_MS + DAY_MS)
    assert signs(services, "red") == (before,)
    services.tag_secrets.refresh()
    assert signs(services, "red") == ("of the reds", before)
    assert signs(services, "red", now_ms=NOW_MS + DAY_MS) == ("of the reds",)
    calls = services.storage.client.info("commandstats")["cmdstat_hgetall"]["calls"]
    services.tag_secrets.refresh()
    assert services.storage.client.info("commandstats")["cmdstat_hgetall"]["calls"] == calls
    services.tag_secrets.delete("red")
    services.tag_secrets.refresh()
    assert signs(services, "red") == (before,)


def test_one_that_is_made_here_is_told_once(services: Services) -> None:
    done = services.tag_secrets.put("red", Rotation(None, 0))
    assert done.made is not None
    services.tag_secrets.refresh()
    assert signs(services, "red") == (done.made,)
    assert [one.tag for one in services.tag_secrets.list()] == ["red"]


def test_there_are_not_many(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TAGS", 2)
    for tag in ("a", "b"):
        services.tag_secrets.put(tag, Rotation(None, 0))
    with pytest.raises(Conflict, match="2 tags have a secret"):
        services.tag_secrets.put("c", Rotation(None, 0))
    services.tag_secrets.put("a", Rotation(None, 0))
    with pytest.raises(NotFound):
        services.tag_secrets.delete("c")


def test_who_comes_in_between_loses_nothing(
    services: Services, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    """Two that rotate at once: one after the other, so that both secrets sign in the overlap."""
    other = module.TagSecretService(
        services.storage.tag_secrets, services.crypto.signing_secrets, clock
    )
    read = services.storage.tag_secrets.get
    raced: list[str] = []

    def get(tag: str):
        found = read(tag)
        if not raced:
            raced.append(tag)
            other.put(tag, Rotation("the first", DAY_MS))
        return found

    monkeypatch.setattr(services.storage.tag_secrets, "get", get)
    services.tag_secrets.put("red", Rotation("the second", DAY_MS))
    services.tag_secrets.refresh()
    assert signs(services, "red")[:2] == ("the second", "the first")


def test_while_the_store_is_away_what_is_known_holds(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And looking goes on."""
    services.tag_secrets.put("red", Rotation("of the reds", 0))
    services.tag_secrets.refresh()
    looked = threading.Event()
    stop = threading.Event()

    def away() -> int:
        if looked.is_set():
            stop.set()
        looked.set()
        raise StoreUnavailable

    monkeypatch.setattr(module, "LOOK_S", 0.001)
    monkeypatch.setattr(services.storage.tag_secrets, "version", away)
    services.tag_secrets.refresh_until(stop)
    assert signs(services, "red") == ("of the reds",)


def test_a_process_with_nothing_to_deliver_does_not_look(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()

    def never() -> int:
        raise AssertionError("it has looked")

    def is_needed() -> bool:
        stop.set()
        return False

    monkeypatch.setattr(module, "LOOK_S", 0.001)
    monkeypatch.setattr(services.storage.tag_secrets, "version", never)
    services.tag_secrets.refresh_until(stop, is_needed)


def test_what_was_learnt_ahead_signs_while_its_shard_is_away(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has learnt nothing delivers nothing: it would sign with others."""

    def away() -> int:
        raise ShardUnavailable("10.0.0.1:6379")

    services.tag_secrets.put("red", Rotation("of the reds", 0))
    version = services.storage.tag_secrets.version
    monkeypatch.setattr(services.storage.tag_secrets, "version", away)
    assert not services.tag_secrets.is_known
    with pytest.raises(ShardUnavailable):
        services.tag_secrets.refresh()
    monkeypatch.setattr(services.storage.tag_secrets, "version", version)
    services.tag_secrets.refresh()
    assert services.tag_secrets.is_known
    monkeypatch.setattr(services.storage.tag_secrets, "version", away)
    services.tag_secrets.refresh()
    assert signs(services, "red") == ("of the reds",)
