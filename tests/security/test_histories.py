"""The attacker whose token saw an event once: what becomes of the event since is not for it.

Each history is another: events of a tenant and of others are delivered, retried, moved to other
tags, renamed, sent elsewhere, paused, ended and deleted, in any order. A word that nobody else
knows stands in every field of what the tenant may not see any more, and in what its receivers
answer. Then every call of the API is made with the tenant's tokens, and the word is looked for.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from app.engine.attempts import callback_of
from app.store.calls import Record
from app.wiring.engine import Engine
from tests.security.conftest import NOW_MS, SECOND_MS, Process

SEEDS = int(os.environ.get("QHRONOS_FUZZ", "8"))
STEPS = 24
WORD = "hush"
TENANT = "tenant"
FILTERS = (
    *("tags=red", "status=failed", "status=completed", "status=retrying", "status=cancelled"),
    *("status=scheduled", "status=dispatched", "status=missed", "from=2029-01-01T00:00:00Z"),
)
QUERIES = {
    "/events": ("", "?tags=red", "?tags=red,green", "?status=active", "?status=inactive"),
    "/occurrences": tuple(f"?{one}" for one in FILTERS),
    "/calendar.ics": ("", "?tags=red", "?tags=green"),
    "/preview": (),
}
BODIES: dict[str, Any] = {
    "POST /events": {"name": "mine", "webhook": "https://example.com/", "delay": "1h"},
    "POST /occurrences/retry": {"filter": {"status": "failed"}, "dry_run": True},
    "POST /events/bulk": {"action": "delete", "filter": {"all": True}, "dry_run": True},
    "POST /preview": {"start_time": "2031-01-01T00:00:00Z"},
    "POST /events/{event_id}/backfill": {
        "from": "2029-12-31T20:00:00Z",
        "to": "2029-12-31T21:00:00Z",
    },
}


class History:
    """One store, what has happened in it, and who looks at it."""

    def __init__(self, process: Process, random: Random) -> None:
        self.process, self.random = process, random
        process.services.storage.client.flushdb()
        process.clock.ms = NOW_MS
        self.admin = process.client()
        self.tenant = process.client(process.mint(sub=TENANT, scope=["red"]))
        self.feed = process.mint(
            sub=TENANT, scope=["red"], type="feed", access="read", expires_at="2030-06-01T00:00:00Z"
        )
        self.numbers = itertools.count()
        self.requests = itertools.count(1)
        self.events: list[str] = []
        self.hidden: set[str] = set()
        self.made: list[tuple[str, dict[str, Any]]] = []

    def word(self) -> str:
        return f"{WORD}{next(self.numbers)}"

    def secrets(self) -> dict[str, Any]:
        """A word in every field that an event has."""
        return {
            "name": self.word(),
            "description": self.word(),
            "webhook": f"https://{self.word()}.example.com/{self.word()}",
            "metadata": {self.word(): self.word()},
            "headers": {f"X-{self.word()}": self.word()},
            "hmac_secret": f"{self.word()} is long",
            "on_failure": f"https://example.com/{self.word()}",
            "tags": ["green", self.word()],
        }

    def make(self) -> None:
        tenants = self.random.random() < 0.7
        plan = self.random.choice(
            [
                {"start_time": "2030-01-01T00:00:00Z", "schedule": {"every": "20s"}},
                {"start_time": "2030-01-01T00:00:01Z"},
                {"start_time": "2030-03-01T00:00:00Z", "schedule": {"frequency": "daily"}},
            ]
        )
        options = self.random.choice(
            [
                {},
                {"flow": {"key": "shared", "concurrency": 1}},
                {"on_failure": "https://example.com/failed"},
                {"order": "strict"},
                {"retry": {"attempts": 3, "delays": ["1s"]}},
            ]
        )
        body = {"name": "seen", "webhook": "https://example.com/", "tags": ["red"], **options}
        if not tenants:
            body |= self.secrets()
        client = self.tenant if tenants else self.admin
        key = f"key-{next(self.numbers)}"
        answer = client.post("/events", json={**body, **plan}, headers={"Idempotency-Key": key})
        assert answer.status_code == 201, answer.text
        self.events.append(answer.json["id"])
        if tenants:
            self.made.append((key, {**body, **plan}))
        else:
            self.hidden.add(answer.json["id"])

    def any_event(self) -> str:
        return self.random.choice(self.events) if self.events else "none"

    def hide(self) -> None:
        """Give an event other tags, and in the same write or in another one, all the rest."""
        one = self.any_event()
        fields = self.secrets()
        changes = self.random.choice([[fields], [{"tags": fields["tags"]}, fields], [{"tags": []}]])
        for change in changes:
            if self.admin.put(f"/events/{one}", json=change).status_code == 200:
                self.hidden.add(one)

    def change_hidden(self) -> None:
        """What an admin does to what the tenant does not see."""
        if not self.hidden:
            return
        one = self.random.choice(sorted(self.hidden))
        word = self.word()
        ask = self.admin.open
        match self.random.randrange(7):
            case 0:
                ask(f"/events/{one}", method="DELETE")
            case 1:
                ask(f"/events/{one}/pause", method="POST", json={"note": word})
            case 2:
                ask(f"/events/{one}/resume", method="POST")
            case 3:
                ask(f"/events/{one}", method="PUT", json={"status": "inactive"})
            case 4:
                ask(f"/events/{one}", method="PUT", json={"flow": {"key": word}})
            case 5:
                ask(f"/events/{one}/trigger", method="POST")
            case _:
                ask("/occurrences/retry", method="POST", json={"filter": {"status": "failed"}})

    def deliver(self) -> None:
        """Have what is due attempted; receivers of what is hidden answer with a word."""
        self.process.clock.ms += self.random.choice([SECOND_MS, 25 * SECOND_MS])
        now_ms = self.process.clock.ms
        work = self.process.services.storage.work
        claimed = work.claim(0, b"w", next(self.requests), now_ms=now_ms, limit=9, lease_ms=30_000)
        self.process.services.successors.schedule(claimed, now_ms)
        if self.random.random() < 0.3:
            self.hide()  # while the attempts are under way: these were sent as it was before
        for one in claimed:
            verdict = self.random.choice(["completed", "retrying", "retrying", "failed"])
            said = "seen" if "red" in one.tags else self.word()
            line = f'[{one.attempt},0,0,0,0,null,null,null,500,"{said}",0]\n'.encode()
            again = now_ms + SECOND_MS if verdict == "retrying" else None
            callback = callback_of(one, verdict)
            work.record(
                [
                    Record(
                        *(one.occurrence_id, one.token, verdict, 500, said.encode(), said),
                        *(again, line, callback),
                    )
                ],
                now_ms,
            )

    def retry(self) -> None:
        """A tenant's own job, which goes on while events are moved away."""
        body = {"filter": {"tags": ["red"], "status": "failed"}}
        self.tenant.post("/occurrences/retry", json=body)
        Engine(self.process.services).upkeep.reconcile()

    def live(self) -> None:
        self.make()
        steps: list[Callable[[], None]] = [
            *(self.make, self.hide, self.deliver, self.deliver, self.deliver),
            *(self.change_hidden, self.retry),
        ]
        for _ in range(STEPS):
            self.random.choice(steps)()

    def known(self) -> dict[str, list[str]]:
        """All that paths can name."""
        found: dict[str, list[str]] = {"event_id": self.events, "occurrence_id": [], "key": []}
        path = "/occurrences?from=2029-01-01T00:00:00Z&limit=100"
        found["occurrence_id"] = [one["id"] for one in self.admin.get(path).json["data"]]
        for name, path, member in (
            ("retry_id", "/retries", "id"),
            ("job_id", "/bulk-jobs", "id"),
            ("key", "/flows", "key"),
            ("jti", "/tokens", "jti"),
        ):
            found[name] = [one[member] for one in self.admin.get(path).json]
        return {**found, "name": ["none"]}

    def calls(self) -> Iterator[tuple[str, str, Any]]:
        """Every call, with everything that it can name."""
        document = self.admin.get("/openapi.json").json
        names = self.known()
        for path, operations in document["paths"].items():
            for method in operations.keys() - {"parameters", "delete"}:
                label = f"{method.upper()} {path}"
                for address in _filled(path, names):
                    for query in QUERIES.get(path, ("",)) if method == "get" else ("",):
                        yield method.upper(), address + query, BODIES.get(label, {})
        for one in self.hidden:
            for after in ("?dry_run=true", ""):
                yield "PUT", f"/events/{one}{after}", {"name": "mine"}
            yield "DELETE", f"/events/{one}", None
            yield "GET", f"/occurrences?event_id={one}", None
            yield "POST", f"/events/{one}/rotate-secret", {}

    def heard(self) -> Iterator[tuple[str, str]]:
        """Each call, and all that its answer says."""
        for method, path, body in self.calls():
            answer = self.tenant.open(path, method=method, json=None if method == "GET" else body)
            echo = path.split("/")[2] if path.startswith("/flows/") else "nothing"
            text = f"{answer.headers}{answer.get_data(as_text=True)}"
            yield f"{method} {path}", text.replace(echo, "what was asked for")
        for key, body in self.made:
            answer = self.tenant.post("/events", json=body, headers={"Idempotency-Key": key})
            yield f"once more {key}", f"{answer.headers}{answer.get_data(as_text=True)}"
        for query in ("", "&tags=red"):
            answer = self.process.client(None).get(f"/calendar.ics?token={self.feed}{query}")
            assert answer.status_code == 200, answer.text
            yield "the feed", answer.get_data(as_text=True).replace("\r\n ", "")


def _filled(path: str, names: dict[str, list[str]]) -> Iterator[str]:
    for name, values in names.items():
        if f"{{{name}}}" in path:
            for value in values:
                yield path.replace(f"{{{name}}}", value)
            return
    yield path


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_becomes_of_an_event_is_not_for_who_saw_it_once(process, seed):
    history = History(process, Random(seed))
    history.live()
    mine = [one for one in history.events if one not in history.hidden]
    flows = history.tenant.get("/flows?limit=1000").json
    seen = [one for one in history.tenant.get("/events?limit=1000").json if "flow" in one]
    shared = sum(flow["events"] for flow in flows if flow["key"] == "shared")
    assert shared == len(
        [one for one in seen if one["flow"] == {"key": "shared", "concurrency": 1}]
    )
    assert {one["id"] for one in history.tenant.get("/events?limit=1000").json} <= set(mine)
    for call, answer in history.heard():
        assert WORD not in answer, call
