"""What is stored of an event or occurrence is shown readable, and what is secret is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.domain import ids
from app.domain.event import EncryptedHeaders, Event
from app.domain.outcome import Outcome, Timings
from app.engine.attempts import record_of
from app.store import keys
from app.store.event_plans import NOTHING, Plan
from app.store.events import EventStore
from app.store.inspection import inspect
from app.store.terms import EventTerms, metadata_term
from tests.store.conftest import Stores, open_stores
from tests.support.builders import an_event
from tests.support.clock import NOW_MS

AT = "2026-01-01T00:01:00Z"


@pytest.fixture
def one(store_url: str) -> Iterator[Stores]:
    stores = open_stores(store_url, 1)
    yield stores
    stores.client.close()


def store(stores: Stores, **fields: object) -> Event:
    event = an_event(**fields)
    plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
    stores.events.save(event, plan, None, NOW_MS)
    return event


def shown(stores: Stores, raw: bytes) -> list[str]:
    lines = inspect(stores.client, ids.to_text(raw))
    assert lines is not None
    return lines


def line_of(lines: list[str], name: str) -> str:
    (found,) = [line for line in lines if line.split()[:1] == [name]]
    return " ".join(found.split()[2:])


def test_an_event_is_shown_field_by_field_with_the_indexes_that_list_it(one: Stores) -> None:
    event = store(one, description="d" * 99)
    lines = shown(one, event.id)
    assert lines[0] == f"event {ids.to_text(event.id)}"
    assert lines[1].startswith(f"qh:{{0}}:event:{ids.to_text(event.id)}: listpack, ")
    assert f'"about":"{"d" * 99}"' in line_of(lines, "DEFINITION"), "its pieces are one"
    assert line_of(lines, "TAGS") == "red, blue"
    assert line_of(lines, "NEXT") == AT
    listed = {line.split()[0] for line in lines if line.startswith("  qh:")}
    assert listed == {"qh:{0}:events:active", "qh:{0}:tag:red:events", "qh:{0}:tag:blue:events"}
    assert f"scheduled: {ids.to_text(ids.occurrence_id(event.id, event.start_ms))}" in lines


def test_terms_are_shown_in_hexadecimal(one: Stores) -> None:
    declared = EventTerms(("a", "b"))
    event = an_event(metadata_json='{"a":1,"b":2}')
    EventStore(one.client, one.work._scripts, 1, declared).save(event, NOTHING, None, NOW_MS)
    terms = [metadata_term("a", "1").hex(), metadata_term("b", "2").hex()]
    assert line_of(shown(one, event.id), "TERMS") == " ".join(terms)


def test_what_is_sealed_is_left_out(one: Stores) -> None:
    event = store(one, hmac_secret=b"sealed-1", headers=EncryptedHeaders(("X",), b"sealed-2"))
    lines = shown(one, event.id)
    assert line_of(lines, "SECRET") == line_of(lines, "HEADERS") == "*** (8 bytes)"
    assert "sealed-" not in "\n".join(lines)


def test_an_occurrence_is_shown_with_its_attempts(one: Stores) -> None:
    event = store(one)
    (claimed,) = one.work.claim(0, b"w", 1, now_ms=event.start_ms, limit=9, lease_ms=30_000)
    listed = [line.split()[0] for line in shown(one, claimed.occurrence_id) if "qh:{0}" in line]
    assert {"qh:{0}:leases", "qh:{0}:occurrences:dispatched"} < set(listed)
    due_us = event.start_ms * 1000
    outcome = Outcome(Timings(due_us, due_us, due_us + 2_500, due_us + 2_400), 200, b"\x1b[31mred")
    record, _ = record_of(claimed, outcome, event.start_ms, 0.0)
    one.work.record([record], event.start_ms + 3)
    lines = shown(one, claimed.occurrence_id)
    assert line_of(lines, "EVENT") == ids.to_text(event.id)
    assert line_of(lines, "STATUS") == "completed"
    assert line_of(lines, "LOG") == "attempts: 1"
    assert f"1: {AT}, 2.5 ms, 200: done" in " ".join(lines)
    assert line_of(lines, "RESPONSE_BODY") == "\\u001b[31mred", "a terminal obeys nothing of it"
    assert [line for line in lines if line.startswith("  qh:{0}:endings ")]


def test_a_field_that_the_table_does_not_have_is_shown_as_it_is(one: Stores) -> None:
    """A later version, or somebody's hand, may have written it."""
    event = store(one)
    one.client.hset(keys.event_of(event.id), "odd", "x" * 999)
    (line,) = [line for line in shown(one, event.id) if "(not in the table)" in line]
    assert line.endswith("… (999 bytes)")


@pytest.mark.parametrize(
    "text",
    ["", "no id", ids.to_text(an_event().id), "ff" * 20],
    ids=["empty", "no id", "nothing's", "too long"],
)
def test_what_is_not_stored_is_none(one: Stores, text: str) -> None:
    assert inspect(one.client, text) is None
