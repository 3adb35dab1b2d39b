"""A store gets more partitions while processes work with it, of which each learns in its turn."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.config import Settings
from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import webhook
from app.domain.process import ProcessFacts
from app.engine.canary import clear_partition
from app.errors import ConfigError
from app.services.growth import LOOK_S, SETTLED_S, GrowthService
from app.services.queries import EventChanges, EventQuery
from app.store import keys
from app.store.calls import Record
from app.store.canary import CanaryStore
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.growth import GrowthStore
from app.store.meta_field import MetaField
from app.store.moves import MoveStore
from app.store.partitions import by_partition
from app.store.raises import Raise
from app.wiring.canary import canary_sender
from app.wiring.doubles import Doubles
from app.wiring.services import Services, build_services
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken
from tests.support.moves import STEPS, Interrupted, Killed, kill
from tests.support.services import FakeDrains, FakeUpkeep

HOUR_MS = 3_600_000
TARGET = webhook("https://h.example/x")


@pytest.fixture(autouse=True)
def ids_as_before() -> Iterator[None]:
    yield
    ids.keep_to()


def process(services: Services, clock: FakeClock, **changed: object) -> Services:
    """Another process with the same store."""
    doubles = Doubles(clock=clock, drain_queue=FakeDrains(), upkeep_queue=FakeUpkeep())
    return build_services(replace(services.settings, **changed), doubles)  # type: ignore[arg-type]


def hear(one: Services) -> None:
    """Have a process say that it is alive, as it does every few seconds."""
    heard = one.processes.announce()
    if one.storage.agreement.follow(heard.numbers):
        one.processes.announce()


class Command:
    """The command that raises the number, with a clock of its own; ``work`` is done meanwhile."""

    def __init__(self, services: Services, work: Callable[[], object] = lambda: None) -> None:
        self.storage, self.now_s, self.said = services.storage, 0.0, list[str]()
        self.work = work
        self.service = GrowthService(
            GrowthStore(self.storage.client, self.storage.scripts),
            services.processes.alive,
            self._clear,
            self.said.append,
            pause=self._pause,
            monotonic=lambda: self.now_s,
        )

    def _clear(self, partition: int) -> bool:
        storage = self.storage
        works = storage.events, storage.work, storage.clock
        return clear_partition(CanaryStore(storage.client), *works, partition)

    def _pause(self, seconds: float) -> None:
        self.now_s += seconds
        self.work()


def create(one: Services, number: int, **given: object) -> str:
    changes = {"start_time": NOW_MS + HOUR_MS + number, "action": TARGET}
    event = one.events.create(EventChanges({"name": "e", **changes, **given}), MASTER)
    return ids.to_text(event.id)


def listed(one: Services) -> set[str]:
    found = one.events.list(EventQuery(limit=1000), MASTER).items
    assert len(found) == len({event.id for event in found})
    return {ids.to_text(event.id) for event in found}


def test_a_process_that_does_not_know_is_named_and_waited_for(
    services: Services, clock: FakeClock
) -> None:
    services.storage.agreement.agree()
    hear(services)
    former = services.settings.partitions
    looks = iter(range(1_000))

    def work() -> None:
        if next(looks) == 40:
            assert GrowthStore(services.storage.client, services.storage.scripts).numbers() == (
                replace(numbers, looked_into=former + 3, named=former)
            )
            hear(services)

    numbers = GrowthStore(services.storage.client, services.storage.scripts).numbers()
    command = Command(process(services, clock), work)
    command.service.raise_to(former + 3)
    assert services.processes.own.place in command.said[1]
    assert command.now_s >= 40 * LOOK_S > SETTLED_S
    hear(services)
    assert operator.index(services.storage.partitions.for_new) == former + 3


def test_one_of_an_earlier_version_is_waited_for_until_it_is_gone(
    services: Services, clock: FakeClock
) -> None:
    services.storage.agreement.agree()
    old = ProcessFacts("deliver", "host", 7, version="0.1")
    services.storage.processes.announce("old", old.to_json(), clock.now_ms() + 60_000)
    looks = iter(range(1_000))

    def work() -> None:
        if next(looks) == 10:
            services.storage.processes.gone("old")

    command = Command(services, work)
    command.service.raise_to(9)
    assert "deliver on host (pid 7), whose version (0.1) can't follow" in command.said[1]
    assert command.now_s >= max(10 * LOOK_S, SETTLED_S)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [(0, "can't be fewer"), (5000, "at most 4096"), (6, "go on with --partitions 7")],
)
def test_what_can_not_be_is_refused_with_the_reason(
    services: Services, wanted: int, why: str
) -> None:
    services.storage.agreement.agree()
    GrowthStore(services.storage.client, services.storage.scripts).begin(7)
    with pytest.raises(ConfigError, match=why):
        Command(services).service.raise_to(wanted)


def test_a_store_that_nobody_has_used_needs_no_raise(services: Services) -> None:
    with pytest.raises(ConfigError, match="Nobody has used this store"):
        Command(services).service.raise_to(8)


def test_what_is_there_already_is_said(services: Services) -> None:
    services.storage.agreement.agree()
    command = Command(services)
    command.service.raise_to(services.settings.partitions)
    count = "1 partition" if services.settings.partitions == 1 else "4 partitions"
    assert command.said == [f"The store has {count} already."]


def test_one_that_was_started_with_the_former_number_follows_and_warns(
    services: Services, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    services.storage.agreement.agree()
    Command(services).service.raise_to(9)
    late = process(services, clock)
    late.storage.agreement.agree()
    assert late.storage.lists._partitions == 9
    assert "set QHRONOS_PARTITIONS=9" in caplog.text
    for unfit in (2, 12):
        with pytest.raises(ConfigError, match="QHRONOS_PARTITIONS=9"):
            process(services, clock, partitions=unfit).storage.agreement.agree()


def test_one_that_has_not_asked_yet_is_no_obstacle(services: Services, clock: FakeClock) -> None:
    """A web process asks with its first request, which may be hours away."""
    services.storage.agreement.agree()
    idle = process(services, clock)
    Command(services, lambda: hear(idle)).service.raise_to(9)
    hear(idle)
    idle.storage.agreement.agree()
    assert listed(idle) == set()
    assert idle.storage.lists._partitions == 9


def test_a_store_that_has_lost_the_raise_is_told_again(services: Services) -> None:
    """A failover may lose what was written last: nothing that is stored gets out of sight."""
    services.storage.agreement.agree()
    Command(services).service.raise_to(9)
    hear(services)
    client = services.storage.client
    client.hset(keys.META.decode(), "partitions", str(services.settings.partitions))
    client.hdel(keys.META.decode(), "raised", "named")
    hear(services)
    assert services.storage.lists._partitions == 9
    assert GrowthStore(client, services.storage.scripts).numbers().for_new == 9


def test_of_two_raises_at_once_none_tells_a_number_that_the_store_does_not_have(
    services: Services,
) -> None:
    """A process that were started with it would be refused."""
    services.storage.agreement.agree()
    more = Command(services)
    fewer = Command(services, lambda: more.said or more.service.raise_to(11))
    fewer.service.raise_to(9)
    for one in (more, fewer):
        (last,) = (said for said in one.said if "QHRONOS_PARTITIONS=" in said)
        assert "QHRONOS_PARTITIONS=11" in last


def test_a_canary_that_nobody_delivers_is_told_of(services: Services, clock: FakeClock) -> None:
    """As without a worker, which nothing else waits for."""
    canary = process(services, clock, canary_ms=60_000)
    canary.storage.agreement.agree()
    partition = services.settings.partitions
    canary_sender(canary.storage).send()
    clock.advance(60_000)
    work = canary.storage.work
    (claim,) = work.claim(partition, b"w", 1, now_ms=clock.ms, limit=9, lease_ms=30_000)
    command = Command(canary, lambda: "a worker has to run" in command.said[-1] and end())

    def end() -> None:
        failed = Record(claim.occurrence_id, claim.token, "failed", None, b"", None, None, b"")
        work.record([failed], clock.ms)

    command.service.raise_to(partition + 2)
    assert len([said for said in command.said if "a worker has to run" in said]) == 1
    assert command.said[-1].startswith("Done")


def test_what_a_canary_has_left_is_in_no_list(services: Services, clock: FakeClock) -> None:
    """Its partition is behind all others, and one of them afterwards."""
    canary = process(services, clock, canary_ms=60_000)
    canary.storage.agreement.agree()
    partition = services.settings.partitions
    canary_sender(canary.storage).send()
    clock.advance(60_000)
    work = canary.storage.work
    (claim,) = work.claim(partition, b"w", 1, now_ms=clock.ms, limit=9, lease_ms=30_000)
    command = Command(canary, lambda: end(clear_after=SETTLED_S + 1))

    def end(clear_after: float) -> None:
        """While it is under way it is waited for."""
        if command.now_s > clear_after:
            log = b"1,%d000,1200,2,3,4,5,6,200,0\n" % claim.scheduled_ms
            done = Record(claim.occurrence_id, claim.token, "completed", 200, b"", None, None, log)
            work.record([done], clock.ms)

    command.service.raise_to(partition + 2)
    assert command.now_s > SETTLED_S + 1
    assert listed(canary) == set()
    client = canary.storage.client
    left = set(client.scan_iter(match=f"qh:{{{partition}}}:*"))
    assert not [one for one in left if b":events:" in one or b":occurrences:" in one]
    assert broken(client, partition + 2) == []


class Installation:
    """Three processes of which each has heard the latest, or not, and what they have made."""

    def __init__(self, url: str, partitions: int) -> None:
        with connect(url) as client:
            client.flushall()
        ids.keep_to()
        self.clock = FakeClock()
        given = Settings(
            redis_url=url, partitions=partitions, jwt_secret="j" * 32, signing_secret="s" * 32
        )
        doubles = Doubles(clock=self.clock, drain_queue=FakeDrains(), upkeep_queue=FakeUpkeep())
        self.processes = [build_services(given, doubles) for _ in range(3)]
        for one in self.processes:
            assert one.storage.agreed
            hear(one)
        self.growth = GrowthStore(one.storage.client, one.storage.scripts)
        self.number = self.wanted = partitions
        self.made: set[str] = set()
        self.once: dict[str, str] = {}
        self.keyed: dict[str, str] = {}

    def end_raise(self) -> None:
        """End it as the command does: if all who are alive look into so many."""
        found = self.processes[0].processes.alive()
        if len(found) == 3 and all(one.partitions >= self.wanted for one in found):
            assert self.growth.end(self.wanted)
            former, self.number = self.number, self.growth.numbers().for_new
            if self.number > former:  # (The store's clock is not that of the test.)
                plan = f"{former} {self.number} {self.clock.now_ms() + 1}"
                self.client.hset(keys.META.decode(), MetaField.MOVING, plan)

    @property
    def client(self) -> StoreClient:
        return self.processes[0].storage.client

    def move(self, killed_before: str) -> None:
        """Move what is to be moved, until the mover is killed before one of its scripts."""
        plan = self.growth.moving()
        if plan is None:
            return
        scripts = Interrupted(self.processes[0].storage.scripts, killed_before, kill)
        moves = MoveStore(self.client, scripts)
        with contextlib.suppress(Killed):
            for partition in range(plan.former):
                moves.begin(partition)
                for _, chosen in moves.candidates(partition, plan):
                    for target, some in by_partition(chosen, partial(target_of, plan)).items():
                        moves.move(partition, target, some, self.clock.ms)

    def settle(self) -> None:
        """Do what upkeep does about movers that were killed."""
        moves = MoveStore(self.client, self.processes[0].storage.scripts)
        for partition in range(self.number):
            moves.settle(partition)

    def act(self, what: str, which: int, name: int) -> None:
        one = self.processes[which]
        match what:
            case "hear":
                hear(one)
            case "begin":
                self.wanted = max(self.wanted, name + 1)
                assert self.growth.begin(self.wanted)
            case "end":
                self.end_raise()
            case "move":
                self.move((*STEPS, "", "", "")[name])
            case "create":
                self.made.add(create(one, len(self.made)))
            case "once":
                given = {"start_time": NOW_MS + HOUR_MS, "name": "e", "action": TARGET}
                event, is_new = one.intake.creations.create(EventChanges(given), MASTER, f"{name}")
                found = ids.to_text(event.id)
                assert self.once.setdefault(f"{name}", found) == found
                assert is_new == (found not in self.made)
                self.made.add(found)
            case "put":
                event, is_new = one.intake.keys.put(
                    f"{name}",
                    EventChanges({"name": f"{len(self.made)}"}),
                    MASTER,
                    lambda _: None,
                    complete=lambda some: EventChanges(
                        {"start_time": NOW_MS + HOUR_MS, "action": TARGET, **some.given}
                    ),
                )
                found = ids.to_text(event.id)
                assert self.keyed.setdefault(f"{name}", found) == found
                assert is_new == (found not in self.made)
                self.made.add(found)

    def check(self) -> None:
        """Each process finds each event, once, whatever it has heard."""
        self.settle()
        for one in self.processes:
            assert listed(one) == self.made
            for event_id in self.made:
                assert ids.to_text(one.events.get(event_id, MASTER).id) == event_id
            for key, event_id in self.keyed.items():
                assert ids.to_text(one.intake.keys.get(key, MASTER).id) == event_id
        assert broken(self.client, max(self.wanted, self.number)) == []

    def deliver(self) -> set[str]:
        """What the processes that have heard the latest claim, an hour and a bit later."""
        for one in self.processes:
            hear(one)
        work = self.processes[0].storage.work
        self.clock.advance(2 * HOUR_MS)
        claims = [
            claim
            for partition in range(work.partitions)
            for claim in work.claim(
                partition, b"w", partition + 1, now_ms=self.clock.ms, limit=99, lease_ms=1_000
            )
        ]
        assert len({one.occurrence_id for one in claims}) == len(claims)
        return {ids.to_text(one.event_id) for one in claims}

    def close(self) -> None:
        for one in self.processes:
            one.storage.client.close()


def target_of(plan: Raise, event_id: bytes) -> int:
    target = plan.target(event_id)
    assert target is not None
    return target


ACTS = st.tuples(
    st.sampled_from(["hear", "hear", "begin", "end", "create", "once", "put", "move"]),
    st.integers(0, 2),
    st.integers(0, 6),
)


EVERYBODY_HEARS = [("hear", which, 0) for which in range(3)]
ALL_NAMES = [(act, name % 3, name) for act in ("put", "once") for name in range(7)]
ONE_HEARS = [("begin", 0, 6), ("hear", 0, 0), ("end", 0, 0), ("hear", 0, 0)]
RAISE = [("begin", 0, 6), *EVERYBODY_HEARS, ("end", 0, 0), *EVERYBODY_HEARS]


CREATED = [("create", 0, 0)] * 9
KILLED = [("move", 0, step) for step in range(4)]


@example(partitions=2, acts=[*CREATED, *ALL_NAMES, *RAISE, *KILLED, *ALL_NAMES])
@example(partitions=2, acts=[*CREATED, *RAISE, *KILLED, ("move", 0, 6), *ALL_NAMES])
@example(partitions=1, acts=[*ONE_HEARS, *[("create", 0, 0)] * 9])
@example(partitions=3, acts=[*ALL_NAMES, *ONE_HEARS, *ALL_NAMES])
@example(partitions=2, acts=[*ALL_NAMES, *RAISE, *ALL_NAMES])
@given(partitions=st.integers(1, 3), acts=st.lists(ACTS, max_size=25))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whoever_knows_how_much_finds_everything_once(
    store_server: str, partitions: int, acts: list[tuple[str, int, int]]
) -> None:
    """Also while some have heard of a raise and others have not, and names mean the same to all."""
    installation = Installation(store_server, partitions)
    try:
        for act in acts:
            installation.act(*act)
        installation.check()
        assert installation.deliver() == installation.made
    finally:
        installation.close()
