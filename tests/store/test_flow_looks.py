"""While a shard is away its flows wait, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from redis.crc import key_slot

from app.domain import ids
from app.engine.flow_ends import FlowEnds
from app.store.connecting import connect
from app.store.flow_gate import AWAY_MS, FlowGate
from app.store.flow_keys import FlowKeys
from app.store.flow_looks import EndedAttempt, FlowsAway, HeadStatus
from app.store.keys import prefix
from app.store.scripts import Scripts
from tests.support.builders import an_event
from tests.support.clock import NOW_MS
from tests.support.cluster import Cluster

KEYS = FlowKeys(is_cluster=True)
UNTIL_MS = NOW_MS + 30_000


@pytest.fixture
def dead(cluster: Cluster) -> Iterator[Any]:
    """The gate while a node is dead, a client, a flow of that node and one of another."""
    with connect(cluster.url, retries=0) as client:
        gate = FlowGate(client, Scripts(client), 64)
        victim = cluster.primary_of(key_slot(b"{1}"))
        names = [b"/flow %d" % number for number in range(64)]
        nodes = {name: client.node_of(KEYS.index(name)) for name in names}
        gone = next(name for name in names if nodes[name] == victim.address)
        well = next(name for name in names if nodes[name] != victim.address)
        partition = next(n for n in range(64) if client.node_of(prefix(n)) != victim.address)
        cluster.kill(victim)
        yield gate, client, (gone, well), partition


def member_of(partition: int) -> bytes:
    event = an_event(partition=partition)
    return event.id + ids.occurrence_id(event.id, event.start_ms)


def test_flows_of_other_shards_go_on(dead: Any) -> None:
    gate, client, (gone, well), partition = dead
    waiting = {gone: [member_of(partition)], well: [member_of(partition)]}
    first, second = gate.take(
        b"w", 1, waiting, now_ms=NOW_MS + 86_400_000, ahead_ms=0, deadline_ms=UNTIL_MS
    )
    assert (first.starts, first.look_ms) == ([None], NOW_MS + 86_400_000 + AWAY_MS)
    assert second.starts[0] is not None

    ended = [EndedAttempt(one, member_of(partition)[16:], None, UNTIL_MS) for one in (gone, well)]
    client.direct("ZADD", KEYS.busy(well), UNTIL_MS, ended[1].occurrence_id)
    with pytest.raises(FlowsAway) as away:
        gate.end(ended, NOW_MS)
    assert away.value.left == ended[:1]
    assert client.direct("ZSCORE", KEYS.busy(well), ended[1].occurrence_id) is None

    ends = FlowEnds()
    ends.add(ended[0], is_urgent=True)
    ends.add(ended[1], is_urgent=True)
    assert not ends.tell(gate, NOW_MS)
    assert (ends.ended, ends.by_ms(NOW_MS)) == (ended[:1], NOW_MS + AWAY_MS)

    gate.renew({gone: [ended[0].occurrence_id], well: [ended[1].occurrence_id]}, UNTIL_MS)
    held = gate.lapsed([gone, well], NOW_MS).ended
    assert [one.flow for one in held] == [well]  # its occurrence was never there
    assert gate.head_status(well, member_of(1)[16:]) == HeadStatus(awaits_retry=True)
