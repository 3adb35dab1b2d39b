"""Write calls about many events at once, and about events by keys of their user's own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.chaos.calls import Call
from tests.chaos.ledger import BEHIND_MS, Entry, made_ms, now_ms
from tests.chaos.timeline import Shape
from tests.support.api_client import Answer, at

if TYPE_CHECKING:
    from tests.chaos.client import Client

HEADER = "Idempotency-Key"

DONE_S = 120.0
"""By then a job is done, whatever happens to those who work on it."""


def batched(client: Client, _entry: Entry) -> None:
    """Some one-time events in one request, all or none or each for itself; asked until it is done."""
    shapes = [Shape(now_ms() + client.chance.randrange(0, 4_000)) for _ in range(5)]
    _created(client, [_event(client, shape) for shape in shapes], shapes)


def in_bulk(client: Client, _entry: Entry) -> None:
    """Series of one tag: paused, resumed, given another tag, and deleted, each by a job."""
    tag = f"bulk-{client.label}-{len(client.once)}"
    begins_ms = now_ms()
    shapes = [Shape(begins_ms + client.chance.randrange(2_000), 1_000) for _ in range(3)]
    events = [
        _event(client, shape, schedule={"every": "1s"}, tags=["chaos", tag]) for shape in shapes
    ]
    entries = _created(client, events, shapes)
    for action in ("pause", "resume"):
        client.wait_for_a_due_time(entries[0])
        sent_ms = now_ms()
        _done(client, action, tag)
        for one in entries:
            one.is_active = action == "resume"
            one.write(sent_ms - BEHIND_MS, now_ms())
    _done(client, "retag", tag, add_tags=[f"late-{client.label}"])
    _cancelled(client, tag)
    client.wait_for_a_due_time(entries[0])
    sent_ms = now_ms()
    _done(client, "delete", tag)
    for one in entries:
        one.deleted = True
        one.write(sent_ms - BEHIND_MS, now_ms())


def keyed(client: Client, _entry: Entry) -> None:
    """Made under a key, moved or deleted about when it is due, and made again: another event."""
    key = f"key-{client.label}-{len(client.entries)}"
    first, tag = _put(client, key)
    client.wait_for_a_due_time(first)
    if client.turns(keyed.__name__):
        _moved(client, key, first)
        return
    sent_ms = now_ms()
    answer = client.surely(Call.DELETE_KEYED, key)
    # Deleted by a call that was cut off, it is not there for the next.
    assert answer.status in (204, 404), answer
    first.deleted = True
    first.write(sent_ms - BEHIND_MS, now_ms())
    second, _ = _put(client, key)
    assert second.event_id != first.event_id, key
    headers = {"If-Match": tag}
    for call in (Call.PUT_KEYED, Call.DELETE_KEYED):
        stale = client.surely(call, key, {"description": "of before"}, headers=headers)
        assert stale.status == 412, stale


def _event(client: Client, shape: Shape, **fields: Any) -> dict[str, Any]:
    return {
        "name": "chaos",
        "tags": ["chaos"],
        "webhook": client.webhook(),
        "retry": {"attempts": 60, "delays": ["1s", "1s", "2s"]},
        "ack_timeout": "3s",
        "start_time": at(shape.start_ms / 1000),
        **fields,
    }


def _created(client: Client, events: list[dict[str, Any]], shapes: list[Shape]) -> list[Entry]:
    name = f"batch-{client.label}-{len(client.once)}"
    named = [{**one, "name": f"{name}-{number}"} for number, one in enumerate(events)]
    body = {"events": named, "atomic": client.chance.random() < 0.5}
    sent_ms = now_ms()
    answer = _surely(client, Call.CREATE_MANY, body, name)
    while any(one["status"] == 503 for one in answer.json["results"]):
        time.sleep(0.1)
        answer = _surely(client, Call.CREATE_MANY, body, name)
    assert answer.status == 201, answer
    entries = []
    for event, shape, made in zip(named, shapes, answer.json["results"], strict=True):
        client.once[event["name"]] = made["id"]
        entries.append(Entry(made["id"], shape))
        client.add(entries[-1], sent_ms)
    return entries


def _surely(client: Client, call: Call, body: object, name: str) -> Answer:
    return client.surely(call, body=body, headers={HEADER: name})


def _done(client: Client, action: str, tag: str, **more: Any) -> None:
    """Have a job done, to its end; it changes all that are meant."""
    job = _begun(client, action, tag, **more)
    until = time.monotonic() + DONE_S
    while job["status"] == "running":
        assert time.monotonic() < until, job
        time.sleep(0.05)
        job = client.read(f"/bulk-jobs/{job['id']}")
    assert (job["status"], job["refused"], job["left_alone"]) == ("completed", 0, 0), job


def _cancelled(client: Client, tag: str) -> None:
    """A job that is cancelled changes some of them, or none."""
    job = _begun(client, "retag", tag, add_tags=[f"never-{client.label}"])
    ended = client.surely(Call.CANCEL_BULK, job["id"])
    assert ended.status in (200, 409), ended


def _begun(client: Client, action: str, tag: str, **more: Any) -> Any:
    body = {"action": action, "filter": {"tags": [tag]}, **more}
    name = f"{action}-{tag}-{'-'.join(more.get('add_tags', ()))}"
    answer = _surely(client, Call.CHANGE_MANY, body, name)
    assert answer.status == 202, answer
    return answer.json


def _put(client: Client, key: str) -> tuple[Entry, str]:
    """Make an event under a key; a second try finds what the first one has made."""
    shape = Shape(now_ms() + client.chance.randrange(0, 4_000))
    sent_ms = now_ms()
    answer = client.surely(Call.PUT_KEYED, key, _event(client, shape))
    assert answer.status in (200, 201), answer
    entry = Entry(answer.json["id"], shape)
    client.add(entry, sent_ms, answer)
    return entry, answer.headers["etag"]


def _moved(client: Client, key: str, entry: Entry) -> None:
    moved = Shape(entry.shape.start_ms + client.chance.randrange(500, 3_000))
    sent_ms = now_ms()
    answer = client.surely(Call.PUT_KEYED, key, {"start_time": at(moved.start_ms / 1000)})
    if answer.status == 200 and answer.json["status"] == "active":
        entry.shape = moved
        entry.write(made_ms(sent_ms, answer), now_ms())
        client.note(entry, answer)
    else:
        entry.uncertain = True  # it has run, before or after a first try whose answer was lost


MANY = (batched, in_bulk, keyed)
