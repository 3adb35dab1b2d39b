"""An idempotency key makes one event, also where there are more partitions than keys reach.

Tests ``app.store.kept_ids``, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import webhook
from app.domain.event import Event
from app.domain.once import Repetition
from app.errors import Conflict, InvalidInput, StoreUnavailable
from app.services.event_creation import CreationService
from app.services.event_places import partition_of_batch
from app.services.events import EventService
from app.services.queries import EventChanges, EventQuery
from app.store.growth import GrowthStore
from app.store.kept_ids import KeptIds
from app.wiring.services import Services
from tests.support.clock import NOW_MS
from tests.support.invariants import broken

GIVEN = {"name": "e", "start_time": NOW_MS + 1_000, "action": webhook("https://h.example/x")}
MORE = 6


@pytest.fixture
def grown(services: Services) -> Iterator[Services]:
    """Services on a store that got more partitions."""
    storage = services.storage
    storage.agreement.agree()
    growth = GrowthStore(storage.client, storage.scripts)
    number = services.settings.partitions + MORE
    assert growth.begin(number)
    assert growth.end(number)
    assert storage.agreement.follow(growth.numbers())
    yield services
    assert broken(storage.client, number) == []
    ids.keep_to()


@pytest.fixture
def creations(grown: Services) -> CreationService:
    return grown.intake.creations


def make(creations: CreationService, header: str = "k", **more: object) -> tuple[Event, bool]:
    """Send a request with an idempotency key."""
    return creations.create(EventChanges({**GIVEN, **more}), MASTER, header)


def made(services: Services) -> list[Event]:
    return list(services.events.list(EventQuery(limit=1000), MASTER).items)


def die(*_: object, **__: object) -> None:
    raise StoreUnavailable


def test_what_keys_make_is_in_all_partitions_and_is_made_once(
    grown: Services, creations: CreationService
) -> None:
    first = {key: make(creations, key) for key in map(str, range(130))}
    used = Counter(ids.partition_of_event(event.id) for event, _ in first.values())
    assert len(used) == grown.settings.partitions + MORE
    for key, (event, is_new) in first.items():
        assert is_new
        assert make(creations, key) == (event, False)
    assert len(made(grown)) == 130


def test_where_keys_reach_every_partition_nothing_is_kept(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written in one step, as ever."""
    services.storage.agreement.agree()
    monkeypatch.setattr(KeptIds, "keep", die)
    event, _ = make(services.intake.creations)
    assert make(services.intake.creations) == (event, False)


@pytest.mark.parametrize("more", [{"key": "own"}, {"flow": {"key": "acme", "concurrency": 1}}])
def test_an_event_with_a_key_or_a_flow_goes_where_that_is(
    grown: Services, creations: CreationService, more: dict[str, object]
) -> None:
    event, _ = make(creations, **more)
    assert ids.partition_of_event(event.id) < grown.settings.partitions
    assert make(creations, **more) == (event, False)


@pytest.mark.parametrize("writes", ["save", "nothing"])
def test_who_dies_before_the_answer_makes_no_second_one(
    grown: Services, creations: CreationService, monkeypatch: pytest.MonkeyPatch, writes: str
) -> None:
    """Whether the event was written or not: the same request makes it, or finds it."""
    store = type(grown.storage.events)
    save = store.save

    def dying(*args: object, **options: object) -> None:
        if writes == "save":
            save(*args, **options)  # type: ignore[arg-type]
        die()

    with monkeypatch.context() as patch:
        patch.setattr(store, "save", dying)
        with pytest.raises(StoreUnavailable):
            make(creations)
    event, is_new = make(creations)
    assert is_new is (writes == "nothing")
    assert make(creations) == (event, False)
    assert [one.id for one in made(grown)] == [event.id]


@pytest.mark.parametrize("somebody_has_died", [False, True])
@pytest.mark.parametrize("step", ["keep", "_create", "create", "save", "remember"])
def test_of_two_at_one_time_one_makes_it(
    grown: Services,
    creations: CreationService,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    *,
    somebody_has_died: bool,
) -> None:
    """Whatever the one has done before the other begins, and ends."""
    store = type(grown.storage.events)
    if somebody_has_died:
        with monkeypatch.context() as patch:
            patch.setattr(store, "save", die)
            with pytest.raises(StoreUnavailable):
                make(creations)
    owners = {"keep": KeptIds, "_create": CreationService, "create": EventService}
    owner = owners.get(step, store)
    wrapped = getattr(owner, step)
    others: list[Event] = []

    def meanwhile(*args: object, **options: object) -> object:
        monkeypatch.undo()
        others.append(make(creations)[0])
        return wrapped(*args, **options)

    monkeypatch.setattr(owner, step, meanwhile)
    event, _ = make(creations)
    assert {one.id for one in others} <= {event.id}
    assert [one.id for one in made(grown)] == [event.id]


def test_what_is_refused_leaves_the_key_free(creations: CreationService, grown: Services) -> None:
    with pytest.raises(InvalidInput):
        make(creations, schedule={"frequency": "never"})
    event, is_new = make(creations)
    assert is_new
    assert [one.id for one in made(grown)] == [event.id]


def test_a_key_means_what_it_was_first_sent_with(creations: CreationService) -> None:
    event, _ = make(creations)
    with pytest.raises(Conflict, match="has made another event"):
        make(creations, name="other")
    creations.events.delete(ids.to_text(event.id), MASTER, None)
    with pytest.raises(Conflict, match="is gone"):
        make(creations)


def test_a_batch_that_is_sent_again_goes_where_it_was(grown: Services) -> None:
    """Also if there are more partitions by then; together batches reach all."""
    store = grown.storage.events
    number = grown.settings.partitions + MORE
    some = [Repetition(1, bytes([one]) * 16, b"b" * 8, number) for one in range(200)]
    places = [partition_of_batch(one, store, number) for one in some]
    assert set(places) == set(range(number))
    assert places == [partition_of_batch(one, store, 4 * number) for one in some]
    early = [Repetition(1, one.seed, one.by) for one in some]
    assert {partition_of_batch(one, store, number) for one in early} == set(
        range(grown.settings.partitions)
    )
