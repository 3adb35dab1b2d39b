"""The log of lateness: what it is made of is spread evenly, and it keeps a day."""

from __future__ import annotations

import itertools

import pytest

from app.store import keys
from app.store.figures import MINUTE_MS
from app.store.lateness import KEPT_MS, LATENESS, LatenessLog, MinuteOfLateness
from app.wiring.services import Services


@pytest.fixture
def log(services: Services) -> LatenessLog:
    return LatenessLog(services.storage.client, services.settings.partitions)


def minute(number: int) -> MinuteOfLateness:
    return MinuteOfLateness(number * MINUTE_MS, 1, 2, 3, 4)


def test_a_sample_is_of_one_minute_and_has_its_first_and_its_last(
    services: Services, log: LatenessLog
) -> None:
    client, place = services.storage.client, keys.ended(0)
    members = {b"%016d" % at: at for at in range(0, 3 * MINUTE_MS, 100)}
    client.zadd(place, members)
    found = [int(one) for one in log.sample(MINUTE_MS, 5 * services.settings.partitions)]
    assert (found[0], found[-1], len(found)) == (MINUTE_MS, 2 * MINUTE_MS - 100, 5)
    gaps = {later - one for one, later in itertools.pairwise(found)}
    assert max(gaps) - min(gaps) <= 100
    assert len(log.sample(MINUTE_MS, 5_000)) <= 600
    assert log.sample(9 * MINUTE_MS, 5) == []
    client.delete(place)


def test_a_group_that_ended_together_counts_as_many_as_are_in_it(
    services: Services, log: LatenessLog
) -> None:
    """Single ends and groups are sampled by how many occurrences they have."""
    client, size = services.storage.client, 100 * services.settings.partitions
    groups = {
        b"".join(b"g%014d%d" % (at, one) for one in range(8)): at
        for at in range(0, 2 * MINUTE_MS, 100)
    }
    client.zadd(keys.endings(0), groups)
    client.zadd(keys.ended(0), {b"%016d" % at: at for at in range(MINUTE_MS, 2 * MINUTE_MS, 50)})
    found = log.sample(MINUTE_MS, size)
    assert len(found) == len(set(found)) == 100
    together = [one for one in found if one.startswith(b"g")]
    assert len(together) == 80, "600 groups of 8 beside 1,200"
    assert {int(one[1:-1]) // MINUTE_MS for one in together} == {1}
    assert len({one[-1:] for one in together}) > 1
    client.delete(keys.endings(0), keys.ended(0))


def test_a_minute_stands_once_and_what_is_too_old_goes(
    services: Services, log: LatenessLog
) -> None:
    assert log.last_ms() is None
    log.note([minute(1), minute(2)])
    log.note([MinuteOfLateness(2 * MINUTE_MS, 9, 9, 9, 9)])
    assert log.since(2 * MINUTE_MS) == [MinuteOfLateness(2 * MINUTE_MS, 9, 9, 9, 9)]
    assert log.last_ms() == 2 * MINUTE_MS
    log.note([minute(2 + KEPT_MS // MINUTE_MS)])
    assert services.storage.client.zcard(LATENESS) == 1
    log.note([])
    assert services.storage.client.zcard(LATENESS) == 1
