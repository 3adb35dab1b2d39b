"""Load: what is planned for the next day, where it heaps, and what would spread it."""

from __future__ import annotations

from flask import Blueprint, render_template

from app.api.http.auth import access
from app.api.http.context import services
from app.console.load_chart import heat_rows, outline
from app.services.forecasts import MINUTE_MS, MINUTES


def add_to(console: Blueprint) -> None:
    """Add the path."""
    console.add_url_rule("/load", "load", show)


def show() -> str:
    """The forecast, drawn."""
    found = services().forecasts.of(access())
    path, most = outline(found.per_minute)
    return render_template(
        "console/load.html",
        found=found,
        path=path,
        most=most,
        rows=heat_rows(found.targets),
        minute_ms=MINUTE_MS,
        ticks=[found.first_ms + at * MINUTE_MS for at in range(0, MINUTES, 240)],
        usual=found.total / MINUTES,
    )
