"""Commands find the slot of their key, wherever that stands."""

from __future__ import annotations

import pytest
from redis.crc import key_slot

from app.store.cluster_commands import by_slot, slot_of

SLOT = key_slot(b"{7}")


@pytest.mark.parametrize(
    "command",
    [
        ("GET", b"qh:{7}:a"),
        ("HSET", "qh:{7}:a", "f", "1"),
        ("EVALSHA", "sha", 2, b"qh:{7}:a", b"qh:{7}:b", "x"),
        ("EVAL", "return 1", "1", "qh:{7}:a"),
        ("ZINTER", 2, "qh:{7}:a", "qh:{7}:b"),
        ("MEMORY USAGE", b"qh:{7}:a"),
        ("OBJECT", "encoding", b"qh:{7}:a"),
        ("XREAD", b"BLOCK", "5", b"COUNT", "3", b"STREAMS", b"qh:{7}:a", b"0"),
        ("WATCH", "qh:{7}:a"),
    ],
    ids=lambda command: command[0],
)
def test_the_slot_is_that_of_the_first_key(command: tuple[object, ...]) -> None:
    assert slot_of(command) == SLOT


@pytest.mark.parametrize("command", [("TIME",), ("PUBLISH", "qh:wake", ""), ("EVAL", "x", 0)])
def test_commands_without_a_key_have_none(command: tuple[object, ...]) -> None:
    assert slot_of(command) is None


def test_keys_are_put_together_by_slot() -> None:
    found = by_slot([b"{7}a", b"{8}a", "{7}b"])
    assert found == {SLOT: [0, 2], key_slot(b"{8}"): [1]}
