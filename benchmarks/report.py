"""``python -m benchmarks.report``: what the benchmarks have found last, on one page with pictures.

Reads ``out/*.json``, which each of them writes, and makes ``report/README.md`` and, beside it, a
copy of every picture.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.support import OUT, BenchmarkFailed, main, say

REPORT = OUT.parent / "report"

TITLES = {
    "drain": "Throughput: a backlog that is due at one instant",
    "size": "Throughput by the number of events in the store",
    "lateness-200": "Lateness at 200 a second",
    "lateness-1500": "Lateness at 1,500 a second",
    "fairness": "Fairness: lateness beside a receiver that hangs",
    "api": "Creating events over HTTP",
    "memory": "Memory for each event",
    "peers": "Beside other schedulers",
    "soak": "Memory over an hour",
}

_EVERY_ROUND = {"benchmark", "machine", "figures", "seen", "moments_s"}
"""What is left in the JSON file: single rounds and samples."""


def numbers(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    """Every number of a document, with the names that lead to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in _EVERY_ROUND:
                yield from numbers(inner, (*path, name.replace("_", " ")))
    elif isinstance(value, int | float):
        yield ": ".join(path), value


def written(value: float) -> str:
    """A number with three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def section(name: str, title: str) -> str:
    """One benchmark's part of the page."""
    found = json.loads((OUT / f"{name}.json").read_text())
    machine = found["machine"]
    lines = [f"## {title}\n"]
    picture = OUT / f"{name}.svg"
    if picture.exists():
        shutil.copy(picture, REPORT)
        lines.append(f"![{title}]({picture.name})\n")
    lines += ["| | |", "|---|---|"]
    lines += [f"| {what} | {written(value)} |" for what, value in numbers(found)]
    load = ", ".join(f"{one:.1f}" for one in machine["load"])
    lines.append(
        f"\n{machine['cores']} cores, Python {machine['python']}; load at the end of the run "
        f"(over 1, 5 and 15 minutes) {load}.\n"
    )
    return "\n".join(lines)


def write() -> None:
    """Write the page; raises ``BenchmarkFailed`` if no benchmark has run."""
    ran = [name for name in TITLES if (OUT / f"{name}.json").exists()]
    if not ran:
        raise BenchmarkFailed("no benchmark has run yet: see benchmarks/README.md")
    REPORT.mkdir(exist_ok=True)
    parts = [section(name, TITLES[name]) for name in ran]
    head = "# What the benchmarks found\n\nWritten by `python -m benchmarks.report`.\n"
    page: Path = REPORT / "README.md"
    page.write_text("\n".join([head, *parts]))
    say(f"{page.relative_to(OUT.parents[1])}: {', '.join(ran)}")


if __name__ == "__main__":
    main(write)
