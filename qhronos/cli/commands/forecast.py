"""``qhronos forecast``: what is planned, and where it heaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qhronos.cli import output
from qhronos.cli.session import json_option, with_client

if TYPE_CHECKING:
    from qhronos import Client


@click.command()
@json_option
@with_client
def forecast(client: Client, as_json: bool) -> None:
    """Say what is planned for the next 24 hours, by target."""
    found = client.forecast()
    if as_json:
        output.as_json(found.raw)
        return
    about = "about " if found.is_estimate else ""
    output.say(f"{about}{found.total:,.0f} deliveries until {output.plain(found.to)}")
    columns: output.Columns = {
        "TARGET": lambda one: one.target or "all others",
        "PLANNED": lambda one: f"{one.total:,.0f}",
        "MOST IN A MINUTE": lambda one: f"{max(one.per_minute, default=0):,.0f}",
        "AT": lambda one: one.peak_at,
    }
    if found.targets:
        output.table(columns, found.targets)
    for spot in found.hot_spots:
        spread = (spot.suggestion or {}).get("jitter")
        advice = f"; a jitter of {spread} would spread it" if spread else ""
        times = f", and {spot.times - 1} times more" if spot.times > 1 else ""
        at = output.plain(spot.at)
        output.say(output.plain(f"{spot.count:,.0f} in the minute of {at}{times}{advice}"))
