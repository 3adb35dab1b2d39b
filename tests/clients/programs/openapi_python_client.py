"""What ``make clients`` does with the client that openapi-python-client makes."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta

from qhronos_client import AuthenticatedClient
from qhronos_client.api.events import create_event, get_event, list_events, patch_event
from qhronos_client.models import Event, EventCreate, EventUpdate, Schedule

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])
tag = "openapi-python-client"
made = []
for schedule in (
    None,
    Schedule(cron="0 9 * * 1-5"),
    Schedule(every="1h"),
    Schedule(rrule="FREQ=DAILY;COUNT=3"),
):
    body = EventCreate(
        name="a client's",
        start_time=datetime.now(UTC) + timedelta(days=1),
        webhook="https://example.com/hook",
        tags=[tag],
    )
    if schedule is not None:
        body.schedule = schedule
    event = create_event.sync(client=client, body=body)
    assert isinstance(event, Event), event
    made.append(event)
before = get_event.sync(str(made[1].id), client=client)
after = patch_event.sync(str(made[1].id), client=client, body=EventUpdate(description="changed"))
assert isinstance(before, Event)
assert isinstance(after, Event)
expected = before.to_dict() | {"description": "changed", "updated_at": after.updated_at}
assert after.to_dict() | {"updated_at": after.updated_at} == expected
seen, more = [], {}
while True:
    page = list_events.sync_detailed(client=client, tags=tag, limit=3, **more)
    assert isinstance(page.parsed, list), page
    seen += [event.id for event in page.parsed]
    found = re.search(r"[?&]cursor=([^&>]+)", page.headers.get("Link", ""))
    if found is None:
        break
    more = {"cursor": found[1]}
assert set(seen) == {event.id for event in made}
sys.stdout.write("done\n")
