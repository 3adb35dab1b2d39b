"""Who follows the writes of this process hears of each node, until he leaves or is gone."""

from __future__ import annotations

from app.store.cluster_writes import Writes
from app.store.nodes import Node

NODE = Node("127.0.0.1", 7000)


class Listener:
    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def wrote(self, node: Node) -> None:
        self.nodes.append(node)


def test_only_what_may_write_is_told() -> None:
    writes, one = Writes(), Listener()
    writes.follow(one)
    writes.note(NODE, ("HGETALL", "k"))
    assert one.nodes == []
    writes.note(NODE, ("EVALSHA", "sha", 1, "k"))
    assert one.nodes == [NODE]


def test_who_has_left_or_is_gone_hears_nothing() -> None:
    writes, one, other = Writes(), Listener(), Listener()
    writes.follow(one)
    writes.follow(other)
    writes.leave(one)
    writes.note(NODE, ("SET", "k", "v"))
    assert (one.nodes, other.nodes) == ([], [NODE])
    del other
    assert [ref() for ref in writes.followers] == [None]
    writes.follow(one)
    assert [ref() for ref in writes.followers] == [one]
