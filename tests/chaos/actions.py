"""Write calls beside an event's own fields: what adds, ends, repeats, and what it depends on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.chaos.ledger import BEHIND_MS, Entry, ms, now_ms
from tests.support.api_client import at

if TYPE_CHECKING:
    from tests.chaos.client import Client


def triggered(client: Client, entry: Entry) -> None:
    client.wait_for_a_due_time(entry)
    answer = client.call("POST", f"/events/{entry.event_id}/trigger")
    if answer is None:
        entry.uncertain = True
        return
    assert answer.status == 202, answer
    entry.timeline.beside.add(ms(answer.json["scheduled_at"]))


def backfilled(client: Client, entry: Entry) -> None:
    """Up to this very moment, where the schedule may be at work on the same times."""
    due_ms = client.wait_for_a_due_time(entry)
    to_ms = min(due_ms, now_ms() - 1)
    from_ms = to_ms - client.chance.randrange(2_000, 12_000)
    body = {"from": at(from_ms / 1000), "to": at(to_ms / 1000)}
    answer = client.surely("POST", f"/events/{entry.event_id}/backfill", body)
    if answer.status == 400 or (client.closed and entry.has_calendar):
        return  # the service's clock is behind, or its calendar took all of it
    assert answer.status == 200, answer
    entry.timeline.beside.update(entry.shape.between(from_ms, to_ms + 1))


def deleted(client: Client, entry: Entry) -> None:
    client.wait_for_a_due_time(entry)
    sent_ms = now_ms()
    answer = client.surely("DELETE", f"/events/{entry.event_id}")
    # Deleted by a call that was cut off, it is not there for the next.
    assert answer.status in (204, 404), answer
    entry.deleted = True
    entry.write(sent_ms - BEHIND_MS, now_ms())


def redelivered(client: Client, entry: Entry) -> None:
    """One that was not delivered, or all of them in the background."""
    status = client.chance.choice(["cancelled", "skipped", "failed"])
    client.wait_for_a_due_time(entry)
    if client.chance.random() < 0.5:
        body: dict[str, Any] = {"filter": {"event_id": entry.event_id, "status": status}}
        if client.chance.random() < 0.5:
            body["rate"] = "20/s"
        answer = client.surely("POST", "/occurrences/retry", body)
        assert answer.status in (202, 409), answer
        return
    found = client.surely("GET", f"/occurrences?event_id={entry.event_id}&status={status}&limit=5")
    for one in found.json["data"][:1]:
        webhook_id = client.chance.choice(["same", "new"])
        path = f"/occurrences/{one['id']}/retry"
        answer = client.call("POST", path, {"webhook_id": webhook_id})
        assert answer is None or answer.status in (202, 409), answer
        entry.uncertain = entry.uncertain or answer is None
        if answer and answer.status == 202:
            entry.timeline.beside.add(ms(answer.json["scheduled_at"]))


def secret_rotated(client: Client, entry: Entry) -> None:
    client.wait_for_a_due_time(entry)
    answer = client.surely("POST", f"/events/{entry.event_id}/rotate-secret", {"overlap": "1h"})
    assert answer.status in (200, 409), answer


def token_revoked(client: Client, entry: Entry) -> None:
    """A token is made, used for a change, and revoked: then it changes nothing."""
    body = {
        "type": "jwt",
        "sub": client.label,
        "access": "read_write",
        "scope": ["chaos"],
        "expires_at": at(time.time() + 3_600),
    }
    made = client.surely("POST", "/tokens", body)
    assert made.status == 200, made
    client.wait_for_a_due_time(entry)
    path, token = f"/events/{entry.event_id}", made.json["token"]
    # (It may have a tag by now that is not in the token's scope.)
    changed = client.surely("PATCH", path, {"description": "by a token"}, token)
    assert changed.status in (200, 403), changed
    assert client.surely("DELETE", f"/tokens?sub={client.label}").status == 200
    assert client.surely("PATCH", path, {"description": "no more"}, token).status == 401


def flow_held(client: Client, entry: Entry) -> None:
    """A flow stands still for a moment, and gets another limit."""
    client.wait_for_a_due_time(entry)
    path = f"/flows/few-{client.label}"
    client.surely("PUT", path, {"concurrency": client.chance.choice([2, 3])})
    client.surely("POST", f"{path}/pause")
    client.told.wait(client.chance.uniform(0, 0.3))
    client.surely("POST", f"{path}/resume")


ACTIONS = (
    triggered,
    backfilled,
    deleted,
    redelivered,
    secret_rotated,
    token_revoked,
    flow_held,
)
