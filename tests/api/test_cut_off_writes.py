"""Write calls that the store cuts off, around a due time: what has come by then is not lost.

The store goes away at each command of a call in turn. That command was not made, or it was made and
its answer lost, or it is made after the call was repeated: it had waited in a store that stood
still. Meanwhile the event's time comes, and a worker may deliver it before the call is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain import ids
from app.domain.outcome import Outcome, Timings
from app.engine.attempts import record_of
from app.errors import StoreUnavailable
from app.store import keys
from app.store.connection import StoreClient, StorePipeline
from app.store.short_forms import fields_of
from app.wiring.services import Services
from tests.support.api_client import at
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken

DUE_MS = NOW_MS + 2_000
BEFORE_MS, AFTER_MS = 90, 400
EVERY = {"every": "2s"}
FAR = "2030-05-05T00:00:00Z"
ALL_DAYS = {"rules": [{"frequency": "daily", "days": 1}]}
DELIVERED = Outcome(Timings(0, 0, 0), 200)

CHANGES: dict[str, Any] = {
    "a description": {"description": "changed"},
    "tags": {"tags": ["blue"]},
    "metadata": {"metadata": {"a": 1}},
    "a far exclusion": {"schedule": {**EVERY, "exclude": [FAR]}},
    "the time excluded": {"schedule": {**EVERY, "exclude": [at(DUE_MS / 1000)]}},
    "another rhythm": {"schedule": {"every": "1s"}},
    "another start": {"start_time": at(DUE_MS / 1000 + 0.5)},
    "a jitter": {"jitter": "900ms"},
    "a zone": {"timezone": "Europe/Berlin"},
    "a flow": {"flow": {"key": "f", "concurrency": 1}},
    "an overlap policy": {"overlap": "skip"},
    "no calendar": {"calendars": []},
    "a webhook": {"webhook": "https://example.com/other"},
    "a secret": {"hmac_secret": "a secret of this test"},
    "inactive": {"status": "inactive"},
}
CALLS: dict[str, tuple[str, str, Any]] = {
    **{name: ("PATCH", "/events/{event}", body) for name, body in CHANGES.items()},
    "put": ("PUT", "/events/{event}", {"description": "changed"}),
    "delete": ("DELETE", "/events/{event}", None),
    "pause": ("POST", "/events/{event}/pause", {}),
    "pause for a while": ("POST", "/events/{event}/pause", {"until": at(DUE_MS / 1000 + 1)}),
    "trigger": ("POST", "/events/{event}/trigger", None),
    "rotate": ("POST", "/events/{event}/rotate-secret", {}),
    "rotate by tag": ("POST", "/events/rotate-secret?tags=red", {}),
    "a calendar of far days": ("PUT", "/calendars/days", {"dates": ["2030-05-05"]}),
    "a calendar of all days": ("PUT", "/calendars/days", {"weekdays": ["MO", "TU", "WE", "TH", "FR", "SA"]}),
    "a flow's limits": ("PUT", "/flows/f", {"concurrency": 2}),
}  # fmt: skip


@dataclass
class Cut:
    """Lets ``left`` commands through; then, once, ``how`` decides what becomes of the next."""

    left: int
    how: str
    done: bool = False
    late: list[Callable[[], Any]] = field(default_factory=list)

    def pass_on(self, command: Callable[[], Any]) -> Any:
        if self.done:
            return command()
        if self.left:
            self.left -= 1
            return command()
        self.done = True
        if self.how == "answer lost":
            command()
        elif self.how == "made late":
            self.late.append(command)
        raise StoreUnavailable


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, str], Cut]]:
    """Has the store go away at a command."""
    current = Cut(0, "", done=True)

    def patch(of: type, name: str) -> None:
        real = getattr(of, name)

        def passed(self: Any, *args: Any, **options: Any) -> Any:
            return current.pass_on(lambda: real(self, *args, **options))

        monkeypatch.setattr(of, name, passed)

    patch(StoreClient, "direct")
    patch(StoreClient, "execute_command")
    patch(StorePipeline, "execute")

    def make(left: int, how: str) -> Cut:
        nonlocal current
        current = Cut(left, how)
        return current

    yield make
    current.done = True


@pytest.mark.parametrize("how", ["not made", "answer lost", "made late"])
@pytest.mark.parametrize("is_delivered", [False, True], ids=["pending", "delivered"])
@pytest.mark.parametrize("name", CALLS)
def test_nothing_that_has_come_is_lost(
    client: FlaskClient,
    services: Services,
    clock: FakeClock,
    redis_client: Any,
    cut: Callable[[int, str], Cut],
    name: str,
    how: str,
    *,
    is_delivered: bool,
) -> None:
    for left in range(100):
        redis_client.flushall()
        clock.ms = NOW_MS
        event_id = _a_series(client)
        occurrence = ids.occurrence_id(_raw(event_id), DUE_MS)
        method, path, body = CALLS[name]
        path = path.format(event=event_id)

        def call() -> TestResponse:
            return client.open(path, method=method, json=body)  # noqa: B023 - called here

        clock.ms = DUE_MS - BEFORE_MS
        missing = cut(left, how)
        first = call()
        was_cut, missing.done = missing.done, True
        if not was_cut:
            return
        was_there = _stored(redis_client, occurrence)
        clock.ms = DUE_MS + AFTER_MS
        if is_delivered and was_there:
            _deliver(services, left)
        # (Made already: it is not there, or it is paused or not active any more.)
        again = call()
        assert again.status_code in (200, 201, 202, 204, 400, 404, 409), (first.text, again.text)
        for command in missing.late:
            command()
        assert broken(redis_client, services.settings.partitions) == [], left
        if was_there:
            stored = _stored(redis_client, occurrence)
            assert stored, (left, first.status_code, again.text)
            assert stored.get(b"st") != b"cancelled" or stored[b"err"], left
    raise AssertionError("it was never answered")


def _stored(client: StoreClient, occurrence: bytes) -> dict[bytes, bytes]:
    """The fields of an occurrence, whatever its form; nothing if there is none."""
    short = client.hget(keys.fresh(ids.partition_of_occurrence(occurrence)), occurrence)
    if short is not None:
        return {name.encode(): value for name, value in fields_of(occurrence, short).items()}
    return client.hgetall(keys.occurrence_of(occurrence))


def _a_series(client: FlaskClient) -> str:
    assert client.put("/calendars/days", json={"dates": ["2031-01-01"]}).status_code == 201
    body = {
        "name": "series",
        "tags": ["red"],
        "webhook": "https://example.com/hook",
        "start_time": at(DUE_MS / 1000),
        "schedule": EVERY,
        "calendars": ["days"],
        "retry": {"attempts": 3},
    }
    answer = client.post("/events", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


def _deliver(services: Services, request: int) -> None:
    """As a drain would; what is in a flow by now waits for that."""
    now_ms = services.clock.now_ms()
    claims = services.storage.work.claim(
        0, b"worker", request, now_ms=now_ms, limit=9, lease_ms=30_000
    )
    services.successors.schedule(claims, now_ms)
    records = [record_of(one, DELIVERED, now_ms, 0.5)[0] for one in claims]
    if records:
        assert services.storage.work.record(records, now_ms) == len(records)


def _raw(event_id: str) -> bytes:
    raw = ids.from_text(event_id, version=7)
    assert raw is not None
    return raw
