"""``python -m benchmarks.lists``: what a page of a list costs, in a small store and in a large one.

Both stores are filled as ``list_store`` says. Then every combination of filters that the API takes
is asked for, through the API's own code (``list_filters``), and the page that follows. Those that
cost most, or more in the large store, are asked for again. What is compared is the time of
processors, of API and store together: so other work does not count. The store itself says how much
was its own, and how long its longest command took.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from flask.testing import FlaskClient

from app.domain import ids
from app.domain.times import to_rfc3339
from app.factory import create_app
from app.setting_variables import production_settings
from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.meta_field import MetaField
from app.wiring.services import build_services
from benchmarks import list_filters, list_store, support
from benchmarks.support import BenchmarkFailed, say

ROUNDS = 5
WORST = 30
"""How many are asked for again because they cost most, and as many because they grew most."""

FLAT, STORE_MS, SCRIPT_MS = 1.5, 20.0, 5.0
"""What is wanted: the time in that with few events, the store's, and its longest command's."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a page took of processors, the store's own part, its longest command, and its rows.

    In ms. Where nothing else runs, that is the time until the answer.
    """

    took: float
    store: float
    longest: float
    rows: int
    leads_on: bool


class Lists:
    """Asks for pages, and the store for what they cost."""

    def __init__(self, api: FlaskClient, client: StoreClient) -> None:
        self._api = api
        self._client = client
        self._following: dict[str, str] = {}

    def listed(self) -> tuple[list_filters.Listed, ...]:
        """The lists, with filters that fit what this store has."""
        index = keys.events(0, "active")
        at = self._client.zcard(index.decode()) // 2
        (middle,) = cast("list[bytes]", self._client.zrange(index, at, at))
        return list_filters.lists(to_rfc3339(ids.created_ms(middle)), ids.to_text(middle))

    def following(self, path: str) -> str | None:
        """The page after one that was asked for."""
        return self._following.get(path)

    def cost(self, path: str, rounds: int = 1) -> Cost:
        """The cost of a page, the median of some rounds."""
        costs = [self._once(path) for _ in range(rounds)]
        return Cost(
            statistics.median(one.took for one in costs),
            statistics.median(one.store for one in costs),
            statistics.median(one.longest for one in costs),
            costs[0].rows,
            costs[0].leads_on,
        )

    def _once(self, path: str) -> Cost:
        self._client.slowlog_reset()
        cpu_ms = self._cpu_ms()
        began = time.process_time()
        answer = self._api.get(path, headers={"Authorization": f"Bearer {support.MASTER_TOKEN}"})
        api_ms = (time.process_time() - began) * 1000
        if answer.status_code != 200:
            raise BenchmarkFailed(f"{path} was answered {answer.status_code}: {answer.text}")
        store, longest = self._cpu_ms() - cpu_ms, self._longest_ms()
        body = answer.get_json()
        rows = body if isinstance(body, list) else body.get("data", body)
        link = answer.headers.get("Link")
        if link is not None:
            following = link.partition("<")[2].partition(">")[0].partition("//")[2]
            self._following[path] = following[following.index("/") :]
        return Cost(api_ms + store, store, longest, len(rows), link is not None)

    def _cpu_ms(self) -> float:
        used = self._client.info("cpu")
        return float(used["used_cpu_user_main_thread"] + used["used_cpu_sys_main_thread"]) * 1000

    def _longest_ms(self) -> float:
        found = cast("list[dict[str, int]]", self._client.slowlog_get(100))
        return max((one["duration"] for one in found), default=0) / 1000


@contextlib.contextmanager
def filled(count: int) -> Iterator[Lists]:
    """A store with so many events, and the API upon it."""
    with support.store() as url, connect(url) as client:
        began = time.perf_counter()
        list_store.Filler(client).fill(count)
        client.config_set("slowlog-log-slower-than", 100)
        indexed = ",".join(list_store.DECLARED)
        given = support.environment(url, rate_limit="", indexed_metadata=indexed)
        services = build_services(production_settings(given))
        services.storage.agreement.agree()  # as every process does before it writes
        # The filler has listed every event by its metadata.
        listed = json.dumps(sorted(list_store.DECLARED))
        client.hset(keys.META.decode(), MetaField.INDEXED, listed)
        list_store.audit(services.audit, count)
        say(f"{count:,} events were stored in {time.perf_counter() - began:.0f} s")
        yield Lists(create_app(services).test_client(), client)


Measured = dict[str, tuple[Cost, Cost]]
"""What a page costs in the small store and in the large one, by what it is."""


def queries(few: Lists, many: Lists, values: int) -> Iterator[tuple[str, str]]:
    """The same page in both stores: where a filter names a moment or an event, another."""
    for small, large in zip(few.listed(), many.listed(), strict=True):
        pairs = zip(small.queries(values), large.queries(values), strict=True)
        yield from ((f"{small.path}?{one}", f"{large.path}?{other}") for one, other in pairs)
    for one in list_filters.BY_NAME:
        yield f"/events?{one}", f"/events?{one}"


def measured(few: Lists, many: Lists, values: int) -> Measured:
    """The cost of the first page of each, and of the one that follows."""
    costs: Measured = {}
    asked = list(queries(few, many, values))
    say(f"{len(asked):,} combinations of filters")
    for number, (small, large) in enumerate(asked):
        costs[large] = (few.cost(small), many.cost(large))
        following = few.following(small), many.following(large)
        if following[0] is not None and following[1] is not None:
            costs[f"{large} (next)"] = (few.cost(following[0]), many.cost(following[1]))
        if number % 1000 == 999:
            say(f"  {number + 1:,} were asked for")
    addresses = {large: small for small, large in asked}
    for name in sorted(worst(costs)):
        large = name.removesuffix(" (next)")
        small = addresses[large]
        if large != name:
            small, large = few.following(small) or small, many.following(large) or large
        costs[name] = (few.cost(small, ROUNDS), many.cost(large, ROUNDS))
    return costs


def worst(costs: Measured) -> set[str]:
    """Those that cost the store most, had the longest command, or grew most."""
    orders: tuple[Callable[[str], float], ...] = (
        lambda name: costs[name][1].store,
        lambda name: costs[name][1].longest,
        lambda name: costs[name][1].took / costs[name][0].took,
    )
    return {name for order in orders for name in sorted(costs, key=order)[-WORST:]}


def told(costs: Measured) -> Iterator[str]:
    """The table of those that were asked for several times, and what they are."""
    yield f"{'':<96} {'CPU, ms':>15} {'ratio':>6} {'store, ms':>15} {'longest':>8} {'rows':>10}"
    for name in sorted(worst(costs), key=lambda one: -costs[one][1].store):
        few, many = costs[name]
        yield (
            f"{name[:96]:<96} {few.took:>7.1f} {many.took:>7.1f} {many.took / few.took:>6.2f} "
            f"{few.store:>7.2f} {many.store:>7.2f} {many.longest:>8.2f} "
            f"{few.rows:>4} {many.rows:>4}{'+' if many.leads_on else ' '}"
        )


def summary(costs: Measured) -> dict[str, Any]:
    """How many pages are as wanted."""
    ratios = {name: many.took / few.took for name, (few, many) in costs.items()}
    alike = {name for name, (few, many) in costs.items() if few.rows == many.rows}
    many = [large for _, large in costs.values()]
    return {
        "pages": len(costs),
        "ratios": {
            "all pages together": sum(one.took for one in many)
            / sum(few.took for few, _ in costs.values()),
            "middle page": statistics.median(ratios.values()),
            "middle page with as many rows": statistics.median(ratios[one] for one in alike),
        },
        "as_many_rows": len(alike),
        "not_flat": sum(ratio > FLAT for ratio in ratios.values()),
        "not_flat_with_as_many_rows": sum(ratios[name] > FLAT for name in alike),
        "store_ms": max(one.store for one in many),
        "over_store_ms": sum(one.store > STORE_MS for one in many),
        "longest_ms": max(one.longest for one in many),
        "over_script_ms": sum(one.longest > SCRIPT_MS for one in many),
        "cpu_ms": max(one.took for one in many),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--values", type=int, default=2, help="of each filter in all combinations")
    given = parser.parse_args()
    with filled(given.small) as few, filled(given.most) as many:
        costs = measured(few, many, given.values)
    for line in told(costs):
        say(line)
    result = summary(costs)
    for name, value in result.items():
        say(f"{name}: {value}")
    support.report("lists", {"events": [given.small, given.most], **result})


if __name__ == "__main__":
    support.main(main)
