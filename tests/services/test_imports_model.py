"""Files of two sources that change at random: what is live is what the last file of each says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain import ids
from app.domain.access import MASTER, Access
from app.domain.action import webhook
from app.domain.ical.imported import ImportedEntry, ReadCalendar
from app.domain.imports import ImportRequest
from app.services.queries import EventChanges, EventQuery
from app.wiring.services import Services
from tests.support.clock import NOW_MS
from tests.support.invariants import broken

HOUR_MS = 3_600_000
ZOE = Access("Zoë", "read_write", frozenset({"red"}))
ENTRIES = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3), max_size=4)
FILES = st.lists(
    st.tuples(st.sampled_from(["one", "two"]), ENTRIES, st.booleans(), st.booleans()), max_size=6
)


def load(body: Any) -> EventChanges:
    return EventChanges({**body, "action": webhook("https://example.com/")})


def entry(source: str, uid: str, hour: int) -> ImportedEntry:
    body = {"name": f"{source} {uid}", "start_time": NOW_MS + hour * HOUR_MS, "tags": ("red",)}
    return ImportedEntry(uid, "", 1, 1, uid, body)


def live(services: Services) -> dict[str, int]:
    found = services.events.list(EventQuery(status="active", limit=1000), MASTER).items
    assert len({one.name for one in found}) == len(found)
    return {one.name: one.start_ms for one in found}


@pytest.mark.parametrize("services", [1], indirect=True, ids=["1-partition"])
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(files=FILES)
def test_what_is_live_is_what_the_last_file_of_each_source_says(
    services: Services, files: list[tuple[str, dict[str, int], bool, bool]]
) -> None:
    """In dry runs too, a line says what becomes of its event; the next run finds it unchanged."""
    services.storage.client.flushdb()
    said: dict[str, dict[str, int]] = {}
    known: dict[tuple[str, str], bytes] = {}
    for source, entries, is_atomic, is_dry in files:
        lines = [entry(source, uid, hour) for uid, hour in sorted(entries.items())]
        calendar = ReadCalendar(len(lines), len(lines), lambda n, of=lines: iter(of[n:]))
        request = ImportRequest(source=source, atomic=is_atomic, dry_run=is_dry, max_ended=9)
        before, last = live(services), said.get(source, {})
        answer = services.import_jobs.imports.at_once(calendar, request, ZOE, load)
        found = {one.uid: one.outcome for one in answer if one.line is not None}
        assert found == {
            uid: "unchanged"
            if last.get(uid) == hour
            else ("updated" if (source, uid) in known else "made")
            for uid, hour in entries.items()
        }
        if is_dry:
            assert live(services) == before
            continue
        said[source] = dict(entries)
        for one in answer:
            if one.line is not None and one.uid is not None and one.event_id is not None:
                # An entry keeps its event, also after it had left its source.
                assert known.setdefault((source, one.uid), one.event_id) == one.event_id
                assert ids.partition_of_event(one.event_id) == 0
        assert live(services) == {
            f"{name} {uid}": NOW_MS + hour * HOUR_MS
            for name, of in said.items()
            for uid, hour in of.items()
        }
        again = services.import_jobs.imports.at_once(
            calendar, replace(request, atomic=False), ZOE, load
        )
        assert {one.outcome for one in again} <= {"unchanged"}
    assert broken(services.storage.client, 1) == []
