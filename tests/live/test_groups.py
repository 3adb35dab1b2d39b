"""Listeners hear what bears one of their tags and what they may read, and nothing else."""

from __future__ import annotations

from app.domain.access import MASTER, Access
from app.live.groups import Groups
from app.store.live import Told

READER = Access("reader", "read", frozenset({"a", "b"}))


class Listener:
    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.heard.append(data)


def form(told: Told) -> bytes:
    return told.message + b";"


def told(message: bytes, *tags: str) -> Told:
    return Told(b"1-1", tags, message)


def test_a_listener_hears_each_of_its_tags_once() -> None:
    groups, listener = Groups(), Listener()
    groups.join(listener, MASTER, frozenset({"a", "b"}), form)
    groups.tell([told(b"1", "a", "b"), told(b"2", "c"), told(b"3", "b", "c")])
    assert listener.heard == [b"1;3;"], "in one write"


def test_a_listener_hears_nothing_that_its_token_may_not_read() -> None:
    groups, listener = Groups(), Listener()
    groups.join(listener, READER, frozenset({"a", "x"}), form)
    groups.tell([told(b"1", "x"), told(b"2", "x", "b"), told(b"3", "a")])
    assert listener.heard == [b"2;3;"]


def test_without_tags_a_listener_hears_all_that_it_may_read() -> None:
    groups, reader, admin = Groups(), Listener(), Listener()
    groups.join(reader, READER, frozenset(), form)
    groups.join(admin, MASTER, frozenset(), form)
    groups.tell([told(b"1"), told(b"2", "b"), told(b"3", "x")])
    assert reader.heard == [b"2;"]
    assert admin.heard == [b"1;2;3;"]


def test_listeners_that_hear_the_same_share_the_work() -> None:
    groups, listeners, encoded = Groups(), [Listener() for _ in range(3)], []

    def counted(one: Told) -> bytes:
        encoded.append(one)
        return one.message

    for listener in listeners:
        groups.join(listener, READER, frozenset({"a"}), counted)
    groups.tell([told(b"1", "a")])
    assert [one.heard for one in listeners] == [[b"1"]] * 3
    assert len(encoded) == 1


def test_who_leaves_hears_nothing_more() -> None:
    groups, gone, stays = Groups(), Listener(), Listener()
    key = groups.join(gone, MASTER, frozenset({"a"}), form)
    groups.join(stays, MASTER, frozenset({"a"}), form)
    groups.leave(gone, key)
    groups.tell([told(b"1", "a")])
    groups.leave(stays, key)
    groups.leave(stays, key)
    groups.tell([told(b"2", "a")])
    assert (gone.heard, stays.heard) == ([], [b"1;"])
    assert not groups
