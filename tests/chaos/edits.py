"""Every kind of write call that changes an event which is about to fire."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.chaos.actions import ACTIONS
from tests.chaos.calls import Call
from tests.chaos.ledger import BEHIND_MS, Entry, made_ms, now_ms
from tests.chaos.many import MANY
from tests.chaos.surroundings import SURROUNDINGS
from tests.chaos.timeline import Shape
from tests.support.api_client import at

if TYPE_CHECKING:
    from tests.chaos.client import Client

RESUMED_MS = 12_000
"""By then upkeep has resumed an event whose pause has ended, on a busy machine too."""

HEADERS = {"X-Chaos": "1"}
"""Whoever moves a webhook to another host gives its headers again: they may be secret."""

FAR = "2030-05-05T00:00:00Z"


def _change(client: Client, entry: Entry, body: dict[str, Any], shape: Shape | None = None) -> None:
    """Make a change shortly before or after a due time; ``shape``: how it fires from then on."""
    call = client.chance.choice([Call.PUT, Call.PATCH])
    sent_ms = now_ms()
    answer = client.surely(call, entry.event_id, body)
    assert answer.status == 200, (body, answer)
    entry.shape = shape or entry.shape
    if shape is not None:
        entry.write(made_ms(sent_ms, answer), now_ms(), closed=client.closed)
    client.note(entry, answer)


def rescheduled(client: Client, entry: Entry) -> None:
    """Another schedule: without the next time, with one more, with far ones, or another rhythm."""
    due_ms = client.wait_for_a_due_time(entry)
    shape = entry.shape.changed(exclude=frozenset(), include=frozenset())
    seconds = shape.period_ms // 1000
    how = client.chance.choice(["far", "less", "more", "rhythm", "words", "start"])
    body: dict[str, Any] = {}
    schedule: dict[str, Any] = {"every": f"{seconds}s"}
    if how == "far":
        # (Sixty a minute are all that is allowed.)
        side = client.chance.choice(["exclude", "include"]) if seconds > 1 else "exclude"
        schedule |= {side: [FAR]}
    elif how == "less":
        after_ms = shape.next_after(due_ms) or due_ms
        gone = sorted({client.chance.choice([due_ms, after_ms]), after_ms + shape.period_ms})
        shape = shape.changed(exclude=frozenset(gone))
        schedule |= {"exclude": [at(one / 1000) for one in gone]}
    elif how == "more" and seconds > 1:
        more = {due_ms + 333, due_ms + 777}
        shape = shape.changed(include=frozenset(more))
        schedule |= {"include": [at(one / 1000) for one in sorted(more)]}
    elif how == "rhythm":
        seconds = client.chance.choice([1, 2, 3])
        shape = shape.changed(period_ms=seconds * 1_000)
        schedule = {"every": f"{seconds}s"}
    elif how == "words":
        schedule = {"every": f"{seconds * 1000}ms"}
    elif how == "start":
        shape = shape.changed(start_ms=due_ms + client.chance.randrange(-900, 900))
        body = {"start_time": at(shape.start_ms / 1000)}
    _change(client, entry, body | {"schedule": schedule}, shape)


def jittered(client: Client, entry: Entry) -> None:
    client.wait_for_a_due_time(entry)
    jitter_ms = client.chance.choice([150, 900, 0])
    body = {"jitter": f"{jitter_ms}ms" if jitter_ms else None}
    _change(client, entry, body, entry.shape.changed(jitter_ms=jitter_ms))


def moved_to_a_zone(client: Client, entry: Entry) -> None:
    client.wait_for_a_due_time(entry)
    zone = client.chance.choice(["Asia/Tokyo", "Europe/Berlin", "UTC"])
    _change(client, entry, {"timezone": zone}, entry.shape)


def given_a_flow(client: Client, entry: Entry) -> None:
    """Into a flow with limits, into a strict one, or out of any."""
    client.wait_for_a_due_time(entry)
    few = {"key": f"few-{client.label}", "concurrency": 3}
    fast = {"key": f"fast-{client.label}", "rate": "50/s"}
    one = {"key": f"one-{client.label}"}
    flow, order = client.chance.choice(
        [(few, None), (fast, None), (one, "strict"), (None, None), (None, None)]
    )
    _change(client, entry, {"flow": flow, "order": order})


def given_an_overlap(client: Client, entry: Entry) -> None:
    client.wait_for_a_due_time(entry)
    policy = client.chance.choice(["skip", "cancel_previous", "queue_one", None, None])
    _change(client, entry, {"overlap": policy})


def described(client: Client, entry: Entry) -> None:
    """What has nothing to do with its times: tags, metadata, where and how it is delivered."""
    client.wait_for_a_due_time(entry)
    body: dict[str, Any] = client.chance.choice(
        [
            {"tags": ["chaos", client.chance.choice(["blue", f"red-{client.label}"])]},
            {"metadata": {"changed": time.time()}},
            {"description": "changed"},
            {"webhook": client.webhook(well_behaved=entry.stays_free), "headers": HEADERS},
            {"headers": HEADERS},
            {"hmac_secret": "a secret of chaos"},
            {"misfire": {"policy": client.chance.choice(["fire_all", "fire_once"])}},
        ]
    )
    _change(client, entry, body)


def refused(client: Client, entry: Entry) -> None:
    """What can't be, what was never seen, and what is only tried out: nothing changes."""
    client.wait_for_a_due_time(entry)
    call = client.chance.choice([Call.PUT, Call.PATCH])
    far: dict[str, Any] = {"start_time": FAR, "schedule": {"frequency": "yearly"}}
    how = client.chance.choice(["bad", "stale", "tried"])
    if how == "bad":
        answer = client.surely(call, entry.event_id, far | {"jitter": "not long"})
        assert answer.status == 400, answer
    elif how == "stale":
        headers = {"If-Match": '"0"'}
        answer = client.surely(call, entry.event_id, far, headers=headers)
        assert answer.status == 412, answer
    else:
        answer = client.surely(call, entry.event_id, far, query="dry_run=true")
        assert answer.status == 200, answer


def given_a_calendar(client: Client, entry: Entry) -> None:
    """Under this client's calendar, or from under it."""
    client.wait_for_a_due_time(entry)
    entry.has_calendar = client.chance.random() < 0.5
    names = [client.label] if entry.has_calendar else []
    _change(client, entry, {"calendars": names}, entry.shape)


def paused(client: Client, entry: Entry) -> None:
    """For good, and resumed a little later."""
    client.wait_for_a_due_time(entry)
    _set_active(client, entry, active=False)
    client.told.wait(client.chance.uniform(0, 0.5))
    client.wait_for_a_due_time(entry)
    _set_active(client, entry, active=True)


def _set_active(client: Client, entry: Entry, *, active: bool) -> None:
    sent_ms = now_ms()
    call = Call.RESUME if active else Call.PAUSE
    answer = client.surely(call, entry.event_id, None if active else {"note": "for a moment"})
    # A conflict: the first try was made, and its answer lost.
    assert answer.status in (200, 409), answer
    entry.is_active = active
    entry.write(made_ms(sent_ms, answer), now_ms(), closed=client.closed)
    if answer.status == 200:
        client.note(entry, answer)


def paused_for_a_while(client: Client, entry: Entry) -> None:
    """Until a moment, from which on upkeep resumes it."""
    client.wait_for_a_due_time(entry)
    sent_ms = now_ms()
    until_ms = sent_ms + client.chance.randrange(300, 2_500)
    body = {"until": at(until_ms / 1000)}
    answer = client.call(Call.PAUSE, entry.event_id, body)
    if answer is None:  # asked again, that moment may have passed
        client.read(f"/events/{entry.event_id}")
        client.told.wait(RESUMED_MS / 1000)
    elif answer.status != 200:
        return
    known_ms = now_ms()
    sent_ms = sent_ms - BEHIND_MS if answer is None else made_ms(sent_ms, answer)
    entry.timeline.write(sent_ms, max(known_ms, until_ms - 1), None, entry.call)
    entry.write(until_ms, max(known_ms, until_ms), closed=client.closed)
    entry.busy_until_ms = max(entry.busy_until_ms, until_ms + RESUMED_MS)
    entry.awaits_resume = True
    entry.excused.append((sent_ms, entry.busy_until_ms))


def has_resumed(client: Client, entry: Entry) -> bool:
    """Whether upkeep has resumed an event by now; until then it is left alone."""
    if entry.awaits_resume:
        event = client.read(f"/events/{entry.event_id}")
        entry.awaits_resume = event["status"] == "paused"
        if entry.awaits_resume:
            entry.busy_until_ms = now_ms() + RESUMED_MS
            entry.excused.append((now_ms() - RESUMED_MS, entry.busy_until_ms))
        elif entry.timeline.versions[-1].shape is None:
            # Since when is not known: its calendar was changed meanwhile.
            entry.excused.append((entry.timeline.versions[-1].sent_ms, now_ms()))
            entry.write(now_ms(), now_ms(), closed=client.closed)
    return not entry.awaits_resume


EDITS: dict[str, Callable[[Client, Entry], None]] = {
    one.__name__: one
    for one in (
        rescheduled,
        jittered,
        moved_to_a_zone,
        given_a_flow,
        given_an_overlap,
        described,
        refused,
        given_a_calendar,
        paused,
        paused_for_a_while,
        *ACTIONS,
        *MANY,
        *SURROUNDINGS,
    )
}

LIMITING = ("given_a_flow", "given_an_overlap")
