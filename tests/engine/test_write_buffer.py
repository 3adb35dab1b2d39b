"""The write buffer: items leave by partition, the fullest or longest due first, in the order they came."""

from __future__ import annotations

from app.domain.ids import EventIds, occurrence_id
from app.engine.write_buffer import WriteBuffer
from app.store.calls import Record
from app.store.claims import Claim
from tests.support.builders import a_claim


def record(claim: Claim) -> Record:
    return Record(claim.occurrence_id, claim.token, "completed", 200, b"", None, None, b"")


def buffered(buffer: WriteBuffer[Record], *items: tuple[int, int, int]) -> list[Record]:
    """Put records of (partition, number, by when)."""
    event_ids, made = EventIds(), []
    for partition, number, by_ms in items:
        one = a_claim(number)
        one.occurrence_id = occurrence_id(event_ids.make(1_000, partition), number)
        made.append(record(one))
        buffer.put(made[-1], by_ms)
    return made


def test_a_buffer_returns_the_oldest_of_the_fullest_partition() -> None:
    buffer = WriteBuffer[Record]()
    made = buffered(buffer, (0, 0, 9), (1, 1, 9), (1, 2, 9), (0, 3, 9), (1, 4, 9))
    assert (buffer.size, buffer.most()) == (5, 3)
    assert buffer.take(2, 8) == (1, [made[1], made[2]])
    assert buffer.take(2, 8) == (0, [made[0], made[3]])
    assert buffer.take(2, 8) == (1, [made[4]])
    assert (buffer.size, buffer.most(), buffer.by_ms) == (0, 0, None)


def test_a_partition_that_is_due_comes_before_fuller_ones() -> None:
    """However full the others always are."""
    buffer = WriteBuffer[Record]()
    made = buffered(buffer, (0, 0, 7), (1, 1, 8), (1, 2, 9), (2, 3, 30), (2, 4, 5))
    assert not buffer.is_due(4)
    assert (buffer.by_ms, buffer.is_due(5)) == (5, True)
    assert buffer.take(9, 8) == (2, [made[3], made[4]])
    assert buffer.take(9, 8) == (0, [made[0]])
    assert buffer.take(1, 8) == (1, [made[1]])
    assert buffer.is_due(8)


def test_partitions_that_are_to_be_written_soon_leave_together() -> None:
    buffer = WriteBuffer[Record]()
    made = buffered(buffer, (0, 0, 7), (1, 1, 9), (1, 2, 9), (2, 3, 30))
    assert buffer.take_all(9, 7, 10) == [(0, [made[0]]), (1, [made[1], made[2]])]
    assert buffer.take_all(9, 10, 10) == [(2, [made[3]])], "the first is taken in any case"
    made = buffered(buffer, (0, 0, 7), (1, 1, 9), (1, 2, 9))
    assert buffer.take_all(2, 7, 10) == [(0, [made[0]]), (1, [made[1]])]
    assert buffer.size == 1
