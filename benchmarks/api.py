"""``python -m benchmarks.api``: how many events a second the API creates.

The real application on the real store under gunicorn, against a bare Flask view that answers a
small JSON document, under the same gunicorn settings and the same load.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from app.runtime.embedded import free_port
from app.store import keys
from app.store.connection import connect
from benchmarks import plot, support
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


@contextlib.contextmanager
def gunicorn(application: str, environ: dict[str, str]) -> Iterator[str]:
    """Serve an application with the settings of ``gunicorn.conf.py``; its base URL."""
    url = f"http://127.0.0.1:{environ['QHRONOS_PORT']}"
    with support.process([sys.executable, "-m", "gunicorn", application], environ):
        support.wait_for(lambda: support.answers(url + "/health"), 30, "gunicorn did not start")
        yield url


def load(url: str, token: str, count: int, connections: int) -> float:
    """Creates a second."""
    spec = {
        "url": url + "/events",
        "headers": ["Content-Type: application/json", f"Authorization: Bearer {token}"],
        "body": body(),
        "expect": 201,
        "in_flight": connections,
    }
    support.run_python("benchmarks.posting", {**spec, "count": min(count, 200)})  # warms up
    answer = support.run_python("benchmarks.posting", {**spec, "count": count})
    if answer["wrong"]:
        raise BenchmarkFailed(f"{answer['wrong']} of {count} creates were not answered 201")
    return float(answer["count"] / answer["seconds"])


def token_for(url: str, kind: str) -> str:
    """The master token, or a JWT made with it."""
    if kind == "master":
        return support.MASTER_TOKEN
    expires = datetime.now(UTC) + timedelta(days=1)
    asked = {
        "type": "jwt", "sub": "benchmark", "access": "read_write", "scope": ["tag1", "tag2"],
        "expires_at": expires.isoformat(timespec="seconds"),
    }  # fmt: skip
    headers = {
        "Authorization": f"Bearer {support.MASTER_TOKEN}", "Content-Type": "application/json"
    }  # fmt: skip
    request = urllib.request.Request(url + "/tokens", json.dumps(asked).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["token"])


def real_rate(count: int, connections: int, kind: str) -> float:
    """Creates a second of the application on a fresh store; every one is checked to be there."""
    with support.store() as url, connect(url) as client:
        with gunicorn("wsgi:app", support.environment(url, port=free_port())) as base:
            rate = load(base, token_for(base, kind), count, connections)
        created = client.zcard(keys.events(0, "active"))
    if created != count + min(count, 200):
        raise BenchmarkFailed(f"the store has {created} events, not {count} and the warm-up's")
    return rate


def bare_rate(count: int, connections: int) -> float:
    """Answers a second of the bare view; the store beside it is asked for by the settings only."""
    with support.store() as url:
        environ = support.environment(url, port=free_port())
        with gunicorn("benchmarks.bare_view:app", environ) as base:
            return load(base, "none", count, connections)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=6_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--token", choices=("jwt", "master"), default="jwt")
    options = parser.parse_args()
    count, connections = options.requests, options.connections
    sides = {
        "bare Flask view": lambda: bare_rate(count, connections),
        "qhronos": lambda: real_rate(count, connections, options.token),
    }
    figures = support.alternate(options.rounds, sides, "requests/s")
    medians = {name: statistics.median(values) for name, values in figures.items()}
    ratio = support.median_ratio(figures["qhronos"], figures["bare Flask view"])
    say("")
    for name, value in medians.items():
        say(f"{name:<18} {value:>8,.0f} requests/s (median)")
    say(f"POST /events is {ratio:.3f} of the bare Flask view")
    support.report(
        "api",
        {"figures": figures, "medians": medians, "ratios": {"of the bare Flask view": ratio}},
        plot.bars("requests a second", "requests/s", medians),
    )


if __name__ == "__main__":
    support.main(main)
