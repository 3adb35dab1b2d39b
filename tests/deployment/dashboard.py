"""``python -m tests.deployment.dashboard --out dashboard.png``: what the dashboard looks like.

A real Prometheus reads an instance under load for some minutes. Each panel's queries are asked as
Grafana asks them, and drawn by its type, unit and thresholds: not as Grafana draws it, but enough
to see what is empty, what can't be told apart and what has the wrong unit. Chromium makes the
picture.
"""

from __future__ import annotations

import argparse
import html
import itertools
import math
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.deployment.monitoring import INTERVAL, LISTED, asked, load, panels, prometheus
from tests.support.receiver import Receiver
from tests.support.stack import Stack

COLUMN, ROW, STEP_S = 64, 34, 2
COLORS = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#8f3bb8")
NAMED = {
    "green": "#73bf69",
    "orange": "#ff9830",
    "red": "#f2495c",
    "dark-red": "#c4162a",
    "blue": "#5794f2",
    "light-blue": "#8ab8ff",
    "purple": "#b877d9",
    "light-purple": "#ca95e5",
}
SIZES = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"))
LONGEST_LEGEND = 5

Points = list[tuple[float, float]]
Series = list[tuple[str, Points]]


def shown(value: float, unit: str) -> str:
    """A number with its unit, as Grafana writes it."""
    if unit == "s" and value:
        size, name = next((one for one in SIZES if abs(value) >= one[0]), SIZES[-1])
        return f"{value / size:.3g} {name}"
    if unit == "percentunit":
        return f"{value * 100:.3g}%"
    if unit == "bytes" and value >= 1024:
        power = min(int(math.log(value, 1024)), 3)
        return f"{value / 1024**power:.3g} {('B', 'KiB', 'MiB', 'GiB')[power]}"
    text = f"{value / 1000:.3g} K" if value >= 1000 else f"{value:.3g}"
    return text + {"reqps": " req/s", "ops": " ops/s", "s": " s", "bytes": " B"}.get(unit, "")


def series(port: int, panel: Mapping[str, Any], begin_s: float, end_s: float) -> Series:
    """What a panel has to show, by the names in its legend."""
    found: Series = []
    for target in panel["targets"]:
        query = target["expr"].replace("$__rate_interval", INTERVAL)
        times = {"start": f"{begin_s:.0f}", "end": f"{end_s:.0f}", "step": str(STEP_S)}
        for one in asked(port, "query_range", query=query, **times)["result"]:
            name = target["legendFormat"]
            for label, value in one["metric"].items():
                name = name.replace("{{" + label + "}}", value)
            values = [(float(at), float(value)) for at, value in one["values"]]
            found.append((name, [point for point in values if math.isfinite(point[1])]))
    return [one for one in found if one[1]]


def text(x: float, y: float, said: str, size: int = 11, color: str = "#ccc", more: str = "") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" {more}>{html.escape(said)}</text>'


def lines(panel: Mapping[str, Any], found: Series, width: int, height: int) -> Iterator[str]:
    """A panel with a line for each series, and its legend: the last value and the highest."""
    unit = panel["fieldConfig"]["defaults"].get("unit", "short")
    legend = min(len(found), LONGEST_LEGEND)
    bottom = height - 14 * legend - 8
    begin, end = _ends(found)
    most = max(value for _, points in found for _, value in points) or 1.0
    for part in (0.0, 0.5, 1.0):
        y = bottom - part * (bottom - 34)
        yield f'<path d="M56 {y:.1f}H{width - 10}" stroke="#333"/>'
        yield text(52, y + 4, shown(part * most, unit), 10, "#999", 'text-anchor="end"')
    colors = {
        one["matcher"]["options"]: one["properties"][0]["value"]["fixedColor"]
        for one in panel["fieldConfig"]["overrides"]
    }
    colored = [
        (NAMED.get(colors.get(name, ""), COLORS[number % len(COLORS)]), name, points)
        for number, (name, points) in enumerate(found)
    ]
    colored.sort(key=lambda one: -max(value for _, value in one[2]))
    for number, (color, name, points) in enumerate(colored):
        path = " ".join(
            f"{56 + (at - begin) / (end - begin) * (width - 66):.1f},"
            f"{bottom - value / most * (bottom - 34):.1f}"
            for at, value in points
        )
        yield f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.3"/>'
        if number < legend:
            left = (
                f" (and {len(found) - legend} more)"
                if number == legend - 1 < len(found) - 1
                else ""
            )
            y = bottom + 18 + 14 * number
            last, top = points[-1][1], max(value for _, value in points)
            yield text(14, y, f"— {name}{left}", 11, color)
            said = f"last {shown(last, unit)}   max {shown(top, unit)}"
            yield text(width - 10, y, said, 11, "#ccc", 'text-anchor="end"')


def stat(panel: Mapping[str, Any], found: Series, width: int, height: int) -> Iterator[str]:
    """A panel with the last value, in the color of its threshold."""
    given = panel["fieldConfig"]["defaults"]
    value, color = found[0][1][-1][1], ""
    for step in given["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            color = NAMED[step["color"]]
    said = shown(value, given.get("unit", "short"))
    yield text(width / 2, height / 2 + 20, said, 34, color, 'text-anchor="middle"')


def heatmap(_panel: Mapping[str, Any], found: Series, width: int, height: int) -> Iterator[str]:
    """A panel with a row of cells for each bucket: the numbers of the series are cumulative."""
    rows = sorted(found, key=lambda one: float(one[0].replace("+Inf", "inf")))
    begin, end = _ends(found)
    tall, below = (height - 50) / len(rows), dict[float, float]()
    for number, (name, points) in enumerate(rows):
        y = height - 14 - (number + 1) * tall
        yield text(52, y + tall, name, 9, "#999", 'text-anchor="end"')
        for at, value in points:
            x = 56 + (at - begin) / (end - begin) * (width - 72)
            deep = min(max(value - below.get(at, 0.0), 0.0), 400) / 400
            if deep:
                shade = f'fill="#ff780a" fill-opacity="{0.15 + 0.85 * deep**0.5:.2f}"'
                yield f'<rect x="{x:.1f}" y="{y:.1f}" width="4" height="{tall - 1:.1f}" {shade}/>'
        below = dict(points)


def _ends(found: Series) -> tuple[float, float]:
    times = [at for _, points in found for at, _ in points]
    return min(times), max(*times, min(times) + 1)


DRAWN = {"timeseries": lines, "stat": stat, "heatmap": heatmap}


def picture(port: int, since_s: float) -> tuple[str, list[str]]:
    """The dashboard as SVG, and the titles of the panels that are empty."""
    parts, empty, now_s = list[str](), list[str](), time.time()
    for panel in panels():
        place = {name: panel["gridPos"][name] for name in "xywh"}
        width, height = place["w"] * COLUMN - 8, place["h"] * ROW - 8
        parts.append(f'<g transform="translate({place["x"] * COLUMN},{place["y"] * ROW})">')
        if panel["type"] == "row":
            parts.append(text(6, 22, f"⌄ {panel['title']}", 15, "#fff"))
        else:
            parts.append(f'<rect width="{width}" height="{height}" fill="#181b1f" rx="3"/>')
            parts.append(text(10, 19, panel["title"], 13, "#fff"))
            found = series(port, panel, since_s, now_s)
            if found:
                parts += DRAWN[panel["type"]](panel, found, width, height)
            else:
                empty.append(panel["title"])
                parts.append(text(width / 2, height / 2, "No data", 14, "#f66"))
        parts.append("</g>")
    return "\n".join(parts), empty


def main() -> None:
    """Have a load run, and draw what there is to see of it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True, help="the picture, a PNG")
    options.add_argument("--seconds", type=float, default=150)
    given = options.parse_args()
    with Stack(workers=2, **LISTED) as stack, Receiver() as receiver, prometheus(stack) as port:
        since_s = time.time() + 15
        over = threading.Event()
        threading.Timer(given.seconds, over.set).start()
        for _ in itertools.takewhile(lambda _: not over.wait(0.1), itertools.count()):
            load(stack, receiver)
        drawn, empty = picture(port, since_s)
    bottom = max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in panels()) * ROW
    size = f'width="{24 * COLUMN}" height="{bottom}"'
    page = f'<body style="margin:0;background:#111217"><svg {size} font-family="sans-serif">'
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "dashboard.html"
        file.write_text(f'<meta charset="utf-8">{page}{drawn}</svg>', encoding="utf-8")
        argv = ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars"]
        argv += [
            f"--window-size={24 * COLUMN},{bottom}",
            f"--screenshot={given.out}",
            file.as_uri(),
        ]
        subprocess.run(argv, check=True, capture_output=True)
    print(f"{given.out}: {len(panels())} panels; without data: {', '.join(empty) or 'none'}")


if __name__ == "__main__":
    main()
