"""Who did it: every change is in the audit log, once, in order, and tampering shows.

Tests ``app.services.audit``, ``app.api.http.audit_trail``, ``app.api.routes.audit``,
``app.api.schemas.audit`` and ``app.store.audit``, too.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.domain.audit import check
from app.runtime.maintenance import check_file
from app.services.audit_states import MAX_STATE
from app.wiring.engine import Engine
from tests.security.conftest import DAY_MS, NOW_MS

NOT_CHANGES = {"preview_schedule"}
"""Operations that are no reading methods and change nothing."""

OF_RECEIVERS = {"ack_occurrence", "nack_occurrence"}
"""What a receiver says of its own delivery: the occurrence is the record, one for each."""


def entries(client, query=""):
    return client.get(f"/audit{query}").json


def test_a_change_is_written_down_with_who_when_where_and_what(process, admin, event):
    token = process.mint(sub="Zoë", access="read_write", scope=["red"])
    client = process.client(token)
    made = client.post("/events", json={**event, "hmac_secret": "a secret of the event's"}).json
    process.clock.ms += 1_500
    path = f"/events/{made['id']}"
    client.put(path, json={"name": "b"}, headers={"X-Request-Id": "ask-for-me"})
    client.delete(path)
    deleted, updated, created, minted = entries(admin)
    assert [one["action"] for one in (minted, created, updated, deleted)] == [
        "token.create",
        "event.create",
        "event.update",
        "event.delete",
    ]
    assert [one["seq"] for one in (minted, created, updated, deleted)] == [1, 2, 3, 4]
    assert (minted["actor"], minted["token"]) == ("master token", None)
    assert {one["token"] for one in (created, updated, deleted)} == {minted["object"]}
    assert {one["actor"] for one in (created, updated, deleted)} == {"Zoë"}
    assert {one["object"] for one in (created, updated, deleted)} == {made["id"]}
    assert (updated["at"], updated["address"]) == ("2030-01-01T00:00:01.500Z", "127.0.0.1")
    assert updated["request"] == "ask-for-me"
    assert (created["before"], deleted["after"]) == (None, None)
    assert created["after"] == made
    assert (updated["before"]["name"], updated["after"]["name"]) == ("invoice run", "b")
    assert deleted["before"]["name"] == "b"
    text = admin.get("/audit/export").text
    assert token not in text
    assert "a secret of the event's" not in text


def test_what_does_not_happen_is_not_written_down(process, admin, event):
    """Refusals, dry runs, reading."""
    reader = process.client(process.mint(access="read"))
    one = admin.post("/events", json=event).json["id"]
    before = len(entries(admin))
    reader.post("/events", json=event)
    admin.post("/events", json={})
    admin.put(f"/events/{one}?dry_run=true", json={"name": "b"})
    admin.put(f"/events/{one}", json={"name": "b"}, headers={"If-Match": '"99"'})
    admin.delete("/events/x")
    admin.get(f"/events/{one}")
    admin.post("/events/rotate-secret?tags=red&dry_run=true")
    assert len(entries(admin)) == before


DRY_RUNS = {
    "update_event": ("PUT", "/events/{event}?dry_run=true", {"name": "b"}),
    "backfill_event": (
        "POST",
        "/events/{event}/backfill?dry_run=true",
        {"from": "2029-12-01T00:00:00Z", "to": "2029-12-03T00:00:00Z"},
    ),
    "rotate_secrets": ("POST", "/events/rotate-secret?tags=red&dry_run=true", None),
    "retry_occurrences": (
        "POST",
        "/occurrences/retry",
        {"filter": {"status": "failed"}, "dry_run": True},
    ),
    "change_events": (
        "POST",
        "/events/bulk",
        {"action": "delete", "filter": {"all": True}, "dry_run": True},
    ),
}
"""By operation."""


@pytest.mark.parametrize(("method", "path", "body"), DRY_RUNS.values(), ids=DRY_RUNS)
def test_a_dry_run_is_not_written_down(admin, event, method, path, body):
    """It answers what would be, and nothing is."""
    series = {**event, "start_time": "2029-12-01T09:00:00Z", "schedule": {"frequency": "daily"}}
    one = admin.post("/events", json=series).json["id"]
    before = entries(admin)
    answer = admin.open(path.format(event=one), method=method, json=body)
    assert answer.status_code == 200, answer.text
    assert entries(admin) == before


def test_every_operation_that_changes_something_is_audited(process):
    """A new one must be too, or be named here."""
    rules = [
        rule
        for rule in process.app.url_map.iter_rules()
        if rule.methods & {"POST", "PUT", "PATCH", "DELETE"}
        and not rule.endpoint.startswith(("rq_dashboard", "console"))
    ]
    assert len(rules) > 10
    unaudited = {
        rule.endpoint.rpartition(".")[2]
        for rule in rules
        if not hasattr(process.app.view_functions[rule.endpoint], "audited")
    }
    assert unaudited <= NOT_CHANGES | OF_RECEIVERS


def test_it_can_be_filtered_and_has_pages(process, admin, event):
    ids = [admin.post("/events", json=event).json["id"] for _ in range(5)]
    for one in ids[:2]:
        admin.delete(f"/events/{one}")
    assert [one["seq"] for one in entries(admin, "?action=event.delete")] == [7, 6]
    assert [one["seq"] for one in entries(admin, f"?object={ids[0]}")] == [6, 1]
    assert entries(admin, "?actor=nobody") == []
    seen, path = [], "/audit?limit=3&actor=master+token"
    for _ in range(5):
        answer = admin.get(path)
        seen += [one["seq"] for one in answer.json]
        if "Link" not in answer.headers:
            break
        path = answer.headers["Link"].split(";")[0].strip("<>")
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert admin.get(path.replace("actor=master", "actor=x")).status_code == 400


def test_an_export_can_be_checked_offline(process, admin, event, tmp_path, capsys):
    for number in range(1_100):
        process.services.audit.log.append({"action": "x", "after": {"n": number / 7}}, NOW_MS)
    admin.post("/events", json={**event, "metadata": {"n": 1e30, "ü": "\u2028", "f": 1.10}})
    file = tmp_path / "audit.jsonl"
    file.write_bytes(admin.get("/audit/export").data)
    assert check_file([str(file)]) == 0
    newest = json.loads(file.read_text().splitlines()[-1])["hash"]
    assert check_file([str(file), newest]) == 0
    assert check_file([str(file), "0" * 63 + "1"]) == 1
    assert "known hash is missing" in capsys.readouterr().err
    assert check_file([str(file)]) == 0
    assert "1101 entries, 1 to 1101, hold together" in capsys.readouterr().out
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines).replace("invoice", "INVOICE"))
    assert check_file([str(file)]) == 1
    assert "line 1101" in capsys.readouterr().err
    assert check_file([str(tmp_path / "missing")]) == 2
    assert check_file([]) == 2


def test_any_number_of_writers_make_one_chain(start):
    """Threads of several processes; each change is there once."""
    processes = [start(), start()]

    def write(number):
        entry = {"action": "x", "number": number}
        processes[number % 2].services.audit.log.append(entry, NOW_MS - number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(200)))
    lines = "".join(processes[0].services.audit.export()).splitlines()
    assert check(lines).last == 200
    assert sorted(json.loads(line)["number"] for line in lines) == list(range(200))


def test_a_command_that_is_sent_twice_adds_one_entry(process, monkeypatch):
    """The client repeats what timed out, and it may have run."""
    scripts = process.services.storage.scripts
    monkeypatch.setattr(
        process.services.audit.log, "_scripts", lambda *call: (scripts(*call), scripts(*call))[1]
    )
    for number in range(3):
        process.services.audit.log.append({"action": "x", "number": number}, NOW_MS)
    assert check("".join(process.services.audit.export()).splitlines()).last == 3


def test_long_metadata_are_kept_as_a_hash(process, admin, event):
    admin.post("/events", json={**event, "metadata": {"x": "y" * MAX_STATE}})
    (entry,) = entries(admin)
    assert entry["after"]["metadata"].keys() == {"sha256", "bytes"}
    assert len(json.dumps(entry)) < MAX_STATE


def test_retention_cuts_the_old_end_and_what_is_left_holds_together(start):
    process = start(retention_audit_ms=DAY_MS)
    for number in range(600):
        process.services.audit.log.append({"action": "x", "n": number}, NOW_MS + number)
    process.clock.ms = NOW_MS + DAY_MS + 450
    Engine(process.services).upkeep.retain()
    left = check("".join(process.services.audit.export()).splitlines())
    assert left.last == 600
    assert 1 < left.first <= 451


def test_the_log_is_there_for_admins(process):
    assert process.client(process.mint()).get("/audit").status_code == 403
    assert process.client(None).get("/audit/export").status_code == 401


@pytest.mark.parametrize("path", ["/audit?cursor=x", "/audit?limit=0", "/audit?from=x"])
def test_a_wrong_query_is_refused(admin, path):
    assert admin.get(path).status_code == 400
