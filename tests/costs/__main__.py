"""``python -m tests.costs --minutes 10``: search, then show the worst of each kind.

Leaves with 1 if a request is above a bound.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import warnings
from pathlib import Path

from app.runtime.embedded import EmbeddedStore
from tests.costs.meter import MAX_CPU_MS, MAX_MB, Meter
from tests.costs.search import Found, Search
from tests.costs.seeds import by_kind

_WRITTEN = 3
"""How many of each kind are written to the file."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.costs", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="a file for the worst requests, as JSON")
    given = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("app").disabled = True
    warnings.simplefilter("ignore")
    with (
        tempfile.TemporaryDirectory(prefix="qhronos-") as directory,
        EmbeddedStore(Path(directory), persist=False) as store,
        Meter(store.url) as meter,
    ):
        search = Search(meter, given.seed)
        search.begin_with(by_kind())
        search.run(seconds=given.minutes * 60)
    worst = search.worst()
    show(worst, search.tried)
    if given.out:
        given.out.write_text(json.dumps(_as_json(worst), indent=1))
    return int(any(one.share > 1 for found in worst.values() for one in found))


def show(worst: dict[str, list[Found]], tried: int) -> None:
    print(f"{tried} requests; at most {MAX_CPU_MS} ms of CPU and {MAX_MB} MB are allowed")
    print(f"{'kind':20} {'CPU ms':>8} {'MB':>6} {'status':>6} {'steps':>9} {'bytes':>8}  answer")
    for kind, found in worst.items():
        for one in found[:1]:
            cost = one.cost
            print(
                f"{kind:20} {cost.cpu_ms:8.1f} {cost.megabytes:6.1f} {cost.status:6} "
                f"{cost.steps:9} {len(one.request.raw):8}  {cost.said[:60]}"
                f"{'  <-- too much' if one.share > 1 else ''}"
            )


def _as_json(worst: dict[str, list[Found]]) -> list[dict[str, object]]:
    return [
        {
            "kind": kind,
            "cpu_ms": round(one.cost.cpu_ms, 1),
            "megabytes": round(one.cost.megabytes, 1),
            "status": one.cost.status,
            "steps": one.cost.steps,
            "request": one.request.as_json(),
        }
        for kind, found in worst.items()
        for one in found[:_WRITTEN]
    ]


if __name__ == "__main__":
    sys.exit(main())
