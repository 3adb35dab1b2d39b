"""``python -m benchmarks.api``: how many events a second the API creates, singly and in batches.

The real application on the real store under gunicorn, against a bare Flask view that answers a
small JSON document, under the same gunicorn settings and the same load. Batches of a thousand
events go to one API process. Each side also says where the time goes: the CPU of the API and of the
store for each event, and the script calls of the store. ``--stored`` puts so many events into the
store before.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.runtime.embedded import free_port
from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from benchmarks import plot, support
from benchmarks.lateness import cpu_seconds
from benchmarks.support import BenchmarkFailed, say


def body() -> str:
    """A create, as the API's reference shows it, due far from now."""
    start = datetime.now(UTC) + timedelta(days=30)
    return json.dumps(
        {
            "name": "Daily Backup",
            "description": "Run the daily backup",
            "start_time": start.isoformat(timespec="milliseconds"),
            "webhook": "http://127.0.0.1:9/webhook",
            "metadata": {"key": "value"},
            "tags": ["tag1", "tag2"],
        }
    )


@dataclass(frozen=True)
class Load:
    """How many requests of how many events each, over how many connections."""

    requests: int
    connections: int
    batch: int = 0

    @property
    def warm_up(self) -> int:
        return min(self.requests, 4 if self.batch else 200)

    @property
    def path(self) -> str:
        return "/events/batch" if self.batch else "/events"

    @property
    def body(self) -> str:
        return f'{{"events":[{",".join([body()] * self.batch)}]}}' if self.batch else body()

    @property
    def each(self) -> int:
        return self.batch or 1


@dataclass(frozen=True)
class Served:
    """An application that is served: where, by which process, and on which store."""

    url: str
    pid: int
    client: StoreClient

    def spent(self) -> dict[str, float]:
        """CPU seconds so far, and script calls."""
        info = self.client.info("everything")
        calls = sum(info[f"cmdstat_{one}"]["calls"] for one in _SCRIPTS if f"cmdstat_{one}" in info)
        store = info["used_cpu_user"] + info["used_cpu_sys"]
        return {"api": sum(cpu_seconds(self.pid).values()), "store": store, "scripts": calls}


_SCRIPTS = ("eval", "evalsha")


@contextlib.contextmanager
def gunicorn(application: str, environ: dict[str, str], client: StoreClient) -> Iterator[Served]:
    """Serve an application with the settings of ``gunicorn.conf.py``."""
    url = f"http://127.0.0.1:{environ['QHRONOS_PORT']}"
    with support.process([sys.executable, "-m", "gunicorn", application], environ) as child:
        support.wait_for(lambda: support.answers(url + "/health"), 30, "gunicorn did not start")
        yield Served(url, child.pid, client)


@dataclass(frozen=True)
class Cost:
    """What one event costs: µs of CPU of the API and of the store, and script calls."""

    rate: float
    """Events a second."""
    api_us: float
    store_us: float
    scripts: float


def run(served: Served, token: str, load: Load, name: str) -> Cost:
    """Creates events, after some that warm up, and says what each costs."""
    spec = {
        "url": served.url + load.path,
        "headers": ["Content-Type: application/json", f"Authorization: Bearer {token}"],
        "body": load.body,
        "expect": 201,
        "in_flight": load.connections,
    }
    support.run_python("benchmarks.posting", {**spec, "count": load.warm_up})
    before = served.spent()
    answer = support.run_python("benchmarks.posting", {**spec, "count": load.requests})
    if answer["wrong"]:
        raise BenchmarkFailed(f"{answer['wrong']} of {load.requests} were not answered 201")
    count = load.requests * load.each
    spent = {one: (now - before[one]) / count for one, now in served.spent().items()}
    api_us, store_us = spent["api"] * 1e6, spent["store"] * 1e6
    say(
        f"  {name}: {api_us:,.0f} µs of API and {store_us:,.0f} µs of store an event, "
        f"{spent['scripts']:.2f} script calls"
    )
    return Cost(count / answer["seconds"], api_us, store_us, spent["scripts"])


def jwt_asked() -> dict[str, object]:
    """The token that the events are created with, as it is asked for."""
    expires = datetime.now(UTC) + timedelta(days=1)
    return {
        "type": "jwt", "sub": "benchmark", "access": "read_write", "scope": ["tag1", "tag2"],
        "expires_at": expires.isoformat(timespec="seconds"),
    }  # fmt: skip


def token_for(url: str, kind: str) -> str:
    """The master token, or a JWT made with it."""
    if kind == "master":
        return support.MASTER_TOKEN
    headers = {
        "Authorization": f"Bearer {support.MASTER_TOKEN}", "Content-Type": "application/json"
    }  # fmt: skip
    request = urllib.request.Request(url + "/tokens", json.dumps(jwt_asked()).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["token"])


def real_cost(load: Load, kind: str, stored: int, name: str) -> Cost:
    """What the application takes on a fresh store; every event is checked to be there."""
    with support.store() as url, connect(url) as client:
        environ = support.environment(url, port=free_port())
        if load.batch:
            environ["QHRONOS_WEB_WORKERS"] = "1"
        with gunicorn("wsgi:app", environ, client) as served:
            token = token_for(served.url, kind)
            if stored:
                run(served, token, Load(stored // 1_000, 4, 1_000), f"storing {stored:,}")
            before = client.zcard(keys.events(0, "active"))
            cost = run(served, token, load, name)
        created = client.zcard(keys.events(0, "active")) - before
    wanted = (load.requests + load.warm_up) * load.each
    if created != wanted:
        raise BenchmarkFailed(f"the store has {created} new events, not {wanted}")
    return cost


def bare_cost(load: Load) -> Cost:
    """What the bare view takes; the store beside it is asked for by the settings only."""
    with support.store() as url, connect(url) as client:
        environ = support.environment(url, port=free_port())
        with gunicorn("benchmarks.bare_view:app", environ, client) as served:
            return run(served, "none", load, "bare Flask view")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=6_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--token", choices=("jwt", "master"), default="jwt")
    parser.add_argument("--batches", type=int, default=20, help="of a thousand events")
    parser.add_argument("--stored", type=int, default=0, help="events that are there before")
    options = parser.parse_args()
    one_by_one = Load(options.requests, options.connections)
    batches = Load(options.batches, 4, 1_000)
    kind, stored = options.token, options.stored
    measured: dict[str, list[float]] = {"bare Flask view": [], "qhronos": []}

    def rate_of(name: str, cost: Cost) -> float:
        measured.setdefault(name, []).append(cost.api_us)
        return cost.rate

    sides = {
        "bare Flask view": lambda: rate_of("bare Flask view", bare_cost(one_by_one)),
        "qhronos": lambda: rate_of("qhronos", real_cost(one_by_one, kind, stored, "one by one")),
        "qhronos, batches": lambda: rate_of(
            "qhronos, batches", real_cost(batches, kind, stored, "batches")
        ),
    }
    figures = support.alternate(options.rounds, sides, "events/s")
    medians = {name: statistics.median(values) for name, values in figures.items()}
    ratio = support.median_ratio(figures["qhronos"], figures["bare Flask view"])
    of_cpu = support.median_ratio(measured["bare Flask view"], measured["qhronos"])
    gain = support.median_ratio(figures["qhronos, batches"], figures["qhronos"])
    say("")
    for name, value in medians.items():
        say(f"{name:<18} {value:>8,.0f} events/s (median)")
    say(f"POST /events is {ratio:.3f} of the bare Flask view; batches are {gain:.1f} times as many")
    say(f"by the CPU of the API alone, whatever else the machine does, it is {of_cpu:.3f} of it")
    support.report(
        "api",
        {
            "figures": figures,
            "medians": medians,
            "api_us": measured,
            "ratios": {"of the bare Flask view": ratio, "by CPU": of_cpu, "batches": gain},
        },
        plot.bars("events a second", "events/s", medians),
    )


if __name__ == "__main__":
    support.main(main)
