"""Two stores: one with everybody's events, one with those alone that a token may see.

And all that the token may ask of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any
from unittest.mock import patch

from app.domain import ids
from app.domain.access import Access
from app.store.calls import Record
from tests.security.conftest import NOW_MS, SECOND_MS, Process
from tests.support.invariants import snapshot

TAGS = ("red", "blue", "red-ish")

MANY = (*(f"tags={tag}" for tag in TAGS), "tags=red,blue", "tags=red,red-ish&match=all")
FILTERS = {
    "/events": (*MANY, "", "status=active", "status=paused", "name=a", "limit=1", "limit=2"),
    "/occurrences": (
        *MANY,
        *(f"status={one}" for one in ("scheduled", "dispatched", "failed", "cancelled")),
        *("from=2030-01-01T00:00:30Z", "page=2&limit=1&tags=red,blue,red-ish", ""),
    ),
}
PLANS: tuple[dict[str, Any], ...] = (
    {"start_time": "2030-01-01T00:01:00Z"},
    {"start_time": "2030-01-01T00:00:00Z"},
    {"start_time": "2030-01-01T00:00:00Z", "schedule": {"every": "30s"}},
    {"start_time": "2030-01-05T00:00:00Z", "status": "paused"},
    {"start_time": "2030-01-01T00:00:00Z", "flow": {"key": "shared", "concurrency": 1}},
    {"start_time": "2029-12-01T00:00:00Z", "schedule": {"every": "1h"}, "calendars": ["days"]},
)
BODIES: tuple[dict[str, Any], ...] = (
    {"name": "mine"},
    {"tags": ["red"]},
    {"tags": ["blue", "red-ish"]},
    {"tags": []},
    {"status": "paused"},
    {"status": "active"},
    {"start_time": "2030-02-01T00:00:00Z"},
    {"hmac_secret": "a secret of the tenant's"},
    {"flow": {"key": "shared", "rate": "1/s"}},
    {"headers": {"Authorization": "a value of the tenant's"}},
    {"headers": {"Authorization": "***"}},
    {"schedule": {"every": "2h"}, "calendars": ["days"]},
)
CHOSEN = ({"tags": list(TAGS)}, {"tags": ["red"]}, {"status": "cancelled"}, {"status": "failed"})
READ = (
    *("/calendars", "/calendars/days", "/calendars/none", "/breakers"),
    *("/metrics", "/tokens", "/audit", "/audit/export"),
)
FLOWS = ("GET /flows", "GET /flows/shared", "PUT /flows/shared", "POST /flows/shared/pause")
OF_ONE = ("", "/occurrences", "/preview?count=3", "/occurrences?limit=1")

Call = tuple[str, Any, Any]
Stored = tuple[list[str], dict[str, Any], str]


def some_tags(random: Random, least: int = 0) -> list[str]:
    return random.sample(TAGS, random.randint(least, len(TAGS)))


def some_events(random: Random) -> list[Stored]:
    """Tags, plan and name of each."""
    return [
        (some_tags(random), random.choice(PLANS), random.choice("ab"))
        for _ in range(random.randint(4, 7))
    ]


def some_calls(random: Random) -> list[Call]:
    """Each kind more than once, in any order."""
    choice, which = random.choice, lambda: random.randint(0, 7)
    made: list[Call] = []
    for _ in range(2):
        new = {"tags": some_tags(random), "name": "mine"}
        made += [
            *(("list", path, choice(queries)) for path, queries in FILTERS.items()),
            ("list", "/retries", "limit=1"),
            *(("GET", after, which()) for after in OF_ONE),
            *((kind, which(), which()) for kind in OF_OCCURRENCES),
            ("retry all", choice([True, False]), choice(CHOSEN)),
            ("of event", choice(FILTERS["/occurrences"]), which()),
            ("create", new, choice(PLANS)),
            ("preview", "/preview", choice(PLANS)),
            ("backfill", choice(["true", "false"]), which()),
            *((kind, choice(BODIES), which()) for kind in ("dry", "PUT", "PUT")),
            *(("read", path, choice(["GET", "HEAD"])) for path in random.sample(READ, 4)),
            ("DELETE", "", which()),
            ("POST", choice(["/trigger", "/pause", "/resume"]), which()),
            ("rotate", "/rotate-secret", which()),
            ("rotate all", "/events/rotate-secret", choice(MANY)),
            ("flow", choice(FLOWS), None),
            ("feed", "/calendar.ics", choice(MANY)),
        ]
    random.shuffle(made)
    return made


PAST = {"from": "2029-12-31T20:00:00Z", "to": "2029-12-31T23:00:00Z"}
SECRET = {"secret": "of the tenant's own"}

OF_EVENTS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "GET": lambda what: ("GET", what, None),
    "PUT": lambda what: ("PUT", "", what),
    "dry": lambda what: ("PUT", "?dry_run=true", what),
    "DELETE": lambda what: ("DELETE", what, None),
    "POST": lambda what: ("POST", what, None),
    "rotate": lambda what: ("POST", what, SECRET),
    "backfill": lambda what: ("POST", f"/backfill?dry_run={what}", PAST),
}
"""Method, what follows the event's path, and body."""

OF_OCCURRENCES = {
    "occurrence": ("GET", ""),
    "attempts": ("GET", "/attempts"),
    "retry": ("POST", "/retry"),
    "ack": ("POST", "/ack"),
}
WHOLE: dict[str, Callable[[Any, Any], tuple[Any, ...]]] = {
    "read": lambda what, method: (method, what),
    "feed": lambda what, query: ("GET", f"{what}?{query}"),
    "flow": lambda what, _: (*what.split(" "), {"rate": "5/s"} if "PUT" in what else None),
    "rotate all": lambda what, query: ("POST", f"{what}?{query}", SECRET),
    "retry all": lambda dry, chosen: (
        "POST",
        "/occurrences/retry",
        {"filter": chosen, "dry_run": dry},
    ),
    "create": lambda what, plan: (
        "POST",
        "/events",
        {"webhook": "https://example.com/", **what, **plan},
    ),
    "preview": lambda what, plan: (
        "POST",
        what,
        {key: plan[key] for key in plan if key in ("start_time", "schedule", "calendars")},
    ),
}
"""Method, path and body of calls that name no event."""


class World:
    """One of the two, filled, and seen by the token."""

    def __init__(self, process: Process, events: list[Any], access: Access) -> None:
        self.process = process
        process.services.storage.client.flushdb()
        object.__setattr__(process.services.events, "new_ids", ids.EventIds())
        object.__setattr__(process.services.redeliveries, "new_ids", ids.EventIds())
        process.clock.ms = NOW_MS
        self.admin = process.client()
        self.tenant = process.client(
            process.mint(sub="tenant", access=access.level, scope=sorted(access.scope))
        )
        self.ids: list[str] = []
        self.admin.put("/calendars/days", json={"dates": ["2030-01-03"]})
        for number, (tags, plan, name) in events:
            # The same event has the same id in both worlds.
            process.clock.ms = NOW_MS + number * 7
            with patch("app.domain.ids.secrets.randbits", return_value=number):
                body = {"name": name, "webhook": "https://example.com/", "tags": tags, **plan}
                key = {"Idempotency-Key": f"key-{number}"}
                answer = self.admin.post("/events", json=body, headers=key)
            assert answer.status_code == 201, answer.text
            self.ids.append(answer.json["id"])
        process.clock.ms = NOW_MS + SECOND_MS
        claimed = process.services.storage.work.claim(
            0, b"w", 1, now_ms=NOW_MS, limit=9, lease_ms=30_000
        )
        # What becomes of one may not depend on the others: both worlds must agree.
        process.services.storage.work.record(
            [
                Record(one.occurrence_id, one.token, "failed", 500, b"", "no", None, b"")
                for one in claimed
                if one.event_id[-1] % 2
            ],
            NOW_MS,
        )

    def ask(self, method: str, path: str, body: Any = None) -> tuple[Any, ...]:
        self.process.clock.ms += 1
        # What is made has the same id in both worlds.
        with patch("app.domain.ids.secrets.randbits", return_value=self.process.clock.ms):
            key = {"Idempotency-Key": f"key-{self.process.clock.ms % 5}"}
            headers = key if (method, path) == ("POST", "/events") else None
            answer = self.tenant.open(path, method=method, json=body, headers=headers)
        headers = {
            name: answer.headers.get(name) for name in ("Link", "X-Total-Count", "ETag", "Location")
        }
        return answer.status_code, headers, answer.get_data(as_text=True)

    def follow(self, path: str) -> Iterator[tuple[Any, ...]]:
        for _ in range(10):
            answer = self.ask("GET", path)
            yield answer
            if not answer[1]["Link"]:
                return
            path = answer[1]["Link"].split(";")[0].strip("<>")

    def call(self, call: tuple[str, Any, Any], everybody: list[str]) -> list[Any]:
        kind, what, target = call
        if kind == "list":
            return list(self.follow(f"{what}?{target}"))
        if kind in OF_EVENTS:
            method, after, body = OF_EVENTS[kind](what)
            return [self.ask(method, f"/events/{_pick(everybody, target)}{after}", body)]
        if kind in OF_OCCURRENCES:
            event = bytes.fromhex(_pick(everybody, what).replace("-", ""))
            moment = (NOW_MS, NOW_MS + 30_000, NOW_MS + 60_000)[target % 3]
            name = ids.to_text(ids.occurrence_id(event, moment))
            method, after = OF_OCCURRENCES[kind]
            return [self.ask(method, f"/occurrences/{name}{after}")]
        if kind == "of event":
            return [self.ask("GET", f"/occurrences?event_id={_pick(everybody, target)}&{what}")]
        return [self.ask(*WHOLE[kind](what, target))]

    def stored(self, event_ids: list[str]) -> dict[bytes, Any]:
        """Every key that is about these events, and every index as far as it has them."""
        found = snapshot(self.process.services.storage.client)
        raw = {bytes.fromhex(one.replace("-", "")) for one in event_ids}
        own = {key: value for key, value in found.items() if any(one in key for one in raw)}
        occurrences = {
            key.rpartition(b":")[2] if len(key.rpartition(b":")[2]) == 16 else key[-16:]: value
            for key, value in found.items()
            if b":occurrence:" in key and value[b"e"] in raw
        }
        about = raw | occurrences.keys()
        indexes = {
            key: {one: score for one, score in value.items() if one in about}
            for key, value in found.items()
            if isinstance(value, dict) and about & value.keys()
        }
        return {**own, **occurrences, **indexes}


def _pick(everybody: list[str], number: int) -> str:
    """One of the events, or one that nobody has."""
    if number < len(everybody):
        return everybody[number]
    return "019b76da-a800-7000-8000-000000000000"
