"""``If-Match`` on what is done to an event beside writing it."""

from __future__ import annotations

import pytest

ACTS = [
    ("POST", "/trigger", None),
    ("POST", "/rotate-secret", {"secret": "the next one"}),
    ("POST", "/backfill", {"from": "2025-12-30T00:00:00Z", "to": "2025-12-31T00:00:00Z"}),
    (
        "POST",
        "/backfill?dry_run=true",
        {"from": "2025-12-30T00:00:00Z", "to": "2025-12-31T00:00:00Z"},
    ),
    ("PUT", "?dry_run=true", {"schedule": {"every": "2h"}}),
    ("PATCH", "?dry_run=true", {"name": "x"}),
    ("POST", "/pause", None),
]


@pytest.mark.parametrize(("method", "after", "body"), ACTS)
def test_an_act_is_for_the_version_that_was_seen(client, an_event, method, after, body):
    """With another one nothing has happened, and the audit log has nothing of it."""
    event = {**an_event, "start_time": "2025-12-30T00:00:00Z", "schedule": {"every": "1h"}}
    made = client.post("/events", json=event)
    path = f"/events/{made.json['id']}"
    before = (client.get(path).text, client.get(f"{path}/occurrences").text)
    for header in ('"2"', '"foreign"', '"2", "3"'):
        answer = client.open(path + after, method=method, json=body, headers={"If-Match": header})
        assert (answer.status_code, "error" in answer.json) == (412, True), header
    assert (client.get(path).text, client.get(f"{path}/occurrences").text) == before
    (entry,) = client.get(f"/audit?object={made.json['id']}").json
    assert entry["action"] == "event.create"
    tag = made.headers["ETag"]
    good = client.open(path + after, method=method, json=body, headers={"If-Match": tag})
    assert good.status_code in (200, 202)
