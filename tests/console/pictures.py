"""``make pictures``: the pictures of the console in README and guide, of a service at work.

What is shown is made up: events of a shop and a receiver that answers some of them badly. The last
hour is backfilled, and how late deliveries were in it is made up as well.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.store.connecting import connect
from app.store.figures import MINUTE_MS
from app.store.lateness import LatenessLog, MinuteOfLateness
from tests.console.visiting import NO_BROWSER, ROOT, browser_python, chromium
from tests.support.api_client import Api
from tests.support.receiver import Receiver, Reply
from tests.support.stack import MASTER_TOKEN, Stack
from tests.support.wait import wait_until

OUT = ROOT / "docs" / "pictures"
HOUR = timedelta(hours=1)

EVENTS: tuple[tuple[str, str, dict[str, Any], tuple[str, ...]], ...] = (
    ("invoice run", "/invoices", {"every": "2m"}, ("billing",)),
    ("price check", "/prices", {"every": "1m"}, ("catalogue",)),
    ("stock sync, Kyoto", "/stock", {"every": "1m"}, ("catalogue", "kyoto")),
    ("stock sync, Berlin", "/stock", {"every": "90s"}, ("catalogue", "berlin")),
    ("expire carts", "/carts", {"every": "3m"}, ("shop",)),
    ("newsletter queue", "/mail", {"every": "4m"}, ("mail",)),
    ("partner feed", "/partners", {"every": "5m"}, ("partners",)),
    ("workday report", "/reports", {"cron": "30 8 * * MON-FRI"}, ("reports", "billing")),
    ("payroll", "/payroll", {"frequency": "monthly", "by_day": ["-1FR"]}, ("billing",)),
    ("photo backup", "/backup", {"frequency": "daily"}, ("ops",)),
)


def seed(api: Api, receiver: Receiver, stack: Stack) -> dict[str, str]:
    """Make the events and their last hour; returns what stands for names in addresses."""
    receiver.reply("/mail", *[Reply(200, delay=0.08)] * 40)
    receiver.reply("/partners", Reply(503, body=b'{"error":"down for maintenance"}'))
    now, made = datetime.now(UTC), {}
    for name, path, schedule, tags in EVENTS:
        body = {
            "name": name,
            "webhook": receiver.url(path),
            "schedule": schedule,
            "start_time": (now - 30 * HOUR)
            .replace(hour=9, minute=0, second=0, microsecond=0)
            .isoformat(),
            "timezone": "Europe/Berlin",
            "tags": list(tags),
            "retry": {"delays": ["1s", "2s"]},
        }
        made[name] = api.call("POST", "/events", body).json["id"]
        if "every" in schedule:
            since = {"from": (now - HOUR).isoformat(), "to": (now - HOUR / 120).isoformat()}
            api.call("POST", f"/events/{made[name]}/backfill", since)
    late = connect(stack.store.url)
    last_ms = int(time.time()) // 60 * MINUTE_MS - MINUTE_MS
    LatenessLog(late, 1).note(
        [
            MinuteOfLateness(last_ms - at * MINUTE_MS, 2 + at % 3, 9 + (at * 37) % 31, 60, 90)
            if at not in (21, 22, 23)
            else MinuteOfLateness(last_ms - at * MINUTE_MS, 14, 900 - 250 * (at - 20), 2_000, 90)
            for at in range(59, -1, -1)
        ]
    )

    def found(status: str) -> list[dict[str, str]]:
        answer = api.call("GET", f"/occurrences?status={status}&limit=1").json
        return list(answer["data"])

    wait_until(lambda: not found("retrying,dispatched"), "what is to be shown has ended", 120)
    return {"event": made["stock sync, Kyoto"], "occurrence": found("failed")[0]["id"]}


def main() -> int:
    """Take them; returns the exit status."""
    python, program = browser_python(), chromium()
    if python is None or program is None:
        sys.stderr.write(NO_BROWSER + "\n")
        return 1
    with Receiver() as receiver, Stack(workers=1) as stack:
        url = f"http://127.0.0.1:{stack.port}"
        names = seed(stack.api, receiver, stack)
        given = {"url": url, "token": MASTER_TOKEN, "chromium": program, "out": str(OUT), **names}
        script = Path(__file__).with_name("picture_taker.py")
        subprocess.run([python, str(script)], input=json.dumps(given), text=True, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
