"""Write calls that add occurrences, end an event, or have something delivered again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.chaos.calls import Call
from tests.chaos.ledger import BEHIND_MS, Entry, ms, now_ms
from tests.support.api_client import at

if TYPE_CHECKING:
    from tests.chaos.client import Client


PACES: tuple[dict[str, Any], ...] = ({}, {"rate": "20/s"}, {"stop_at_error_rate": 0.9})
RETRYABLE = ("cancelled", "skipped", "failed")


def triggered(client: Client, entry: Entry) -> None:
    client.wait_for_a_due_time(entry)
    answer = client.call(Call.TRIGGER, entry.event_id)
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
    answer = client.surely(Call.BACKFILL, entry.event_id, body)
    if answer.status == 400 or (client.closed and entry.has_calendar):
        return  # the service's clock is behind, or its calendar took all of it
    assert answer.status == 200, answer
    entry.timeline.beside.update(entry.shape.between(from_ms, to_ms + 1))


def deleted(client: Client, entry: Entry) -> None:
    client.wait_for_a_due_time(entry)
    sent_ms = now_ms()
    answer = client.surely(Call.DELETE, entry.event_id)
    # Deleted by a call that was cut off, it is not there for the next.
    assert answer.status in (204, 404), answer
    entry.deleted = True
    entry.write(sent_ms - BEHIND_MS, now_ms())


def redelivered(client: Client, entry: Entry) -> None:
    """One that was not delivered, at once."""
    found = _undelivered(client, entry)
    client.wait_for_a_due_time(entry)
    for one in found[:1]:
        webhook_id = client.chance.choice(["same", "new"])
        answer = client.call(Call.RETRY, one["id"], {"webhook_id": webhook_id})
        assert answer is None or answer.status in (202, 409), answer
        of = next(other for other in client.entries if other.event_id == one["event_id"])
        of.uncertain = of.uncertain or answer is None
        if answer and answer.status == 202:
            of.timeline.beside.add(ms(answer.json["scheduled_at"]))


def redelivered_by_filter(client: Client, entry: Entry) -> None:
    """All that were not delivered, in the background, at full speed or slowly, or not to the end."""
    found = _undelivered(client, entry)
    of, status = (found[0]["event_id"], found[0]["status"]) if found else (entry.event_id, "failed")
    client.wait_for_a_due_time(entry)
    is_cancelled = client.turns(redelivered_by_filter.__name__)
    pace = {"rate": "6/m"} if is_cancelled else client.chance.choice(PACES)
    order = client.chance.choice(["oldest", "newest"])
    body = {"filter": {"event_id": of, "status": status}, "order": order, **pace}
    answer = client.surely(Call.RETRY_MANY, body=body)
    assert answer.status in (202, 409), answer
    if is_cancelled and answer.status == 202:
        client.told.wait(client.chance.uniform(0, 0.3))
        ended = client.surely(Call.CANCEL_RETRY, answer.json["id"])
        assert ended.status in (200, 409), ended


def _undelivered(client: Client, entry: Entry) -> list[dict[str, Any]]:
    """Some of one event that were given up: of this one, or of another that has any."""
    there = [one for one in client.entries if not one.deleted]
    for one in [entry, *client.chance.sample(there, min(len(there), 9))]:
        for status in client.chance.sample(RETRYABLE, len(RETRYABLE)):
            query = f"event_id={one.event_id}&status={status}&to={at(now_ms() / 1000)}&limit=5"
            found: list[dict[str, Any]] = client.read(f"/occurrences?{query}")["data"]
            if found:
                return found
    return []


ACTIONS = (triggered, backfilled, deleted, redelivered, redelivered_by_filter)
