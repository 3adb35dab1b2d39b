"""What is restored is what was there, in as many partitions as are asked for.

Tests ``app.backup.copying``, ``app.backup.surveys`` and ``app.store.restores``, too.
"""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

from app import __version__
from app.backup import copying, restoring
from app.backup.copying import StoreCopy
from app.backup.loading import LoadedBackup
from app.backup.restoring import restore
from app.backup.snapshots import describe
from app.backup.surveys import Survey, Tell
from app.backup.wording import BackupRefused
from app.config import Settings
from app.domain.access import MASTER
from app.domain.action import webhook
from app.domain.event import Event
from app.domain.ids import occurrence_id
from app.domain.process import ProcessFacts
from app.engine.canary import CanarySender
from app.errors import ConfigError, StoreUnavailable
from app.services import processes
from app.services.audit import Act
from app.services.event_places import KeyTaken
from app.services.processes import ProcessService
from app.services.queries import EventChanges, EventQuery
from app.services.stats import StatsQuery
from app.store import keys
from app.store.calls import Record
from app.store.canary import CanaryStore
from app.store.claims import Claim
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.coordination import Coordination
from app.store.meta_field import MetaField
from app.store.migrations.schema import FENCED
from app.store.pages import PageStore
from app.store.processes import ProcessStore
from app.store.restores import RestoredStore
from app.store.scripts import Scripts
from app.wiring.doubles import Doubles
from app.wiring.services import Services, build_services
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken, snapshot
from tests.support.services import FakeDrains, FakeUpkeep
from tests.support.wait import wait_until

HOUR_MS = 3_600_000
META = keys.META.decode()
MANY = 40
TOKEN = "0e4fb6b7-9e2b-4ad6-9d0e-1e9bdb2a7a11"


def services_of(url: str, partitions: int, clock: FakeClock) -> Services:
    settings = Settings(
        redis_url=url, partitions=partitions, jwt_secret="j" * 32, signing_secret="s" * 32
    )
    doubles = Doubles(clock=clock, drain_queue=FakeDrains(), upkeep_queue=FakeUpkeep())
    return build_services(settings, doubles)


def url_of(client: StoreClient) -> str:
    return "unix://" + client.connection_pool.connection_kwargs["path"]


def fill(services: Services, clock: FakeClock) -> list[Event]:
    """Events of every kind, and occurrences in every state; the clock stands half an hour later."""
    services.storage.agreement.migrate()
    made = []
    for number in range(MANY):
        given: dict[str, Any] = {
            "name": f"event {number % 7}",
            "start_time": NOW_MS + number * 60_000 + 1,
            "action": webhook(f"https://host{number % 5}.example/hook"),
            "tags": (f"tag{number % 3}",),
        }
        given |= {"key": f"key-{number}"} if number % 3 == 0 else {}
        given |= {"schedule": {"frequency": "daily"}} if number % 4 == 0 else {}
        given |= {"flow": {"key": "acme", "concurrency": 1}} if number % 5 == 0 else {}
        made.append(services.events.create(EventChanges(given), MASTER))
    clock.advance(HOUR_MS // 2)
    ends = ("completed", "retrying", "failed", "dispatched")
    for claim, verdict in zip(claimed(services, clock), ends, strict=False):
        again = clock.ms + 60_000 if verdict in ("retrying", "dispatched") else None
        log = b"1,%d000,1200,2,3,4,5,6,200,0\n" % claim.scheduled_ms
        one = Record(claim.occurrence_id, claim.token, verdict, 200, b"yes", None, again, log)
        services.storage.work.record([one], clock.now_ms())
    pages = PageStore(services.storage.client, Scripts(services.storage.client))
    for partition in range(services.settings.partitions):
        ended = pages.ended(partition, 0, clock.ms + 1, 100).occurrences
        pages.pack(partition, ended[::2], clock.ms + 1)
    services.tokens.register(TOKEN, MASTER, 4_000_000_000_000, None)
    services.audit.record(Act("me", None, None, "test", None, None, None, "r1"))
    services.storage.client.set("qh:{0}:answer:brief", b"a", px=90_000)
    return made


def claimed(services: Services, clock: FakeClock) -> list[Claim]:
    """Some of what is due, of every partition."""
    work, found = services.storage.work, []
    for partition in range(services.settings.partitions):
        clock.advance(1)
        number = clock.ms - NOW_MS
        found += work.claim(partition, b"worker", number, now_ms=clock.ms, limit=9, lease_ms=30_000)
    return found


def loaded(services: Services) -> LoadedBackup:
    """The store of other services, as if its backup had been loaded."""
    client = services.storage.client
    return LoadedBackup(describe(client, __version__), client, 0, is_encrypted=False)


def restored(
    source: Services,
    target: StoreClient,
    partitions: int,
    clock: FakeClock,
    tell: Tell = lambda _some: None,
) -> Services:
    restore(loaded(source), "the file", target, partitions, tell)
    services = services_of(url_of(target), partitions, clock)
    services.storage.agreement.migrate()
    return services


def events_by_id(services: Services) -> dict[bytes, Event]:
    return {one.id: one for one in services.events.list(EventQuery(limit=1000), MASTER).items}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (4, 3)], ids=str)
def test_all_is_there_in_another_number_of_partitions(
    before: int, after: int, store_url: str, target: StoreClient, clock: FakeClock
) -> None:
    """With the same ids: each is found by id, name, key, host, tag and status, and goes on."""
    source = services_of(store_url, before, clock)
    fill(source, clock)
    events, brief = events_by_id(source), source.storage.client.pttl("qh:{0}:answer:brief")
    told: list[bytes] = []
    there = restored(source, target, after, clock, told.extend)
    assert broken(target, after) == []
    assert events_by_id(there) == events
    for one in events.values():
        query = EventQuery(name=one.definition.name, limit=1000)
        assert one.id in {found.id for found in there.events.list(query, MASTER).items}
        if name := one.options.key_name:
            assert there.storage.events.keyed([name]) == [one]
    hosts = EventQuery(target_host="host1.example", limit=1000)
    assert len(there.events.list(hosts, MASTER).items) == MANY // 5
    assert 0 < target.pttl("qh:{0}:answer:brief") <= brief
    assert there.tokens.list(None, 10, None).items
    assert "".join(there.audit.export()).count("\n") == 1
    assert _goes_on(there, clock) <= set(told)  # what is delivered now may have been before
    assert len(told) == len(set(told))
    assert broken(target, after) == []


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (4, 3)], ids=str)
@pytest.mark.parametrize("died", ["before", "in the middle of", "after"])
def test_figures_are_what_they_were(
    before: int, after: int, died: str, store_url: str, target: StoreClient, clock: FakeClock
) -> None:
    """Wherever rolling up was when the backup was made, nothing is lost or counted twice."""
    source = services_of(store_url, before, clock)
    fill(source, clock)
    if died == "in the middle of":
        rolled_up = source.figures.roll_ups.store
        rolled_up.take(rolled_up.state())
    elif died == "after":
        assert source.figures.roll_ups.add()
        work = source.storage.work
        for claim in claimed(source, clock):
            work.record(
                [Record(claim.occurrence_id, claim.token, "failed", 500, b"", "no", None, b"")],
                clock.ms,
            )
    there = restored(source, target, after, clock)
    for services in (there, source):
        while services.figures.roll_ups.add():
            pass
    found, expected = (
        services.figures.stats.of(StatsQuery(to_ms=clock.ms + 1), MASTER).total
        for services in (there, source)
    )
    assert found == expected
    assert found.size


def _goes_on(there: Services, clock: FakeClock) -> set[bytes]:
    """Keys are taken and given, what a dead worker held returns, and all that is due is claimed.

    Returns the claimed occurrences of before.
    """
    given = {"name": "n", "delay": "1s", "action": webhook("https://example.com/"), "tags": ()}
    with pytest.raises(KeyTaken):
        there.events.create(EventChanges({**given, "key": "key-0"}), MASTER)
    new = there.events.create(
        EventChanges({**given, "key": "new", "flow": {"key": "acme"}}), MASTER
    )
    assert there.storage.events.keyed(["/new"]) == [new]
    work, now_ms = there.storage.work, clock.advance(HOUR_MS)
    assert work.leased() > 0
    for partition in range(there.settings.partitions):
        work.reclaim_expired(partition, now_ms)
    assert work.leased() == 0
    taken = set()
    while some := {one.occurrence_id for one in claimed(there, clock)}:
        assert not some & taken
        taken |= some
    assert work.backlog(clock.ms) == 0
    assert len(taken) > MANY // 2
    return taken - {occurrence_id(new.id, new.start_ms)}


def test_what_is_there_after_growing_is_byte_for_byte_what_was_there(
    store_url: str, target: StoreClient, clock: FakeClock
) -> None:
    source = services_of(store_url, 2, clock)
    fill(source, clock)
    restored(source, target, 4, clock)
    passed_over = re.compile(rb"qh:(meta|drains|sweep|\{audit\}:done:.+|\{\d\}:claim:.+)")
    before, after = (
        {key: value for key, value in snapshot(client).items() if not passed_over.fullmatch(key)}
        for client in (source.storage.client, target)
    )
    assert after == before


@pytest.mark.parametrize("after", [1, 2, 3])
def test_the_canary_of_before_stays_behind_and_the_next_one_is_apart(
    after: int, store_url: str, target: StoreClient, clock: FakeClock
) -> None:
    """Its partition is the one after the last: with more partitions, that one is the events'."""
    source = services_of(store_url, 2, clock)
    fill(source, clock)
    _send_canary(source, clock, 2)
    there = restored(source, target, after, clock)
    assert broken(target, after) == []
    events = events_by_id(there)
    _send_canary(there, clock, after)
    assert events_by_id(there) == events
    assert target.exists(f"qh:{{{after}}}:events:active")


def _send_canary(services: Services, clock: FakeClock, partition: int) -> None:
    storage = services.storage
    canaries = CanaryStore(storage.client)
    works = storage.events, storage.work, clock, partition, 60_000, "http://127.0.0.1:1/"
    CanarySender(canaries, *works).send()


def test_a_key_of_many_members_is_copied_in_parts(
    store_url: str, target: StoreClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "FEW", 3)
    monkeypatch.setattr(copying, "MEMBERS_AT_ONCE", 8)
    with connect(store_url) as source:
        numbers = range(100)
        source.zadd("qh:{0}:ended", {b"\xff%d" % one: one / 3 for one in numbers})
        source.hset("qh:{0}:fresh", mapping={b"\xff%d" % one: b"\0" for one in numbers})
        source.sadd("qh:{imports}:seen:x", *numbers)
        for one in numbers:
            source.xadd("qh:{audit}", {b"z": b"%d" % one}, id=f"{one + 1}-0")
        assert StoreCopy(source, target, 1, 1, lambda: None).run() == 4
        assert snapshot(target) == snapshot(source)


def test_a_store_that_was_made_smaller_keeps_what_it_has_put_together(
    store_url: str, target: StoreClient, clock: FakeClock
) -> None:
    """It may become smaller still by a divisor; any other number is refused, and nothing left."""
    source = services_of(store_url, 4, clock)
    fill(source, clock)
    events = events_by_id(source)
    small = restored(source, target, 2, clock)
    source.storage.client.flushall()
    for wrong in (3, 4):
        with pytest.raises(BackupRefused, match="that 2 is a multiple of"):
            restore(loaded(small), "the file", source.storage.client, wrong)
    assert source.storage.client.dbsize() == 0
    smaller = restored(small, source.storage.client, 1, clock)
    assert events_by_id(smaller) == events
    assert broken(source.storage.client, 1) == []


def test_a_store_in_use_or_with_data_is_refused(
    store_url: str, target: StoreClient, clock: FakeClock
) -> None:
    """What processes leave in a store that nobody has used is not data."""
    source = services_of(store_url, 1, clock)
    fill(source, clock)
    unused = services_of(url_of(target), 1, clock)
    unused.storage.agreement.migrate()
    alive = ProcessStore(target)
    now_ms = Coordination(target).time_us() // 1000
    facts = ProcessFacts("deliver", "host", 7)
    alive.announce("one", facts.to_json(), now_ms + 60_000)
    with pytest.raises(ConfigError, match="stop them first: deliver on host"):
        restored(source, target, 1, clock)
    alive.gone("one")
    restored(source, target, 1, clock)
    before = snapshot(target)
    with pytest.raises(ConfigError, match="not empty"):
        restored(source, target, 1, clock)
    assert snapshot(target) == before


def test_nobody_works_with_a_store_that_is_not_whole(
    store_url: str, target: StoreClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes wait until it is, another restore is refused, and nothing stays of a failed one."""
    source = services_of(store_url, 1, clock)
    fill(source, clock)
    seen = []

    def fail(_self: StoreCopy) -> int:
        with pytest.raises(StoreUnavailable, match="is being restored"):
            services_of(url_of(target), 1, clock).storage.agreement.migrate()
        with pytest.raises(ConfigError, match="another process"):
            RestoredStore(target).require_empty()
        seen.append(target.hget(META, MetaField.SCHEMA))
        raise KeyboardInterrupt

    monkeypatch.setattr(StoreCopy, "run", fail)
    with pytest.raises(KeyboardInterrupt):
        restored(source, target, 1, clock)
    assert seen == [b"%d" % FENCED]
    assert target.keys("qh:*") == []


def test_what_came_while_the_backup_was_read_is_not_deleted(
    store_url: str, target: StoreClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That takes minutes if it is large; so do two restores that were begun at once."""
    source = services_of(store_url, 1, clock)
    fill(source, clock)
    survey = restoring.survey

    def read(*given: Any) -> Survey:
        come()
        return survey(*given)

    def event() -> None:
        target.set("qh:{0}:event:x", b"accepted")

    def another() -> None:
        RestoredStore(target).fence(1)

    monkeypatch.setattr(restoring, "survey", read)
    for come, said in ((event, "not empty"), (another, "another process")):
        target.flushall()
        come()
        before = snapshot(target)
        target.flushall()
        with pytest.raises(ConfigError, match=said):
            restored(source, target, 1, clock)
        assert snapshot(target).keys() == before.keys()


def test_the_store_is_held_while_what_others_have_left_is_deleted(
    target: StoreClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.hset("qh:drains", "one", "1")
    unlink = target.unlink

    def deletes(*names: bytes) -> int:
        held.append(target.hexists(META, MetaField.RESTORING))
        return int(unlink(*names))

    held: list[bool] = []
    monkeypatch.setattr(target, "unlink", deletes)
    monkeypatch.setattr(target, "delete", lambda *names: pytest.fail(f"deletes {names}"))
    RestoredStore(target).fence(1)
    assert held == [True]
    assert target.keys("qh:*") == [keys.META]


def test_one_that_was_killed_is_begun_anew(
    store_url: str, target: StoreClient, clock: FakeClock
) -> None:
    source = services_of(store_url, 1, clock)
    fill(source, clock)
    RestoredStore(target).fence(1)
    target.set("qh:{0}:half", b"x")
    target.hset(META, MetaField.RESTORING, "1")
    restored(source, target, 1, clock)
    assert not target.exists("qh:{0}:half")


def test_a_process_that_is_started_meanwhile_ends_the_restore(
    store_url: str, target: StoreClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = services_of(store_url, 1, clock)
    fill(source, clock)
    far_ms = Coordination(target).time_us() // 1000 + 60_000

    def come(_self: StoreCopy) -> int:
        ProcessStore(target).announce("one", ProcessFacts("deliver", "h", 7).to_json(), far_ms)
        return 0

    monkeypatch.setattr(StoreCopy, "run", come)
    with pytest.raises(ConfigError, match="restore again"):
        restored(source, target, 1, clock)
    assert not target.exists(META)


def test_a_process_of_before_ends_when_a_backup_is_restored_under_it(
    target: StoreClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold what the store does not know any more."""
    fenced = threading.Event()
    process = ProcessService(
        ProcessStore(target), clock, ProcessFacts("deliver", "host", 7), fence=fenced.set
    )
    stop = threading.Event()
    monkeypatch.setattr(processes, "EVERY_S", 0.01)
    thread = process.start(stop)
    try:
        wait_until(lambda: target.exists(keys.PROCESSES), "it has said that it is there")
        target.hset(META, MetaField.RESTORED, "a backup")
        wait_until(fenced.is_set, "it is ended")
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("what", ["event", "occurrence", "audit"])
def test_a_backup_that_does_not_hold_together_is_refused(
    what: str, store_url: str, target: StoreClient, clock: FakeClock
) -> None:
    source = services_of(store_url, 1, clock)
    made = fill(source, clock)
    client = source.storage.client
    if what == "event":
        client.delete(keys.event_of(made[1].id))
    elif what == "occurrence":
        client.zadd(keys.due(0, 1), {b"o" * 16: clock.ms})
        client.zadd(keys.lanes(0), {b"1": clock.ms})
    else:
        source.audit.record(Act("me", None, None, "test", None, None, None, "r2"))
        client.xdel(keys.AUDIT, client.xrange(keys.AUDIT)[0][0])
        client.xadd(keys.AUDIT, dict(client.xrange(keys.AUDIT)[0][1]))
    with pytest.raises(BackupRefused, match="does not hold together"):
        restored(source, target, 1, clock)
    assert target.keys("qh:*") == []


def test_a_backup_of_a_later_version_is_refused(
    store_url: str, target: StoreClient, clock: FakeClock
) -> None:
    source = services_of(store_url, 1, clock)
    fill(source, clock)
    source.storage.client.hset(META, MetaField.SCHEMA, "900")
    with pytest.raises(BackupRefused, match="its schema is 900"):
        restored(source, target, 1, clock)
