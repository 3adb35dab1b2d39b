"""Events that were there are spread over the partitions that a store was given.

Tests ``app.store.moves``, ``app.store.raises``, ``app.store.whereabouts``, ``app.store.homecoming``,
``app.store.moved_claims`` and ``app.services.moving``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient

from app.domain import ids
from app.domain.access import MASTER
from app.domain.times import to_rfc3339
from app.services.moving import MovingService
from app.services.queries import EventQuery
from app.store import keys
from app.store.calls import Record
from app.store.claims import Claim
from app.store.flow_gate import FlowGate
from app.store.flow_turns import of_partitions
from app.store.growth import GrowthStore
from app.store.homecoming import Homecoming
from app.store.moves import BUSY, MOVED, Fenced, MoveStore
from app.store.past import PastStore
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken
from tests.support.moves import STEPS, Interrupted, Killed, kill

HOUR_MS = 3_600_000
TARGET = "https://h.example/x"
HOURLY = {"frequency": "hourly"}
LOG = b"1,%d000,1200,2,3,4,5,6,%d,0\n"


from_one = pytest.mark.parametrize("services", [1], indirect=True)


@pytest.fixture(autouse=True)
def ids_as_before() -> Iterator[None]:
    yield
    ids.keep_to()


@dataclass
class Moving:
    """A store whose number of partitions was raised, and whoever moves its events."""

    services: Services
    clock: FakeClock
    api: FlaskClient
    former: int
    wanted: int = 0

    def raise_to(self, wanted: int) -> None:
        """Give the store so many partitions, without moving anything."""
        growth, former = self.growth, self.wanted or self.former
        assert growth.begin(wanted)
        assert growth.end(wanted)
        growth._client.hset(
            keys.META.decode(), "moving", f"{former} {wanted} {self.clock.now_ms() + 1}"
        )
        self.services.storage.agreement.follow(growth.numbers())
        self.wanted = wanted

    @property
    def growth(self) -> GrowthStore:
        storage = self.services.storage
        return GrowthStore(storage.client, storage.scripts)

    @property
    def store(self) -> MoveStore:
        storage = self.services.storage
        return MoveStore(storage.client, storage.scripts)

    def run(self, bound: Sequence[bytes] = (), work: Callable[[], object] = lambda: None) -> bool:
        """Move all that can be moved; ``work`` is done while events are waited for."""
        now_s = 0.0

        def pause(seconds: float) -> None:
            nonlocal now_s
            now_s += seconds
            work()

        self.said: list[str] = []
        service = MovingService(
            self.growth,
            self.store,
            self.clock,
            lambda: frozenset(bound),
            self.said.append,
            pause,
            lambda: now_s,
        )
        return service.run()

    def create(self, number: int = 0, **given: object) -> str:
        start = to_rfc3339(NOW_MS + HOUR_MS + number)
        event = {"name": f"e{number}", "start_time": start, "webhook": TARGET, **given}
        answer = self.api.post("/events", json=event)
        assert answer.status_code == 201, answer.json
        return str(answer.json["id"])

    def claim(self, limit: int = 1000) -> list[Claim]:
        """Claim what is due in every partition."""
        work = self.services.storage.work
        self.claims = getattr(self, "claims", 0) + 1
        return [
            one
            for partition in range(max(self.wanted, self.former))
            for one in work.claim(
                partition, b"w", self.claims, now_ms=self.clock.ms, limit=limit, lease_ms=30_000
            )
        ]

    def end(
        self, claims: Sequence[Claim], status: str = "completed", *, callbacks: bool = False
    ) -> None:
        """Record what attempts have come to."""
        code = 200 if status == "completed" else 500
        next_ms = self.clock.ms + 30_000 if status == "retrying" else None
        records = [
            Record(
                one.occurrence_id,
                one.token,
                status,
                code,
                b"",
                None,
                next_ms,
                LOG % (one.scheduled_ms, code),
                callback_id=callback(one) if callbacks else b"",
            )
            for one in claims
        ]
        assert self.services.storage.work.record(records, self.clock.ms) == len(claims)

    def follow(self) -> None:
        """Schedule what follows what was claimed."""
        for partition in range(self.wanted or self.former):
            self.services.successors.repair(partition, self.clock.ms, self.clock.ms, 1000)

    def pack(self) -> None:
        """Pack what has ended an hour ago, in every partition."""
        pages = self.services.storage.work.pages
        for partition in range(self.wanted):
            before_ms = self.clock.ms - HOUR_MS
            found = pages.ended(partition, 0, before_ms, 1000)
            pages.pack(partition, found.occurrences, before_ms)
            pages.trim(partition, found.groups)

    def delete_for_good(self, event: str) -> None:
        """Delete an event, however long its deletion may be undone."""
        store = self.services.storage.events
        found = store.get_many([raw(event)])[0]
        if found is not None:
            store.delete(found, any_version=True, now_ms=self.clock.ms)

    def settle(self) -> None:
        """What upkeep does about movers that were killed."""
        for partition in range(self.wanted):
            self.store.settle(partition, self.clock.ms - 5_000)
            self.store.forget_deleted(partition, 100)

    def places(self) -> dict[bytes, int]:
        """Where each event is."""
        client = self.services.storage.client
        return {
            one: partition
            for partition in range(self.wanted)
            for status in ("active", "paused", "inactive")
            for one in client.zrange(keys.events(partition, status), 0, -1)
        }

    def listed(self) -> list[str]:
        found = self.services.events.list(EventQuery(limit=1000), MASTER).items
        return [ids.to_text(event.id) for event in found]

    def history(self, event: str) -> dict[str, str]:
        """What an event lists, each with its status."""
        found = self.api.get(f"/events/{event}/occurrences?limit=100").json
        every = self.api.get(f"/occurrences?event_id={event}&limit=100").json["data"]
        assert found == every
        return {one["id"]: one["status"] for one in found}

    def forget(self) -> None:
        """Know of no event where it is, as another process that was just started."""
        ids.keep_to()
        self.growth.numbers().keep()

    def sound(self) -> None:
        """Every key fits to every other."""
        assert broken(self.services.storage.client, self.wanted) == []


@pytest.fixture(params=[1, 4], ids=["from-1", "from-4"])
def services(start_services: Callable[..., Services], request: pytest.FixtureRequest) -> Services:
    return start_services(partitions=request.param)


@pytest.fixture
def moving(services: Services, clock: FakeClock, client: FlaskClient) -> Moving:
    services.storage.agreement.agree()
    return Moving(services, clock, client, services.settings.partitions)


def test_they_are_spread_evenly_and_stay_what_they_are(moving: Moving) -> None:
    made = [moving.create(number, tags=["a"]) for number in range(300)]
    before = [moving.api.get(f"/events/{one}").json for one in made]
    moving.raise_to(moving.former + 3)
    assert moving.run()
    counts = Counter(moving.places().values())
    fair = len(made) / moving.wanted
    assert all(abs(counts[one] - fair) < 6 * fair**0.5 for one in range(moving.wanted)), counts
    assert moving.said[-1].endswith("events moved.")
    moving.sound()
    for _ in range(2):
        assert [moving.api.get(f"/events/{one}").json for one in made] == before
        moving.forget()
    assert moving.listed() == made[::-1]
    moving.clock.advance(2 * HOUR_MS)
    claims = moving.claim()
    assert {ids.to_text(one.event_id) for one in claims} == set(made)
    moving.end(claims)
    moving.sound()
    assert moving.growth.moving() is None
    assert moving.run()


def test_series_go_on_elsewhere_and_their_history_is_whole(moving: Moving) -> None:
    made = [moving.create(number, schedule=HOURLY) for number in range(12)]
    attempted: dict[str, list[str]] = {one: [] for one in made}

    def attempt(status: str) -> None:
        moving.clock.advance(HOUR_MS)
        claims = moving.claim()
        assert sorted(ids.to_text(one.event_id) for one in claims) == sorted(made)
        for one in claims:
            attempted[ids.to_text(one.event_id)].append(ids.to_text(one.occurrence_id))
        moving.end(claims, status)
        moving.follow()

    moving.clock.advance(1000)
    attempt("failed")
    for _ in range(2):  # some move on, and leave two partitions behind
        moving.raise_to((moving.wanted or moving.former) + 3)
        assert moving.run()
        moving.sound()
        attempt("completed")
        moving.forget()
    assert {place >= moving.former for place in moving.places().values()} == {True, False}
    for event, its in attempted.items():
        history = moving.history(event)
        assert [history[one] for one in its] == ["failed", "completed", "completed"]
        assert len(history) == 4
        for one in its:
            assert moving.api.get(f"/occurrences/{one}").json["event_id"] == event
        last = moving.services.storage.events.get(raw(event))
        assert [
            ids.to_text(one) for one in moving.services.storage.occurrences.last_of([last], 2)[0]
        ] == its[:0:-1]
    moving.sound()


def callback(claim: Claim) -> bytes:
    return ids.callback_id(claim.event_id, claim.occurrence_id, "on_failure")


def raw(event_id: str) -> bytes:
    found = ids.from_text(event_id, version=7)
    assert found is not None
    return found


@from_one
def test_an_event_is_found_however_often_it_has_moved_on(moving: Moving) -> None:
    event, store = moving.create(schedule=HOURLY), moving.store
    moving.raise_to(20)
    for partition in range(19):
        store.begin(partition)
        assert store.move(partition, partition + 1, [raw(event)], moving.clock.ms) == {
            raw(event): MOVED
        }
    for _ in range(2):
        moving.forget()
        assert moving.api.get(f"/events/{event}").status_code == 200
    moving.sound()
    moving.delete_for_good(event)
    left = [*moving.services.storage.client.scan_iter(match=b"qh:*:event:*")]
    assert not [key for key in left if key.endswith(raw(event))]
    assert moving.api.get(f"/events/{event}").status_code == 404


@pytest.fixture
def moved(moving: Moving) -> str:
    """A series with one failed attempt that has gone to another partition since."""
    made = [moving.create(number, schedule=HOURLY, tags=["a"]) for number in range(24)]
    moving.clock.advance(HOUR_MS + 1000)
    moving.end(moving.claim(), "failed")
    moving.follow()
    moving.raise_to(moving.former + 3)
    assert moving.run()
    moving.forget()
    places = moving.places()
    return next(one for one in made if places[raw(one)] >= moving.former)


def failed_of(moving: Moving, event: str) -> str:
    return next(one for one, status in moving.history(event).items() if status == "failed")


def test_it_is_changed_by_its_id(moving: Moving, moved: str) -> None:
    changed = moving.api.patch(f"/events/{moved}", json={"name": "another", "tags": ["b"]})
    assert changed.status_code == 200
    moving.forget()
    assert moving.api.get(f"/events/{moved}").json["name"] == "another"
    for query in ("tags=b", "name=another"):
        assert [one["id"] for one in moving.api.get(f"/events?{query}").json] == [moved]
    moving.sound()


def test_it_is_paused_and_resumed(moving: Moving, moved: str) -> None:
    assert moving.api.post(f"/events/{moved}/pause").status_code == 200
    moving.forget()
    assert moving.api.post(f"/events/{moved}/resume").status_code == 200
    moving.sound()
    moving.clock.advance(HOUR_MS)
    assert moved in {ids.to_text(one.event_id) for one in moving.claim()}


def test_it_is_deleted_and_nothing_leads_to_it_any_more(moving: Moving, moved: str) -> None:
    failed = failed_of(moving, moved)
    moving.forget()
    assert moving.api.delete(f"/events/{moved}").status_code == 204
    moving.delete_for_good(moved)
    moving.forget()
    assert moving.api.get(f"/events/{moved}").status_code == 404
    assert moving.api.get(f"/occurrences/{failed}").json["status"] == "failed"
    client = moving.services.storage.client
    assert not client.exists(keys.event(ids.first_partition_of(raw(moved)), raw(moved)))
    moving.sound()


def test_it_waits_for_a_flow_that_it_is_given_afterwards(moving: Moving, moved: str) -> None:
    """Whoever serves the flow finds it where it waits, and not where its id says."""
    answer = moving.api.patch(f"/events/{moved}", json={"flow": {"key": "f", "concurrency": 1}})
    assert answer.status_code == 200, answer.json
    moving.clock.advance(HOUR_MS)
    assert raw(moved) not in {one.event_id for one in moving.claim()}
    moving.forget()
    storage, now_ms = moving.services.storage, moving.clock.ms
    gate = FlowGate(storage.client, storage.scripts, moving.wanted)
    waiting = gate.peek(now_ms, 10, 10, now_ms + 1000).members
    (flow,) = waiting
    (partition,) = of_partitions(waiting)
    assert partition == moving.places()[raw(moved)]
    (claim,), _ = gate.claim(
        partition, waiting, {flow: now_ms}, b"t", now_ms=now_ms, deadline_ms=now_ms + 30_000
    )
    assert claim.event_id == raw(moved)
    moving.end([claim])
    moving.follow()
    moving.sound()


def test_it_is_triggered(moving: Moving, moved: str) -> None:
    one = moving.api.post(f"/events/{moved}/trigger").json["id"]
    moving.forget()
    assert moving.api.get(f"/occurrences/{one}").json["status"] == "scheduled"
    claims = [claim for claim in moving.claim() if ids.to_text(claim.occurrence_id) == one]
    moving.end(claims)
    moving.forget()
    assert moving.api.get(f"/occurrences/{one}").json["status"] == "completed"
    moving.sound()


def test_what_had_failed_before_is_redelivered(moving: Moving, moved: str) -> None:
    """It is brought to its event for that, out of its page if need be."""
    failed = failed_of(moving, moved)
    for packed in (False, True):
        if packed:
            moving.clock.advance(2 * HOUR_MS)
            moving.pack()
        moving.forget()
        answer = moving.api.post(f"/occurrences/{failed}/retry")
        assert answer.status_code == 202, answer.json
        moving.sound()
        claims = [one for one in moving.claim() if ids.to_text(one.occurrence_id) == failed]
        assert [one.event_id for one in claims] == [raw(moved)]
        assert claims[0].definition is not None
        moving.end(claims, "failed")
        assert list(moving.history(moved)).count(failed) == 1
        moving.sound()


def test_what_was_brought_home_is_not_restored_again_from_an_archive(
    moving: Moving, moved: str
) -> None:
    failed = ids.from_text(failed_of(moving, moved), version=8)
    assert failed is not None
    storage = moving.services.storage
    (past,) = storage.occurrences.past([failed])
    assert past is not None
    homecoming = Homecoming(storage.client, storage.scripts)
    assert homecoming.bring([failed], moving.clock.ms) == [failed]
    moving.forget()
    assert PastStore(storage.client, storage.scripts).add([past], moving.clock.ms) == 0
    moving.sound()


def test_a_time_that_there_was_before_is_not_added_again(moving: Moving, moved: str) -> None:
    event = moving.services.storage.events.get(raw(moved))
    failed = failed_of(moving, moved)
    at_ms = ids.scheduled_ms(ids.from_text(failed, version=8) or b"")
    now_ms = moving.clock.ms
    assert moving.services.storage.events.add_occurrences(event, [(at_ms, now_ms)], now_ms) == 0
    assert list(moving.history(moved)).count(failed) == 1
    moving.sound()


def test_a_callback_that_was_left_behind_is_sent(moving: Moving) -> None:
    """Its event is elsewhere when it falls due, and while it is retried."""
    told = {"on_failure": "https://h.example/failed", "hmac_secret": "s" * 32}
    made = [moving.create(number, schedule=HOURLY, **told) for number in range(24)]
    moving.clock.advance(HOUR_MS + 1000)
    first = moving.claim()
    moving.end(first, "failed", callbacks=True)
    moving.follow()
    moving.raise_to(moving.former + 3)
    assert moving.run()
    moving.forget()
    left = [one for one in moving.claim() if one.callback is not None]
    assert sorted(ids.to_text(one.event_id) for one in left) == sorted(made)
    for one in left:
        assert one.action.target == "https://h.example/failed"
        assert one.secret is not None
    moving.end(left, "retrying")
    moving.clock.advance(60_000)
    again = moving.claim()
    assert sorted(one.occurrence_id for one in again) == sorted(one.occurrence_id for one in left)
    moving.end(again)
    moving.sound()


def test_what_is_bound_to_its_partition_stays(moving: Moving) -> None:
    flow = {"flow": {"key": "f"}}
    kinds = [
        {"key": "mine"},
        flow,
        {"key": "m2", "schedule": HOURLY},
        {"flow": {"key": "g"}, "schedule": HOURLY},
    ]
    bound = [moving.create(number, **kind) for number, kind in enumerate(kinds * 3) if kind == flow]
    bound += [moving.create(9, key=f"k{number}") for number in range(24)]
    others = [moving.create(number) for number in range(24)]
    moving.raise_to(moving.former + 3)
    assert moving.run(bound=[raw(one) for one in others])
    assert all(place < moving.former for place in moving.places().values())
    assert moving.said[-1] == "0 events moved."
    moving.sound()


def test_one_that_is_under_way_is_waited_for(moving: Moving) -> None:
    made = [moving.create(number, schedule=HOURLY) for number in range(24)]
    moving.clock.advance(HOUR_MS + 1000)
    claims = moving.claim()
    moving.follow()
    moving.raise_to(moving.former + 3)
    assert not moving.run()
    assert "have an attempt under way" in moving.said[-1]
    assert all(place < moving.former for place in moving.places().values())
    assert moving.growth.moving() is not None
    waits = iter(range(1000))

    def work() -> None:
        if next(waits) == 3:
            moving.end(claims)

    assert moving.run(work=work)
    assert any(place >= moving.former for place in moving.places().values())
    assert len(moving.listed()) == len(made)
    moving.sound()


@pytest.fixture
def about_to_move(moving: Moving) -> tuple[Moving, str, int]:
    """An event of the partition 0 that is to move, among others, and where it goes."""
    made = [moving.create(number, schedule=HOURLY, tags=["a"]) for number in range(24)]
    moving.raise_to(moving.former + 3)
    plan = moving.growth.moving()
    assert plan is not None
    # (That all of these stay happens once in 10**14 runs.)
    return next((moving, one, target) for one in made if (target := plan.target(raw(one))))


def move_one(
    moving: Moving, event: str, target: int, before: str, what: Callable[[], object]
) -> str:
    """Move one event; something happens before one of the scripts."""
    storage = moving.services.storage
    store = MoveStore(storage.client, Interrupted(storage.scripts, before, what))
    store.begin(0)
    return store.move(0, target, [raw(event)], moving.clock.ms)[raw(event)]


@from_one
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("by", ["upkeep", "a reader", "the next run"])
def test_one_whose_mover_is_killed_is_in_one_place(
    about_to_move: tuple[Moving, str, int], step: str, by: str
) -> None:
    moving, event, target = about_to_move
    with pytest.raises(Killed):
        move_one(moving, event, target, step, kill)
    moving.forget()
    assert event in moving.listed()
    if by == "a reader":
        assert moving.api.get(f"/events/{event}").status_code == 200
    elif by == "the next run":
        assert moving.run()
    if by != "the next run":
        moving.clock.advance(10_000)
        moving.settle()
    moving.forget()
    assert moving.listed().count(event) == 1
    moving.sound()
    moving.clock.advance(HOUR_MS + 1000)
    assert [ids.to_text(one.event_id) for one in moving.claim()].count(event) == 1


def changed(moving: Moving, event: str) -> None:
    assert moving.api.patch(f"/events/{event}", json={"name": "changed"}).status_code == 200


def deleted(moving: Moving, event: str) -> None:
    assert moving.api.delete(f"/events/{event}").status_code == 204
    moving.delete_for_good(event)


def claimed(moving: Moving, _event: str) -> None:
    moving.clock.advance(HOUR_MS + 1000)
    moving.claim()


def triggered(moving: Moving, event: str) -> None:
    assert moving.api.post(f"/events/{event}/trigger").status_code == 202


@from_one
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("what", [changed, deleted, claimed, triggered])
def test_what_happens_meanwhile_is_not_lost(
    about_to_move: tuple[Moving, str, int], step: str, what: Callable[[Moving, str], None]
) -> None:
    """Whoever comes between two steps finds the event, and the mover finds what he has done."""
    moving, event, target = about_to_move
    word = move_one(moving, event, target, step, lambda: what(moving, event))
    assert word in ("gone", BUSY, MOVED)
    moving.forget()
    moving.follow()
    moving.sound()
    if what is deleted:
        assert moving.api.get(f"/events/{event}").status_code == 404
        return
    found = moving.api.get(f"/events/{event}").json
    assert found["name"] == ("changed" if what is changed else found["name"])
    assert moving.listed().count(event) == 1
    if what is claimed:
        assert sorted(moving.history(event).values()) == (
            ["scheduled"] if step == "open_event" else ["dispatched", "scheduled"]
        )


@from_one
def test_a_mover_that_was_held_up_does_not_go_on(
    about_to_move: tuple[Moving, str, int],
) -> None:
    moving, event, target = about_to_move

    def settled() -> None:
        moving.clock.advance(10_000)
        moving.settle()

    with pytest.raises(Fenced):
        move_one(moving, event, target, "leave_event", settled)
    assert moving.places()[raw(event)] == 0
    moving.sound()
    assert moving.run()
    assert moving.places()[raw(event)] == target
    moving.sound()
