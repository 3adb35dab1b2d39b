"""The write buffer: items leave by partition, the fullest first, in the order they came."""

from __future__ import annotations

from app.domain.ids import EventIds, occurrence_id
from app.engine.write_buffer import WriteBuffer
from app.store.calls import Record
from app.store.claims import Claim
from tests.support.builders import a_claim


def record(claim: Claim) -> Record:
    return Record(claim.occurrence_id, claim.token, "completed", 200, b"", None, None, b"")


def test_a_buffer_returns_the_oldest_of_the_fullest_partition() -> None:
    event_ids, buffer = EventIds(), WriteBuffer[Record]()
    made = []
    for partition, number in [(0, 0), (1, 1), (1, 2), (0, 3), (1, 4)]:
        one = a_claim(number)
        one.occurrence_id = occurrence_id(event_ids.make(1_000, partition), number)
        made.append(record(one))
        buffer.put(made[-1])
    assert (buffer.size, buffer.most()) == (5, 3)
    assert buffer.take(2) == (1, [made[1], made[2]])
    assert buffer.take(2) == (0, [made[0], made[3]])
    assert buffer.take(2) == (1, [made[4]])
    assert (buffer.size, buffer.most()) == (0, 0)
