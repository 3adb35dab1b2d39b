"""The worst that one tenant can have others work at: a thousand schedules, and costly requests.

Each of them is accepted. Their targets answer at once, so what they cost is planning, claiming and
recording.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from app.api.http import computing
from app.factory import create_app
from app.setting_variables import load_settings
from app.wiring.services import build_services
from benchmarks import support
from benchmarks.support import BenchmarkFailed

CALENDAR = "holidays"
AT_ONCE = 40
"""Costly requests at once: more than all API processes have threads."""

KEPT_S = 20
"""How long a connection is used again; gunicorn keeps it for 30 s."""

CALLBACK = "http://127.0.0.1:9/"
"""Nobody listens there."""

LEAP_MONDAY = {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"}
"""Some 260 steps to find, each time that it is asked for."""


def _minutes_but(step: int) -> str:
    return ",".join(str(minute) for minute in range(60) if minute % step)


def _but(schedule: dict[str, Any], *exclude: Any) -> dict[str, Any]:
    return {**schedule, "exclude": list(exclude)}


def _moments(fraction: str) -> list[str]:
    return [f"2035-01-01T{n // 60:02}:{n % 60:02}:00.{fraction}Z" for n in range(1000)]


SECOND = {"every": "1s"}
NOT_THE_SEVENTH = {
    "rrule": "FREQ=SECONDLY;BYSECOND=" + ",".join(str(s) for s in range(60) if s != 7)
}

KINDS: dict[str, tuple[int, dict[str, Any]]] = {
    "dense": (100, {"schedule": SECOND}),
    "near the bound of a drain": (150, {"schedule": _but(SECOND, *[LEAP_MONDAY] * 3)}),
    "beyond it, every second": (150, {"schedule": _but(SECOND, *[LEAP_MONDAY] * 20)}),
    "the same, with jitter": (
        100,
        {"schedule": _but(SECOND, *[LEAP_MONDAY] * 20), "jitter": "900ms"},
    ),
    "a long walk": (
        100,
        {
            "schedule": _but(
                SECOND,
                NOT_THE_SEVENTH,
                {"rrule": f"FREQ=SECONDLY;BYMINUTE={_minutes_but(2)};BYSECOND=7"},
            )
        },
    ),
    "a thousand moments more and less": (
        50,
        {"schedule": {"every": "2s", "include": _moments("500"), "exclude": _moments("250")}},
    ),
    "sixty rules": (
        50,
        {"schedule": {"rules": [{"cron": f"* {n % 24} * * *"} for n in range(60)]}},
    ),
    "counts": (
        50,
        {"schedule": {"rules": [{"rrule": f"FREQ=MINUTELY;COUNT={9000 + n}"} for n in range(10)]}},
    ),
    "a strict flow, cancelling": (
        100,
        {
            "schedule": SECOND,
            "flow": {"key": "one"},
            "order": "strict",
            "overlap": "cancel_previous",
        },
    ),
    "one at a time, with callbacks": (
        100,
        {
            "schedule": SECOND,
            "overlap": "queue_one",
            "timeout": "100ms",
            "on_success": CALLBACK,
            "on_failure": CALLBACK,
        },
    ),
    "moved by a calendar": (
        50,
        {
            "schedule": {"rules": [{"cron": f"{n} {n} * * *"} for n in range(24)]},
            "calendars": [CALENDAR],
            "on_excluded": "next_day",
            "jitter": "1h",
        },
    ),
}


CHEAP: dict[str, tuple[int, dict[str, Any]]] = {"dense": (750, {"schedule": SECOND})}
"""As many deliveries a second as ``KINDS`` ask for, of the cheapest schedule."""


class Caller:
    """One token's calls, each thread on a connection of its own."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._local = threading.local()  # a connection for each thread

    def __call__(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send one request; its status and JSON."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        text = None if body is None else json.dumps(body)
        connection = getattr(self._local, "connection", None)
        if connection is None or time.monotonic() > self._local.until:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            self._local.connection = connection
        self._local.until = time.monotonic() + KEPT_S
        try:
            connection.request(method, path, text, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (OSError, http.client.HTTPException):
            connection.close()
            raise

    def must(self, method: str, path: str, body: object = None) -> Any:
        """Send one request that has to be accepted."""
        status, answer = self(method, path, body)
        if status >= 400:
            raise BenchmarkFailed(f"{method} {path}: {status} {answer}")
        return answer


def store(
    kinds: Mapping[str, tuple[int, dict[str, Any]]],
    store_url: str,
    token: str,
    tag: str,
    webhook: str,
    start_ms: int,
) -> list[str]:
    """Create events of these kinds, in the name of a token, by the API's own code; their ids.

    One of each kind in turn, as many as are accepted: all of one tenant's may occur so often.

    It would take the attacker some minutes, at the rate that a token has and with what it may have
    computed in a second: here it has an endless share.
    """
    computing.MOST = 1 << 60
    services = build_services(load_settings(support.environment(store_url)))
    services.storage.agreement.agree()
    client = create_app(services).test_client()
    headers = {"Authorization": f"Bearer {token}"}
    given = {"name": "attack", "tags": [tag], "webhook": webhook}
    given["start_time"] = datetime.fromtimestamp(start_ms / 1000, UTC).isoformat()
    created = []
    wanted = max(count for count, _ in kinds.values())
    in_turn = [fields for n in range(wanted) for count, fields in kinds.values() if n < count]
    for fields in in_turn:
        answer = client.post("/events", json={**given, **fields}, headers=headers)
        if answer.status_code == 201:
            created.append(answer.get_json()["id"])
        elif answer.status_code != 403:
            raise BenchmarkFailed(f"refused: {answer.json}")
    support.say(f"  accepted: {len(created)} of {len(in_turn)} schedules")
    services.storage.client.close()
    return created


@contextmanager
def costly_requests(call: Caller, events: list[str], rate: float) -> Iterator[dict[int, int]]:
    """Ask for costly previews and edit schedules, so many a second; counts of the answers.

    They come in bursts of ``AT_ONCE``.
    """
    answers: dict[int, int] = {}
    ended = threading.Event()
    draft = {"start_time": "2026-01-01T00:00:00Z", **KINDS["beyond it, every second"][1]}
    other = {"schedule": _but(SECOND, *[LEAP_MONDAY] * 19)}

    def ask(number: int) -> None:
        for turn in range(1 << 30):
            if ended.is_set():
                return
            if turn % 4:
                request = ("POST", "/preview?count=10", draft)
            else:
                fields = other if turn % 8 else KINDS["beyond it, every second"][1]
                request = ("PUT", f"/events/{events[(number + turn) % len(events)]}", fields)
            begun = time.monotonic()
            try:
                status = call(*request)[0]
            except (OSError, http.client.HTTPException):
                status = 0
            answers[status] = answers.get(status, 0) + 1
            ended.wait(begun + AT_ONCE / rate - time.monotonic())

    threads = [threading.Thread(target=ask, args=(n,), daemon=True) for n in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ended.set()
        for thread in threads:
            thread.join(60)
