"""What ``make clients`` does with the Python client that openapi-generator makes."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta

import qhronos

tag = "openapi-generator-python"
configuration = qhronos.Configuration(host=sys.argv[1], access_token=sys.argv[2])
with qhronos.ApiClient(configuration) as client:
    events = qhronos.EventsApi(client)
    made = []
    for schedule in (
        None,
        qhronos.Schedule(cron="0 9 * * 1-5"),
        qhronos.Schedule(every="1h"),
        qhronos.Schedule(rrule="FREQ=DAILY;COUNT=3"),
    ):
        body = qhronos.EventCreate(
            name="a client's",
            start_time=datetime.now(UTC) + timedelta(days=1),
            webhook="https://example.com/hook",
            tags=[tag],
        )
        if schedule is not None:
            body.schedule = schedule
        made.append(events.create_event(body))
    before = events.get_event(str(made[1].id))
    change = qhronos.EventUpdate(description="changed")
    after = events.patch_event(str(made[1].id), change).actual_instance
    expected = before.to_dict() | {"description": "changed", "updated_at": after.updated_at}
    assert after.to_dict() == expected
    seen, cursor = [], None
    while True:
        page = events.list_events_with_http_info(tags=tag, limit=3, cursor=cursor)
        seen += [event.id for event in page.data]
        headers = {name.lower(): value for name, value in page.headers.items()}
        found = re.search(r"[?&]cursor=([^&>]+)", headers.get("link", ""))
        if found is None:
            break
        cursor = found[1]
    assert set(seen) == {event.id for event in made}
sys.stdout.write("done\n")
