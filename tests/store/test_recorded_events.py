"""An event that is created in one step with its entry in the audit log: both, or none.

Tests ``create_events``, ``AuditLog.create`` and ``app.store.new_events``.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.domain.action import webhook
from app.domain.definition import Definition
from app.domain.event import Event, EventStatus
from app.domain.ids import EventIds, created_ms
from app.domain.once import Once
from app.store import audit
from app.store.audit import AuditLog
from app.store.event_plans import KEEP, Plan
from app.store.new_events import new_event_call
from app.store.scripts import Scripts
from app.store.standing import Standing
from app.store.tokens import TokenStore
from tests.support.invariants import broken, snapshot

NOW_MS = 1_767_225_600_000
AT_MS = NOW_MS + 60_000
IDS = EventIds()
PLAN = Plan(scheduled_ms=AT_MS, due_ms=AT_MS)


def an_event(partition: int = 0) -> Event:
    event_id = IDS.make(NOW_MS * 1000, partition)
    made_ms = created_ms(event_id)
    return Event(event_id, Definition("a", AT_MS, webhook("https://e.com/")), made_ms, made_ms)


@pytest.fixture
def log(stores) -> AuditLog:
    return AuditLog(stores.client, Scripts(stores.client))


def create(
    log: AuditLog,
    event: Event,
    plan: Plan = PLAN,
    once: Once | None = None,
    standing: Standing | None = None,
) -> str:
    new, entry = new_event_call(event, plan, once), {"object": event.id.hex()}
    return log.create(new, entry, NOW_MS, standing=standing)


def entries(log: AuditLog) -> int:
    return len(log.newest_first(None, 1_000))


@pytest.mark.parametrize("plan", [PLAN, Plan(), Plan(scheduled_ms=AT_MS, missed="late")])
def test_it_is_as_one_that_was_written_by_itself(stores, log, plan):
    status = EventStatus.ACTIVE if plan is PLAN else EventStatus.INACTIVE
    one, other = replace(an_event(), status=status), replace(an_event(), status=status)
    stores.events.save(one, plan, None, NOW_MS)
    assert create(log, other, plan) == "saved"
    first, second = stores.events.get_many([one.id, other.id])
    alike = {"id": b"", "created_ms": 0, "updated_ms": 0}
    assert replace(first, **alike) == replace(second, **alike)
    assert entries(log) == 1
    assert broken(stores.client, stores.partitions) == []
    changed = replace(second, version=2, tags=("b",))
    assert stores.events.save(changed, KEEP, second, NOW_MS) == "saved"


def test_another_process_that_adds_entries_meanwhile_is_followed(stores, log):
    other = AuditLog(stores.client, Scripts(stores.client))
    for _ in range(3):
        create(log, an_event())
        other.append({"action": "x"}, NOW_MS)
    assert entries(log) == 6


def test_what_is_refused_leaves_nothing_and_does_not_hold_up_others(stores, log):
    there, once = an_event(), Once(b"n" * 16, b"d" * 16)
    create(log, there, once=once)
    before = snapshot(stores.client)
    assert create(log, there) == "stale"
    assert create(log, an_event(), once=once) == "made"
    assert snapshot(stores.client) == before
    assert create(log, an_event()) == "saved"


def test_those_that_come_together_share_a_step(stores, log):
    """Also if some of them are refused, and with one key one is created."""
    entered, go, calls = threading.Event(), threading.Event(), []
    scripts = log._scripts

    def slowly(name, *args):
        calls.append(name)
        entered.set()
        go.wait(10)
        return scripts(name, *args)

    log._scripts = slowly
    once = Once(b"n" * 16, b"d" * 16)
    with ThreadPoolExecutor(12) as pool:
        first = pool.submit(create, log, an_event())
        assert entered.wait(10)
        rest = [pool.submit(create, log, an_event(), PLAN, once) for _ in range(3)]
        rest += [pool.submit(create, log, an_event()) for _ in range(7)]
        while len(log._waiting) < 10:
            pass
        go.set()
        assert first.result() == "saved"
        assert sorted(one.result() for one in rest) == ["made"] * 2 + ["saved"] * 8
    assert calls == ["create_events"] * 3
    assert entries(log) == 9
    assert broken(stores.client, stores.partitions) == []


@pytest.mark.parametrize("end", ["itself", "its subject"])
def test_a_token_that_was_revoked_makes_no_event_and_holds_up_no_other(stores, log, end):
    """What a subject's tokens are refused up to is the second in which they were made."""
    tokens = TokenStore(stores.client)
    if end == "itself":
        tokens.use_once("jti", 60)
    else:
        tokens.bar("sub", 7)
    before = snapshot(stores.client)
    assert create(log, an_event(), standing=Standing("jti", "sub", 7, list)) == "revoked"
    assert snapshot(stores.client) == before
    later = Standing("other", "sub", 8, list)
    assert create(log, an_event(), standing=later) == "saved"
    assert later.is_known


def test_a_call_whose_answer_was_lost_creates_once(stores, log):
    direct, lost = stores.client.direct, []

    def lose(*command):
        reply = direct(*command)
        if not lost:
            lost.append(reply)
            return direct(*command)  # as the client does it
        return reply

    create(log, an_event())
    log._scripts._client = type("Client", (), {"direct": staticmethod(lose)})
    event = an_event()
    assert create(log, event) == "saved"
    assert lost == [[b"created"]]
    assert entries(log) == 2
    assert stores.events.get_many([event.id])[0] is not None


def test_a_full_store_has_neither(stores, log):
    before = snapshot(stores.client)
    stores.client.config_set("maxmemory", 1)
    try:
        with pytest.raises(Exception, match="store"):
            create(log, an_event())
    finally:
        stores.client.config_set("maxmemory", 0)
    assert snapshot(stores.client) == before


def test_events_with_many_terms_are_created_a_few_in_a_call(stores, monkeypatch):
    """A call keeps the store from everybody else, and each term is an entry of an index."""
    monkeypatch.setattr(audit, "TERMS", 3)
    calls = []

    class Counting(Scripts):
        def __call__(self, name, keys, args):
            calls.append(name)
            return super().__call__(name, keys, args)

    log, events = AuditLog(stores.client, Counting(stores.client)), [an_event() for _ in range(7)]
    tickets = [
        audit._Ticket(audit._text({"of": number}), NOW_MS, new=new_event_call(event, PLAN, None))
        for number, event in enumerate(events)
    ]
    log._settle_all(tickets)
    assert [one.number for one in tickets] == [1, 2, 3, 4, 5, 6, 7]
    assert calls == ["create_events"] * 3
    assert None not in stores.events.get_many([one.id for one in events])
    assert broken(stores.client, stores.partitions) == []
