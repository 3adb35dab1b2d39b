"""What many occurrences in one flow cost together: each takes a few commands, its flow the rest."""

from __future__ import annotations

from collections import Counter

from app.store.claims import Claim
from app.store.flow_gate import FlowGate
from app.store.scripts import Scripts
from tests.store.conftest import Stores
from tests.store.test_flow_scripts import claim_all, claim_due, over, saved, take, waiting
from tests.support.clock import NOW_MS
from tests.support.invariants import broken

COUNT = 20
NOW_DUE_MS = NOW_MS + COUNT


def member_of(claim: Claim) -> bytes:
    return claim.event_id + claim.occurrence_id


def test_most_of_what_a_flow_does_is_done_once_for_all(stores: Stores) -> None:
    gate = FlowGate(stores.client, Scripts(stores.client), stores.partitions)
    for number in range(COUNT):
        saved(stores, number)

    def calls() -> Counter[str]:
        stats = stores.client.info("commandstats")
        found = {name.removeprefix("cmdstat_"): one["calls"] for name, one in stats.items()}
        return Counter({name: count for name, count in found.items() if "eval" not in name})

    before = calls()
    assert claim_due(stores, NOW_DUE_MS) == []
    members = waiting(gate, NOW_DUE_MS, NOW_DUE_MS + 1)
    turn = take(gate, members, NOW_DUE_MS, 1)
    assert None not in turn.starts
    claims = claim_all(gate, stores, members, NOW_DUE_MS)
    assert {member_of(one) for one in claims} == set(members)
    ended = [over(member, turn.number) for member in members]
    gate.end([*ended, ended[0]], NOW_DUE_MS)
    used = calls() - before
    # Two looks at an occurrence and its event; its flow's name, then its first attempt.
    assert used["hmget"] <= 4 * COUNT + 4 * stores.partitions
    assert used["hset"] <= 2 * COUNT
    # (Nearly each is in a lane of its own, which takes two.)
    assert used.total() <= 12 * COUNT + 45 * stores.partitions
    assert broken(stores.client, stores.partitions) == []
