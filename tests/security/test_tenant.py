"""The attacker with a token of limited scope: what it may not see does not exist.

Two stores: one with everybody's events, one with those alone that the token may see. Whatever is
asked, with whatever right, the two answer the same; and nothing out of scope has changed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.config import Settings
from app.domain import ids
from app.domain.access import Access
from app.store.calls import Record
from tests.security.conftest import NOW_MS, SECOND_MS, SECRETS, Process
from tests.support.fake_store import fake_client

TAGS = ("red", "blue", "green", "red-ish")

tag_lists = st.lists(st.sampled_from(TAGS), max_size=3, unique=True)
plans = st.sampled_from(
    [
        {"start_time": "2030-01-01T00:01:00Z"},
        {"start_time": "2030-01-01T00:00:00Z"},
        {"start_time": "2030-01-01T00:00:00Z", "schedule": {"every": "30s"}},
        {"start_time": "2030-01-05T00:00:00Z", "status": "paused"},
        {"start_time": "2030-01-01T00:00:00Z", "flow": {"key": "shared", "concurrency": 1}},
    ]
)
stored = st.lists(st.tuples(tag_lists, plans, st.sampled_from(["a", "b"])), max_size=6)
accesses = st.sampled_from(["read", "write", "read_write"])
scopes = st.lists(st.sampled_from(TAGS), min_size=1, max_size=3, unique=True)

filters = st.sampled_from(
    [
        "tags=red",
        "tags=red,blue",
        "tags=red,green&match=all",
        "tags=blue&match=all",
        "status=active",
        "status=scheduled",
        "status=dispatched",
        "name=a",
        "from=2030-01-01T00:00:30Z",
        "limit=1",
        "limit=2&tags=blue",
        "",
    ]
)
which = st.integers(0, 6)
bodies = st.sampled_from(
    [
        {"name": "mine"},
        {"tags": ["red"]},
        {"tags": ["blue", "green"]},
        {"tags": []},
        {"status": "paused"},
        {"status": "active"},
        {"start_time": "2030-02-01T00:00:00Z"},
        {"hmac_secret": "a secret of the tenant's"},
        {"flow": {"key": "shared", "rate": "1/s"}},
        {"headers": {"Authorization": "a value of the tenant's"}},
        {"headers": {"Authorization": "***"}},
    ]
)
chosen = st.sampled_from(
    [{}, {"tags": ["red"]}, {"tags": ["blue", "green"]}, {"status": "cancelled"}]
)
calls = st.lists(
    st.one_of(
        st.tuples(st.just("list"), st.sampled_from(["/events", "/occurrences"]), filters),
        st.tuples(
            st.just("GET"),
            st.sampled_from(["", "/occurrences", "/preview?count=3", "/occurrences?limit=1"]),
            which,
        ),
        st.tuples(st.just("occurrence"), which, which),
        st.tuples(st.just("attempts"), which, which),
        st.tuples(st.just("retry"), which, which),
        st.tuples(st.just("retry all"), st.just("/occurrences/retry"), chosen),
        st.tuples(st.just("list"), st.just("/retries"), st.just("limit=1")),
        st.tuples(st.just("PUT"), bodies, which),
        st.tuples(st.just("DELETE"), st.just(""), which),
        st.tuples(st.just("POST"), st.sampled_from(["/trigger", "/pause", "/resume"]), which),
        st.tuples(st.just("rotate"), st.just("/rotate-secret"), which),
        st.tuples(st.just("rotate all"), st.just("/events/rotate-secret"), filters),
        st.tuples(
            st.just("flow"),
            st.sampled_from(["GET /flows", "GET /flows/shared", "POST /flows/shared/pause"]),
            which,
        ),
        st.tuples(st.just("feed"), st.just("/calendar.ics"), filters),
    ),
    min_size=1,
    max_size=12,
)


def a_process() -> Process:
    return Process(Settings(**SECRETS), store=fake_client())


@pytest.fixture(scope="module")
def worlds() -> tuple[Process, Process]:
    """Everybody's, and the one in which there is only what may be seen."""
    return a_process(), a_process()


class World:
    """One of the two, filled, and seen by the token."""

    def __init__(self, process: Process, events: list[Any], access: Access) -> None:
        self.process = process
        process.services.client.flushall()
        process.services.events._ids = ids.EventIds()
        process.clock.ms = NOW_MS
        self.admin = process.client()
        self.tenant = process.client(
            process.mint(sub="tenant", access=access.level, scope=sorted(access.scope))
        )
        self.ids: list[str] = []
        for number, (tags, plan, name) in events:
            # The same event has the same id in both worlds.
            process.clock.ms = NOW_MS + number * 7
            with patch("app.domain.ids.secrets.randbits", return_value=number):
                body = {"name": name, "webhook": "https://example.com/", "tags": tags, **plan}
                answer = self.admin.post("/events", json=body)
            assert answer.status_code == 201, answer.text
            self.ids.append(answer.json["id"])
        process.clock.ms = NOW_MS + SECOND_MS
        claimed = process.services.work.claim(0, b"w", 1, now_ms=NOW_MS, limit=9, lease_ms=30_000)
        # What becomes of one may not depend on the others: both worlds must agree.
        process.services.work.record(
            [
                Record(one.occurrence_id, one.token, "failed", 500, b"", "no", None, b"")
                for one in claimed
                if one.event_id[-1] % 2
            ],
            NOW_MS,
        )

    def ask(self, method: str, path: str, body: Any = None) -> tuple[Any, ...]:
        self.process.clock.ms += 1
        answer = self.tenant.open(path, method=method, json=body)
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
        whole: dict[str, tuple[Any, ...]] = {
            "feed": ("GET", f"{what}?{target}"),
            "flow": (*str(what).split(" "),),
            "rotate all": ("POST", f"{what}?{target}", {"secret": "of the tenant's own"}),
            "retry all": ("POST", what, {"filter": target, "dry_run": True}),
        }
        if kind in whole:
            return [self.ask(*whole[kind])]
        if kind in ("occurrence", "attempts", "retry"):
            event = bytes.fromhex(_pick(everybody, what).replace("-", ""))
            moment = (NOW_MS, NOW_MS + 30_000, NOW_MS + 60_000)[target % 3]
            name = ids.to_text(ids.occurrence_id(event, moment))
            method, after = {"attempts": ("GET", "/attempts"), "retry": ("POST", "/retry")}.get(
                kind, ("GET", "")
            )
            return [self.ask(method, f"/occurrences/{name}{after}")]
        path = f"/events/{_pick(everybody, target)}"
        method, after, body = {
            "PUT": ("PUT", "", what),
            "rotate": ("POST", what, {"secret": "of the tenant's own"}),
        }.get(kind, (kind, what, None))
        return [self.ask(method, f"{path}{after}", body)]

    def stored(self, event_ids: list[str]) -> list[Any]:
        client = self.process.services.client
        raw = [bytes.fromhex(one.replace("-", "")) for one in event_ids]
        return [client.hgetall(b"qh:{0}:event:" + one) for one in raw]


def _pick(everybody: list[str], number: int) -> str:
    """One of the events, or one that nobody has."""
    if number < len(everybody):
        return everybody[number]
    return "019b76da-a800-7000-8000-000000000000"


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(events=stored, level=accesses, scope=scopes, asked=calls)
def test_what_is_out_of_scope_might_as_well_not_exist(worlds, events, level, scope, asked):
    access = Access("tenant", level, frozenset(scope))
    numbered = list(enumerate(events, 1))
    seen = [(number, event) for number, event in numbered if access.sees(event[0])]
    everything, restricted = World(worlds[0], numbered, access), World(worlds[1], seen, access)
    hidden = [one for one in everything.ids if one not in restricted.ids]
    before = everything.stored(hidden)
    for call in asked:
        answers = [world.call(call, everything.ids) for world in (everything, restricted)]
        assert answers[0] == answers[1], call
    assert everything.stored(hidden) == before
    for world in (everything, restricted):
        world.admin.delete("/tokens?sub=tenant")
        status, _, text = world.ask("GET", "/events")
        assert (status, "revoked" in text) == (401, True)


def test_a_cursor_of_another_scope_is_refused(worlds):
    """It would tell how many there are between two positions."""
    events = [(["red"], {"start_time": "2030-01-01T00:01:00Z"}, "a")] * 3
    numbered = list(enumerate(events, 1))
    world = World(worlds[0], numbered, Access("tenant", "read", frozenset({"red"})))
    link = world.ask("GET", "/events?limit=1")[1]["Link"]
    path = link.split(";")[0].strip("<>")
    assert world.ask("GET", path)[0] == 200
    for scope in (["blue"], ["red", "blue"]):
        other = world.process.client(world.process.mint(scope=scope))
        assert other.get(path).status_code == 400
    assert world.admin.get(path).status_code == 400


def test_creating_needs_every_tag_in_scope(worlds):
    """Whatever is asked for, an event is made only where its maker can see it."""
    for level, scope, tags in itertools.product(
        ("read", "write", "read_write"), (["red"], ["red", "blue"]), ([], ["red"], ["red", "blue"])
    ):
        world = World(worlds[0], [], Access("tenant", level, frozenset(scope)))
        body = {
            "name": "a",
            "webhook": "https://example.com/",
            "start_time": "2031-01-01T00:00:00Z",
        }
        status = world.ask("POST", "/events", {**body, "tags": tags})[0]
        allowed = level != "read" and bool(tags) and set(tags) <= set(scope)
        assert status == (201 if allowed else 403)
        assert len(world.admin.get("/events").json) == allowed
