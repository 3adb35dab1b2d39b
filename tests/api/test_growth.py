"""The store holds what there is, not what has happened: no change leaves what stays for ever.

Every kind of change is made and undone, its records grow old, and retention runs. Then the store
has as much after many rounds as after a few, but for keys that end by themselves.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any, cast

import redis
from flask.testing import FlaskClient

from app.domain.times import to_rfc3339
from app.store.calls import Record
from app.wiring.engine import Engine
from app.wiring.services import Services
from tests.api.application import with_token
from tests.support.clock import FakeClock
from tests.support.invariants import broken

MINUTE_MS, DAY_MS = 60_000, 86_400_000
TEN_YEARS_MS = 3_653 * DAY_MS

END_BY_THEMSELVES = {
    r"qh:\{0\}:claim:.+": 10 * MINUTE_MS,
    r"qh:\{0\}:made:.+": DAY_MS,
    r"qh:\{0\}:event:.{16}:names": 8 * DAY_MS,
    r"qh:\{flows\}:answer:.+": MINUTE_MS,
    r"qh:\{audit\}:done:.+": MINUTE_MS,
    r"qh:\{stats\}:(minute|hour|day):\d+": 402 * DAY_MS,
    r"qh:\{tokens\}:(token|used|revoked):.+": TEN_YEARS_MS,
    r"qh:\{tokens\}:barred:.+": TEN_YEARS_MS + DAY_MS,
}
"""Keys that end by themselves, and after how long at the latest, ms."""


class User:
    """Makes every kind of change, round by round, and leaves nothing behind."""

    def __init__(self, client: FlaskClient, services: Services, clock: FakeClock) -> None:
        self._client = client
        self._services = services
        self._clock = clock
        clock.ms = time.time_ns() // 1_000_000  # the store's own: it ends keys by that

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = self._client.open(path, method=method, json=body, headers=headers)
        assert answer.status_code < 300, (method, path, answer.text)
        return answer.json

    def round(self, number: int) -> None:
        self._manage_a_series(number)
        self._have_one_fail(number)
        self._use_tokens(number)

    def _manage_a_series(self, number: int) -> None:
        now_ms = self._clock.ms
        self.call("PUT", "/calendars/days", {"dates": ["2036-01-01"]})
        self.call("PUT", f"/flows/flow-{number}", {"concurrency": 2})
        self.call("POST", f"/flows/flow-{number}/pause")
        self.call("POST", f"/flows/flow-{number}/resume")
        series = {
            "name": f"series {number}",
            "start_time": to_rfc3339(now_ms + MINUTE_MS),
            "webhook": f"https://{number}.example.com/",
            "schedule": {"frequency": "daily"},
            "tags": ["red", f"round {number}"],
            "flow": {"key": f"flow-{number}"},
            "calendars": ["days"],
        }
        made = self.call("POST", "/events", series, **{"Idempotency-Key": f"key-{number}"})
        path = f"/events/{made['id']}"
        self.call("PUT", path, {"name": f"b {number}", "tags": ["red", f"blue {number}"]})
        self.call("POST", f"{path}/pause")
        self.call("POST", f"{path}/resume")
        self.call("POST", f"{path}/rotate-secret")
        self.call("POST", "/events/rotate-secret?tags=red")
        self.call("POST", f"{path}/trigger")
        past = {"from": to_rfc3339(now_ms - 2 * DAY_MS), "to": to_rfc3339(now_ms)}
        self.call("POST", f"{path}/backfill", past)
        self.call("DELETE", path)
        self.call("DELETE", "/calendars/days")

    def _have_one_fail(self, number: int) -> None:
        event = {
            "name": f"once {number}",
            "start_time": to_rfc3339(self._clock.ms + 1),
            "webhook": f"https://{number}.example.com/",
            "tags": ["red"],
        }
        self.call("POST", "/events", event)
        for request, verdict in enumerate(("failed", "failed", "completed"), 1):
            now_ms = self._clock.advance(MINUTE_MS)
            work = self._services.storage.work
            claims = work.claim(
                0, b"w%d" % number, request, now_ms=now_ms, limit=9, lease_ms=30_000
            )
            records = [
                Record(one.occurrence_id, one.token, verdict, 500, b"", "no", None, b"[]\n")
                for one in claims
            ]
            assert work.record(records, now_ms) == len(records) == 1
            if verdict == "failed":
                self.call("POST", "/occurrences/retry", {"filter": {"status": "failed"}})
                self._services.redeliveries.continue_waiting()
        self.call("POST", "/events/bulk", {"action": "pause", "filter": {"name": "nobody"}})
        self._services.bulk.continue_waiting()

    def _use_tokens(self, number: int) -> None:
        grant = {"sub": f"sub {number}", "expires_at": to_rfc3339(self._clock.ms + DAY_MS)}
        for kind, access in (("jwt", "read_write"), ("feed", "read")):
            made = self.call(
                "POST", "/tokens", {**grant, "type": kind, "access": access, "scope": ["red"]}
            )
            with_token(self._client.application, made["token"]).get("/events")
        newest = self.call("GET", f"/tokens?sub=sub%20{number}")[0]["jti"]
        self.call("DELETE", f"/tokens/{newest}")
        self.call("DELETE", f"/tokens?sub=sub%20{number}")


def grow_old(services: Services, clock: FakeClock) -> None:
    """Let more time pass than any retention, and have upkeep do what it does."""
    upkeep = Engine(services).upkeep
    for _ in range(3):
        clock.advance(TEN_YEARS_MS // 9)
        upkeep.recover()
        upkeep.reconcile()
        while upkeep.retain() or services.figures.roll_ups.add():
            pass


def contents(client: redis.Redis) -> dict[str, int]:
    """How many members each key has that does not end by itself."""
    sizes = {"hash": "HLEN", "zset": "ZCARD", "set": "SCARD", "stream": "XLEN", "list": "LLEN"}
    found = {}
    for key in cast("Iterator[bytes]", client.scan_iter(count=1_000)):
        kind = cast("bytes", client.type(key)).decode()
        if client.ttl(key) == -1:
            size = client.execute_command(sizes[kind], key) if kind in sizes else 1
            found[repr(key)] = int(size)
    return {key: size for key, size in found.items() if size}


def test_many_changes_leave_no_more_than_a_few(
    client: FlaskClient, services: Services, clock: FakeClock, redis_client: redis.Redis
) -> None:
    user = User(client, services, clock)
    left = []
    for rounds in (range(1, 3), range(3, 9)):
        for number in rounds:
            user.round(number)
        grow_old(services, clock)
        left.append(contents(redis_client))
        assert not broken(redis_client)
    assert left[0] == left[1]


def test_what_ends_by_itself_ends_in_time(
    client: FlaskClient, services: Services, clock: FakeClock, redis_client: redis.Redis
) -> None:
    """The table of keys says which they are; there are no others."""
    User(client, services, clock).round(1)
    services.figures.roll_ups.add()
    seen = set()
    for key in cast("Iterator[bytes]", redis_client.scan_iter(count=1_000)):
        left_ms = cast("int", redis_client.pttl(key))
        if left_ms >= 0:
            forms = [
                one
                for one in END_BY_THEMSELVES
                if re.fullmatch(one, key.decode("latin-1"), re.DOTALL)
            ]
            assert len(forms) == 1, key
            assert left_ms <= END_BY_THEMSELVES[forms[0]], key
            seen.add(forms[0])
    of_drains = {r"qh:\{flows\}:answer:.+"}  # which these changes do without
    assert seen | of_drains == set(END_BY_THEMSELVES)
