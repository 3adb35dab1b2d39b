"""``python -m benchmarks.lists``: what a page of a list costs, in a small store and in a large one.

Both stores are filled by the scripts that the API uses. Half of the events has the tag ``left``,
the other half ``right``; what was delivered, and what is paused, is all of ``right``. So some
filters fit many, some fit none of many, and some have to leave out half of what they walk. All of
``left`` is sent to one host. Each page is asked for through the API's own code, and again for an
old page. The store itself says how long its commands took, and which script took longest.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from flask.testing import FlaskClient

from app.domain import action, ids
from app.domain.definition import Definition
from app.domain.event import Event, EventStatus
from app.domain.ids import EventIds
from app.factory import create_app
from app.services.metadata_index import MetadataIndexing
from app.setting_variables import production_settings
from app.store import keys
from app.store.connection import StoreClient, connect
from app.store.events import NOTHING, EventStore, Plan
from app.store.terms import EventTerms
from app.wiring.services import build_services
from benchmarks import support
from benchmarks.loading import BATCH, PipedScripts
from benchmarks.support import say

DAY_MS = 86_400_000
ROUNDS = 5
DECLARED = ("number", "side")
OLD = 9_000
"""How many entries lie before an old page."""

EVENTS = (
    "", "status=active", "status=paused", "tags=left", "tags=left&status=active",
    "tags=left&status=paused", "tags=left,right&match=all", "tags=left,rare&match=all",
    "tags=left,right", "tags=nobody", "name=nightly", "name=job%2077", "name=nobody",
    "name=nightly&tags=left", "name=nightly&status=paused",
)  # fmt: skip
NEW_EVENTS = (
    "status=active,paused", "tags=left%20AND%20NOT%20rare", "tags=right%20AND%20NOT%20right",
    "name_prefix=job%2077", "name_prefix=job", "name_prefix=none", "target_host=h7.example.com",
    "target_host=none.example.com", "sort=created_at", "fields=id,name",
    "target_host=hooks.example.com", "target_host=hooks.example.com&sort=created_at",
    "target_host=hooks.example.com&tags=left", "target_host=hooks.example.com&status=paused",
    "target_host=hooks.example.com&tags=rare", "target_host=hooks.example.com&name=nightly",
    "sort=name", "sort=-name", "sort=name&name_prefix=job%207",
    "metadata.side=left", "metadata.side=left&sort=created_at", "metadata.side=left&status=paused",
    "metadata.side=left&target_host=h7.example.com", "metadata.number=77", "metadata.number=none",
)  # fmt: skip
OCCURRENCES = (
    "status=scheduled", "status=completed", "status=failed", "tags=left", "tags=right",
    "tags=left&status=scheduled", "tags=left&status=completed", "tags=right&status=completed",
    "tags=left&status=failed", "tags=left,right&match=all", "tags=rare&status=completed",
    "tags=left,right", "from=2001-01-01T00:00:00Z", "tags=nobody",
)  # fmt: skip
NEW_OCCURRENCES = (
    "status=completed,failed", "tags=left%20AND%20NOT%20rare", "sort=scheduled_at&status=scheduled",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cost:
    """What a page took: the time until the answer, and the store's own, ms."""

    took: float
    store: float
    longest: float


class Filler:
    """Fills a store with events, through scripts that are sent many at once."""

    def __init__(self, client: StoreClient) -> None:
        self._scripts = PipedScripts(client)
        self._events = EventStore(client, self._scripts, 1, EventTerms(DECLARED))
        self._ended = client.pipeline(transaction=False)
        self._records: list[bytes | str | int] = []
        self._sha = client.script_load(self._scripts.text("record_unattempted").source)

    def fill(self, count: int) -> None:
        """Create so many events; every second one was delivered before."""
        made, base_ms = EventIds(), time.time_ns() // 1_000_000
        for number in range(count):
            event_id = made.make(time.time_ns() // 1000, 0, 1)
            created_ms = ids.created_ms(event_id)
            event = _event(event_id, number, base_ms, created_ms)
            plan = NOTHING
            if event.status is EventStatus.ACTIVE:
                plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
            self._events.save(event, plan, None, created_ms)
            if number % 2:
                status = "failed" if number % 100 == 1 else "completed"
                self._record(event, base_ms - DAY_MS - number, status, created_ms)
        self._scripts.flush()
        self._flush()

    def _record(self, event: Event, at_ms: int, status: str, now_ms: int) -> None:
        tags = "\n".join(event.tags)
        one = ids.occurrence_id(event.id, at_ms)
        self._records += [one, event.id, at_ms, tags, status, ""]
        if len(self._records) >= 6 * BATCH:
            self._flush(now_ms)

    def _flush(self, now_ms: int = 0) -> None:
        if self._records:
            prefix = keys.prefix(0)
            self._ended.evalsha(self._sha, 1, prefix, prefix, now_ms, *self._records)
            self._ended.execute()
            self._records = []


def _event(event_id: bytes, number: int, base_ms: int, created_ms: int) -> Event:
    side = "right" if number % 2 else "left"
    tags = (side, "rare") if number % 100 in (0, 51) else (side, "other")
    name = "nightly" if number % 10 in (2, 5) else f"job {number}"
    status = {1: EventStatus.PAUSED, 3: EventStatus.INACTIVE}.get(number % 10, EventStatus.ACTIVE)
    host = f"h{number % 50}" if number % 2 else "hooks"
    webhook = action.webhook(f"https://{host}.example.com/webhook")
    start_ms = base_ms + DAY_MS + number
    return Event(
        id=event_id,
        definition=Definition(name, start_ms, webhook, "Run it"),
        metadata_json=f'{{"side":"{side}","number":{number}}}',
        tags=tags,
        status=status,
        created_ms=created_ms,
        updated_ms=created_ms,
    )


class Lists:
    """Asks for pages, and the store for what they cost."""

    def __init__(self, api: FlaskClient, client: StoreClient) -> None:
        self._api = api
        self._client = client

    def cost(self, path: str) -> Cost | None:
        """The cost of a page, the median of some rounds; ``None`` if it is refused."""
        costs = []
        for _ in range(ROUNDS + 1):
            self._client.config_resetstat()
            self._client.slowlog_reset()
            began = time.perf_counter()
            answer = self._get(path)
            took = (time.perf_counter() - began) * 1000
            if answer.status_code != 200:
                return None
            costs.append(Cost(took, self._store_ms(), self._longest_ms()))
        costs = costs[1:]
        return Cost(
            statistics.median(one.took for one in costs),
            statistics.median(one.store for one in costs),
            max(one.longest for one in costs),
        )

    def old(self, path: str) -> str | None:
        """The address of an old page of a list; ``None`` if the list ends before, or leads not."""
        for _ in range(OLD // 1000):
            link = self._get(path).headers.get("Link")
            if link is None:
                return None
            path = link.partition("<")[2].partition(">")[0].partition("//")[2]
            path = path[path.index("/") :]
        return path

    def _get(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {support.MASTER_TOKEN}"}
        return self._api.get(path, headers=headers)

    def _store_ms(self) -> float:
        stats = cast("dict[str, dict[str, int]]", self._client.info("commandstats"))
        quiet = ("config", "slowlog", "info")  # what a script calls is in its own time, too
        scripts = sum(one["usec"] for name, one in stats.items() if name.startswith("cmdstat_eval"))
        inside = sum(
            one["usec"]
            for name, one in stats.items()
            if not name.removeprefix("cmdstat_").startswith((*quiet, "eval"))
        )
        return max(scripts, inside) / 1000

    def _longest_ms(self) -> float:
        found = cast("list[dict[str, int]]", self._client.slowlog_get(100))
        return max((one["duration"] for one in found), default=0) / 1000


@contextlib.contextmanager
def filled(count: int) -> Iterator[Lists]:
    """A store with so many events, and the API upon it."""
    with support.store() as url, connect(url) as client:
        began = time.perf_counter()
        Filler(client).fill(count)
        say(f"{count:,} events were stored in {time.perf_counter() - began:.0f} s")
        client.config_set("slowlog-log-slower-than", 100)
        given = support.environment(url, rate_limit="", indexed_metadata=",".join(DECLARED))
        services = build_services(production_settings(given))
        services.storage.agree()  # as every process does before it writes
        MetadataIndexing(services.storage.terms, services.processes.own, list).go_on(600)
        yield Lists(create_app(services).test_client(), client)


def measured(count: int) -> dict[str, Cost]:
    """The cost of every page, by what it is."""
    costs: dict[str, Cost] = {}
    with filled(count) as lists:
        for kind, filters in (("events", EVENTS), ("events", NEW_EVENTS),
                              ("occurrences", OCCURRENCES),
                              ("occurrences", NEW_OCCURRENCES)):  # fmt: skip
            for one in filters:
                path = f"/{kind}?{one}&limit=100"
                if cost := lists.cost(path):
                    costs[f"{kind} {one}"] = cost
                size = 1_000 if kind == "events" else 100
                older = lists.old(f"/{kind}?{one}&limit={size}")
                if older and (cost := lists.cost(older.replace("limit=1000", "limit=100"))):
                    costs[f"{kind} {one} (old)"] = cost
                elif kind == "occurrences" and (cost := lists.cost(f"{path}&page=90")):
                    costs[f"{kind} {one} (page 90)"] = cost
    return costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    given = parser.parse_args()
    small, large = measured(given.small), measured(given.large)
    say(f"{'':<48} {'took, ms':>17} {'ratio':>6} {'store, ms':>17} {'longest':>8}")
    ratios = {}
    for name, cost in large.items():
        if name in small:
            before = small[name]
            ratios[name] = cost.took / before.took
            say(
                f"{name:<48} {before.took:>8.1f} {cost.took:>8.1f} {ratios[name]:>6.2f} "
                f"{before.store:>8.2f} {cost.store:>8.2f} {cost.longest:>8.2f}"
            )
    worst = max(ratios, key=ratios.__getitem__)
    slowest = max(large, key=lambda name: large[name].store)
    longest = max(one.longest for one in large.values())
    say(f"worst ratio {ratios[worst]:.2f}: {worst}")
    say(f"most store time {large[slowest].store:.1f} ms: {slowest}; longest call {longest:.1f} ms")
    support.report(
        "lists",
        {
            "events": [given.small, given.large],
            "ratios": {"worst page, large to small": ratios[worst]},
            "store_ms": large[slowest].store,
            "longest_ms": longest,
        },
    )


if __name__ == "__main__":
    support.main(main)
