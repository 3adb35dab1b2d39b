"""The attacker with a token of limited scope: what it may not see does not exist.

Two stores: one with everybody's events, one with those alone that the token may see. Whatever is
asked, with whatever right, the two answer the same; and nothing out of scope has changed.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from random import Random

import pytest

from app.config import Settings
from app.domain.access import Access
from tests.security.conftest import SECRETS, Process
from tests.security.worlds import World, some_calls, some_events, some_tags

SEEDS = int(os.environ.get("QHRONOS_FUZZ", "12"))
"""How many pairs of worlds there are, each another."""

LEVELS = ("read", "write", *("read_write",) * 4)


@pytest.fixture(scope="module")
def worlds(store_server: str) -> Iterator[tuple[Process, Process]]:
    """Everybody's, and the one in which there is only what may be seen: two databases."""
    first, second = (
        Process(
            Settings(
                **SECRETS,
                redis_url=f"{store_server}{'&' if '?' in store_server else '?'}db={number}",
            )
        )
        for number in (1, 2)
    )
    yield first, second
    for process in (first, second):
        process.services.storage.client.close()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_is_out_of_scope_might_as_well_not_exist(worlds, seed):
    random = Random(seed)
    events, asked = some_events(random), some_calls(random)
    level, scope = random.choice(LEVELS), some_tags(random, 1)
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
