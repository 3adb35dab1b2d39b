"""Write calls of what events depend on: calendars, flows, secrets, tokens; and what is imported."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.chaos.calls import Call
from tests.chaos.ledger import Entry, made_ms, now_ms
from tests.chaos.timeline import Shape
from tests.support.api_client import Answer, at
from tests.support.ical import a_file

if TYPE_CHECKING:
    from tests.chaos.client import Client

LEARNED_MS = 1_500
"""By then every process knows of a calendar that was changed; what they planned is planned anew."""

ICALENDAR = {"Content-Type": "text/calendar"}


def calendar_put(client: Client, entry: Entry) -> None:
    """The calendar changes: the days of now are taken, or far ones only."""
    client.wait_for_a_due_time(entry)
    today = datetime.now(UTC).date()
    near = [(today + timedelta(days=day)).isoformat() for day in (-1, 0, 1)]
    far = [f"2030-05-{client.chance.randrange(10, 28)}"]
    client.closed = not client.closed and client.chance.random() < 0.3
    sent_ms = now_ms()
    answer = _put_calendar(client, client.label, near + far if client.closed else far)
    sent_ms = made_ms(sent_ms, answer)
    known_ms = now_ms() + LEARNED_MS
    for one in client.entries:
        if one.has_calendar and one.awaits_resume:
            one.timeline.forget_future()  # as of when it is resumed depends on the calendar
            one.excused.append((sent_ms, known_ms))
        elif one.has_calendar and not one.deleted:
            one.learn(sent_ms, known_ms, closed=client.closed, call=entry.call)
            one.busy_until_ms = max(one.busy_until_ms, known_ms)
            one.excused.append((sent_ms, known_ms))


def _put_calendar(client: Client, name: str, dates: list[str]) -> Answer:
    """As JSON, or as a file of days."""
    body: object = {"dates": dates}
    headers = None
    if client.chance.random() < 0.3:
        days = [
            f"UID:{day}\nSUMMARY:closed\nDTSTART;VALUE=DATE:{day.replace('-', '')}" for day in dates
        ]
        body, headers = a_file(*days), ICALENDAR
    answer = client.surely(Call.PUT_CALENDAR, name, body, headers=headers)
    assert answer.status in (200, 201), answer
    return answer


def calendar_deleted(client: Client, entry: Entry) -> None:
    """One more calendar, of far days: it can't be deleted while the event names it."""
    names = [client.label] if entry.has_calendar else []
    spare = f"spare-{client.label}"
    _put_calendar(client, spare, ["2031-01-01"])
    client.wait_for_a_due_time(entry)
    for calendars, statuses in (([*names, spare], (409,)), (names, (204, 404))):
        sent_ms = now_ms()
        answer = client.surely(Call.PATCH, entry.event_id, {"calendars": calendars})
        assert answer.status == 200, answer
        entry.write(made_ms(sent_ms, answer), now_ms(), closed=client.closed)
        client.note(entry, answer)
        # (Deleted by a call that was cut off, it is not there for the next.)
        answer = client.surely(Call.DELETE_CALENDAR, spare)
        assert answer.status in statuses, answer


def flow_held(client: Client, entry: Entry) -> None:
    """A flow stands still for a moment, and gets another limit."""
    client.wait_for_a_due_time(entry)
    name, limits = client.chance.choice(
        [
            ("few", {"concurrency": client.chance.choice([1, 2, 3])}),
            ("few", {"order": client.chance.choice(["any", "strict"])}),
            ("fast", {"rate": client.chance.choice(["20/s", "50/s", None])}),
            ("one", {"order": "strict", "rate": client.chance.choice(["30/s", None])}),
        ]
    )
    key = f"{name}-{client.label}"
    assert client.surely(Call.PUT_FLOW, key, limits).status in (200, 201)
    if client.turns(flow_held.__name__):
        assert client.surely(Call.PAUSE_FLOW, key).status == 200
        client.told.wait(client.chance.uniform(0, 0.3))
        assert client.surely(Call.RESUME_FLOW, key).status == 200


def secret_rotated(client: Client, entry: Entry) -> None:
    client.wait_for_a_due_time(entry)
    answer = client.surely(Call.ROTATE, entry.event_id, {"overlap": "1h"})
    assert answer.status in (200, 409), answer


def secrets_rotated(client: Client, entry: Entry) -> None:
    """Of all events that have a tag, which this one gets."""
    red = f"red-{client.label}"
    answer = client.surely(Call.PATCH, entry.event_id, {"tags": ["chaos", red]})
    assert answer.status == 200, answer
    client.wait_for_a_due_time(entry)
    answer = client.surely(Call.ROTATE_MANY, body={"overlap": "1h"}, query=f"tags={red}")
    assert answer.status in (200, 409), answer


def tag_secret_put(client: Client, entry: Entry) -> None:
    """A tag of this client's events gets another secret, or loses it again."""
    client.wait_for_a_due_time(entry)
    red = f"red-{client.label}"
    answer = client.surely(Call.PUT_TAG_SECRET, red, {"overlap": "1h"})
    assert answer.status in (200, 201), answer
    if client.turns(tag_secret_put.__name__):
        # (Deleted by a call that was cut off, it is not there for the next.)
        assert client.surely(Call.DELETE_TAG_SECRET, red).status in (204, 404)


def token_revoked(client: Client, entry: Entry) -> None:
    """A token is made, used for a change, and revoked: then it changes nothing."""
    body = {
        "type": "jwt",
        "sub": client.label,
        "access": "read_write",
        "scope": ["chaos"],
        "expires_at": at(time.time() + 3_600),
    }
    made = client.surely(Call.MAKE_TOKEN, body=body)
    assert made.status == 200, made
    client.wait_for_a_due_time(entry)
    token = made.json["token"]
    # (It may have a tag by now that is not in the token's scope.)
    body = {"description": "by a token"}
    changed = client.surely(Call.PATCH, entry.event_id, body, token=token)
    assert changed.status in (200, 403), changed
    _revoke(client)
    body = {"description": "no more"}
    assert client.surely(Call.PATCH, entry.event_id, body, token=token).status == 401


def _revoke(client: Client) -> None:
    """All of a subject at once, or each by its id."""
    if client.turns(token_revoked.__name__):
        query = f"sub={client.label}"
        assert client.surely(Call.REVOKE_TOKENS, query=query).status == 200
        return
    for one in client.read(f"/tokens?sub={client.label}&limit=1000"):
        assert client.surely(Call.REVOKE_TOKEN, one["jti"]).status in (204, 404)


def imported(client: Client, entry: Entry) -> None:
    """An iCalendar file of a series and two single times, some of them due by now."""
    client.wait_for_a_due_time(entry)
    begin_s = now_ms() // 1_000 + client.chance.choice([0, 1, 2])
    period_s = client.chance.choice([2, 3])
    starts = [begin_s, begin_s + 1, begin_s]
    events = []
    # (A UID that an earlier file had would change the event which that file made.)
    file = f"{client.label}-{now_ms()}"
    for number, start_s in enumerate(starts):
        start = datetime.fromtimestamp(start_s, UTC)
        lines = f"UID:{file}-{number}\nSUMMARY:imported\nDTSTART:{start:%Y%m%dT%H%M%SZ}"
        if number == 0:
            lines += f"\nRRULE:FREQ=SECONDLY;INTERVAL={period_s}"
        events.append(lines)
    sent_ms = now_ms()
    query = f"tags=chaos&webhook={client.webhook(well_behaved=True)}"
    answer = client.call(Call.CREATE, body=a_file(*events), query=query, headers=ICALENDAR)
    if answer is None or answer.status == 409:  # one that was killed is waited for, for a minute
        return
    assert answer.status == 201, answer
    made: list[dict[str, Any]] = answer.json
    for number, (event, start_s) in enumerate(zip(made, starts, strict=True)):
        shape = Shape(start_s * 1_000, 0 if number else period_s * 1_000)
        one = Entry(event["id"], shape, call="imported")
        one.stays_free = number == 0
        client.add(one, sent_ms)


SURROUNDINGS = (
    calendar_put,
    calendar_deleted,
    flow_held,
    secret_rotated,
    secrets_rotated,
    tag_secret_put,
    token_revoked,
    imported,
)
