"""``python -m benchmarks.intake``: where the time of a created event goes, and whether it grows.

First one request after another is made of the application in this process, under a profiler: which
part of the code takes how much of it. Then one API process is given batches until ``--most`` events
are there, and on the way it says what the next ones cost. They must cost the same at every size;
the baseline is the first.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import os
import pstats
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from werkzeug.test import run_wsgi_app

from app.factory import create_app
from app.runtime.embedded import free_port
from app.setting_variables import production_settings
from app.store.connecting import connect
from app.wiring.services import build_services
from benchmarks import api, plot, support
from benchmarks.support import BenchmarkFailed, say

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
REQUESTS = 1_000
MEASURED = 5_000
"""How many events are created at each size, to see what they cost."""

_WAITING = ("recv_into", "sendall", "acquire")
"""What a profiler counts though it is spent by the store, or by nobody."""

_PARTS = {
    "flask": "Flask", "werkzeug": "Flask", "marshmallow": "reading the body", "redis": "the client",
    "app/api": "the API's own code", "app/services": "the use case", "app/planning": "the use case",
    "app/domain": "rules", "app/store": "what the scripts are given", "app/delivery": "rules",
}  # fmt: skip


def request_of(token: str, path: str, body: str) -> dict[str, Any]:
    """A request as PEP 3333 describes it."""
    raw = body.encode()
    return {
        "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1", "HTTP_AUTHORIZATION": f"Bearer {token}",
        "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(raw)),
        "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(raw),
        "wsgi.input_terminated": True, "wsgi.errors": sys.stderr,
    }  # fmt: skip


def part_of(file: str) -> str:
    """The part of the code that a file belongs to."""
    name = file.replace("\\", "/").split("site-packages/")[-1].removeprefix(f"{support.ROOT}/")
    return next((part for start, part in _PARTS.items() if name.startswith(start)), "Python")


def parts(requests: int) -> dict[str, float]:
    """The share of each part in the time that a request takes here, in percent."""
    with support.store() as url:
        services = build_services(production_settings(support.environment(url, port=free_port())))
        services.storage.agreement.migrate()
        services.store_settings()
        application = create_app(services)

        def ask(token: str, path: str, body: str) -> bytes:
            iterable, status, _ = run_wsgi_app(application, request_of(token, path, body))
            if not status.startswith("20"):
                raise BenchmarkFailed(f"{path} was answered {status}")
            return b"".join(iterable)

        asked = json.dumps(api.jwt_asked())
        token = str(json.loads(ask(support.MASTER_TOKEN, "/tokens", asked))["token"])
        profile = cProfile.Profile()
        for number in range(requests + 100):
            if number == 100:
                profile.enable()
            ask(token, "/events", api.body())
        profile.disable()
        services.storage.client.close()
    spent: Counter[str] = Counter()
    for (file, _, function), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined] # it is not in the stubs
        if not any(word in function for word in _WAITING):
            spent[part_of(file)] += own
    whole = sum(spent.values())
    return {part: 100 * own / whole for part, own in spent.most_common()}


def growth(most: int) -> dict[str, dict[str, float]]:
    """What an event costs, in µs of API and of store, when so many are there."""
    found: dict[str, dict[str, float]] = {}
    with support.store() as url, connect(url) as client:
        environ = support.environment(url, port=free_port(), web_workers=1)
        with api.gunicorn("wsgi:app", environ, client) as served:
            token, stored = api.token_for(served.url, "jwt"), 0
            for size in (one for one in SIZES if one <= most):
                filling = api.Load(max(1, (size - stored) // 1_000 - 4), 4, 1_000)
                api.run(served, token, filling, f"up to {size:,}")
                cost = api.run(
                    served, token, api.Load(MEASURED // 1_000, 4, 1_000), f"with {size:,}"
                )
                stored = size + MEASURED + 4_000
                found[f"{size:,}"] = {"API": cost.api_us, "store": cost.store_us}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--most", type=int, default=300_000, help="0: only where the time goes")
    options = parser.parse_args()
    os.chdir(Path(support.ROOT))
    shares = parts(options.requests)
    for part, share in shares.items():
        say(f"{part:<28} {share:>5.1f} %")
    sizes = growth(options.most) if options.most else {}
    if not sizes:
        return
    costs = {size: cost["API"] + cost["store"] for size, cost in sizes.items()}
    first, last = next(iter(costs.values())), list(costs.values())[-1]
    say(f"an event costs {last / first:.2f} of what it cost at first")
    support.report(
        "intake",
        {"parts": shares, "sizes": sizes, "ratios": {"of the first": last / first}},
        plot.bars("µs an event, API and store", "µs", costs),
    )


if __name__ == "__main__":
    support.main(main)
