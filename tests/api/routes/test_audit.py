"""The audit log is the same to its readers whether it is packed or not, and says what it forgot."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.audit import check
from app.metrics.catalogue import AUDIT
from app.runtime.maintenance import check_file
from app.services.audit import Act, AuditQuery
from app.services.audit_states import MAX_STATE
from app.store import audit_segments, keys
from app.store.audit_archive import HOT, SEGMENT, log_bytes
from app.wiring.engine import Engine
from app.wiring.services import Services
from tests.support.clock import NOW_MS

DAY_MS = 86_400_000
EVENT = {"name": "a", "start_time": "2030-01-02T09:00:00Z", "webhook": "https://example.com/"}


def pages(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    """All entries that a list has, page by page."""
    found, path = [], f"/audit?limit=97{query}"
    while path:
        answer = client.get(path)
        found += answer.json
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    return found


def export(client: FlaskClient) -> list[str]:
    return client.get("/audit/export").text.splitlines()


def make_changes(client: FlaskClient, count: int) -> list[str]:
    """Create, change and delete; returns the ids."""
    ids = []
    for number in range(count // 4):
        ids.append(client.post("/events", json={**EVENT, "name": f"event {number}"}).json["id"])
        client.put(f"/events/{ids[-1]}", json={"metadata": {"ü": number / 7}})
        client.post(f"/events/{ids[-1]}/pause")
        client.delete(f"/events/{ids[-1]}")
    return ids


def pack(services: Services) -> None:
    while services.audit.pack():
        pass


def test_lists_filters_and_exports_tell_the_same_after_packing(
    client: FlaskClient, services: Services
) -> None:
    """Order, pages, and cursors that were given out before."""
    ids = make_changes(client, HOT + 2 * SEGMENT)
    queries = ["", "&action=event.pause", f"&object={ids[3]}", "&actor=nobody"]
    before = {query: pages(client, query) for query in queries}
    whole = export(client)
    cursor = client.get("/audit?limit=97").headers["Link"].partition(">")[0].lstrip("<")
    rest = client.get(cursor).json
    Engine(services).upkeep.recover()
    assert services.storage.client.xlen(keys.AUDIT) == HOT
    assert services.storage.client.zcard(keys.AUDIT_SEGMENTS) == 2
    assert {query: pages(client, query) for query in queries} == before
    assert len(before["&action=event.pause"]) == len(ids)
    assert [one["action"] for one in before[f"&object={ids[3]}"]] == [
        "event.delete",
        "event.pause",
        "event.update",
        "event.create",
    ]
    assert client.get(cursor).json == rest
    assert export(client) == whole
    assert check(whole).last == len(before[""])
    assert [json.loads(one) for one in whole] == before[""][::-1]


def test_a_packed_entry_costs_a_tenth(client: FlaskClient, services: Services) -> None:
    """Most of the log is packed: 150 bytes for an entry is what an operator may count on."""
    make_changes(client, HOT + SEGMENT)
    pack(services)
    (segment,) = services.storage.client.zrange(keys.AUDIT_SEGMENTS, 0, -1)
    assert len(segment) < 110 * SEGMENT
    hot = services.storage.client.memory_usage(keys.AUDIT)
    assert services.health.metrics()[AUDIT] == {(): len(segment) + hot}


LONG = "y" * MAX_STATE
STATES: dict[str, tuple[Any, set[str]]] = {
    "metadata first": (
        {"id": "a", "metadata": {"x": LONG}, "tags": ["t"] * 2_000},
        {"metadata"},
    ),
    "the longest first": (
        {"id": "a", "metadata": {}, "exclude": [LONG], "tags": ["t"]},
        {"exclude"},
    ),
    "as many as need be": (
        {"id": "a", "metadata": {"x": LONG}, "exclude": [LONG], "name": LONG, "tags": ["t"]},
        {"metadata", "exclude", "name"},
    ),
}


@pytest.mark.parametrize(("state", "hashed"), STATES.values(), ids=STATES)
def test_an_entry_is_bounded_whatever_is_long(
    services: Services, state: Any, hashed: set[str]
) -> None:
    """A page has hundreds of entries: none may be as long as a request may be."""
    services.audit.record(Act("a", None, None, "x", "o", state, state, "r"))
    (entry,) = map(json.loads, services.audit.page(AuditQuery())[0])
    assert entry["before"] == entry["after"]
    assert {name for name in state if entry["after"][name] != state[name]} == hashed
    text = json.dumps(entry["after"])
    assert len(text) <= MAX_STATE * 1.2
    assert {"sha256", "bytes"} == entry["after"][min(hashed)].keys()


def test_the_entry_of_many_events_has_their_ids(client: FlaskClient) -> None:
    """An iCalendar file makes up to 1,500 events in one request."""
    event = "BEGIN:VEVENT\r\nUID:{0}\r\nDTSTAMP:20300101T000000Z\r\nDTSTART:20300102T090000Z\r\n"
    event += "SUMMARY:number {0}\r\nEND:VEVENT\r\n"
    for count in (2, 60):
        body = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"
        body += "".join(event.format(number) for number in range(count)) + "END:VCALENDAR\r\n"
        made = client.post(
            "/events?webhook=https://example.com/", data=body, content_type="text/calendar"
        )
        assert made.status_code == 201, made.text
        after = client.get("/audit?limit=1").json[0]["after"]
        new = [one["id"] for one in made.json if one["outcome"] == "made"]
        assert [one["id"] for one in after["changed"]] == new


@pytest.mark.parametrize("index", [0, SEGMENT // 2, SEGMENT - 1])
def test_an_entry_that_was_changed_in_a_segment_is_found(
    client: FlaskClient,
    services: Services,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    index: int,
) -> None:
    """By who can write to the store, has our own code, and lets everything else as it is."""
    log = services.audit.log
    for number in range(HOT + SEGMENT):
        log.append({"action": "event.delete", "actor": f"{number} invoices"}, NOW_MS)
    pack(services)
    store = services.storage.client
    ((segment, score),) = store.zrange(keys.AUDIT_SEGMENTS, 0, -1, withscores=True)
    entries = audit_segments.unpack(segment)
    entries[index] = entries[index]._replace(
        text=entries[index].text.replace("invoices", "nobody's")
    )
    store.delete(keys.AUDIT_SEGMENTS)
    store.zadd(keys.AUDIT_SEGMENTS, {audit_segments.pack(entries): score})
    (tmp_path / "audit.jsonl").write_bytes(client.get("/audit/export").data)
    assert check_file([str(tmp_path / "audit.jsonl")]) == 1
    assert f"line {index + 1}: entry {index + 1} was changed" in capsys.readouterr().err


def test_beyond_its_size_the_log_forgets_the_oldest_and_says_so(
    client: FlaskClient, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """The entry that says so is there first; what is left holds together from its beginning."""
    for number in range(HOT + 4 * SEGMENT):
        services.audit.log.append({"action": "x", "number": number}, NOW_MS + number)
    pack(services)
    assert services.audit.forget_old(NOW_MS) == 0
    segment_bytes = len(services.storage.client.zrange(keys.AUDIT_SEGMENTS, 0, 0)[0])
    allowed = log_bytes(services.storage.client) - segment_bytes - 1
    bounded = replace(services.audit, max_bytes=allowed)
    with caplog.at_level(logging.WARNING):
        assert bounded.forget_old(NOW_MS) == 2 * SEGMENT
    newest = client.get("/audit?limit=1").json[0]
    assert (newest["action"], newest["actor"]) == ("audit.drop", "retention")
    assert newest["before"] == {"first": 1, "last": 2 * SEGMENT}
    assert newest["after"] == {"max_bytes": allowed}
    left = check(export(client))
    assert (left.first, left.last) == (2 * SEGMENT + 1, HOT + 4 * SEGMENT + 1)
    (record,) = caplog.records
    assert (record.first, record.last) == (1, 2 * SEGMENT)
    assert "QHRONOS_AUDIT_MAX_BYTES" in record.message
    assert bounded.forget_old(NOW_MS) == 0


def test_what_is_not_packed_is_never_too_much(services: Services) -> None:
    """The newest entries stay, however small the bound."""
    services.audit.log.append({"action": "x"}, NOW_MS)
    assert replace(services.audit, max_bytes=1).forget_old(NOW_MS) == 0
    assert len(services.audit.page(AuditQuery())[0]) == 1


def test_age_goes_before_size(services: Services) -> None:
    """What was to go anyway is no surprise, and makes no entry."""
    for number in range(HOT + 2 * SEGMENT):
        services.audit.log.append({"action": "x"}, NOW_MS + number)
    pack(services)
    bounded = replace(services.audit, max_bytes=1, retention_ms=DAY_MS)
    assert bounded.forget_old(NOW_MS + DAY_MS + SEGMENT) == SEGMENT
    assert json.loads(bounded.page(AuditQuery())[0][0])["action"] == "x"
