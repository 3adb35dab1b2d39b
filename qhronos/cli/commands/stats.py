"""``qhronos stats``: what became of deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from qhronos.cli import output
from qhronos.cli.session import json_option, with_client

if TYPE_CHECKING:
    from qhronos import Client
    from qhronos.stats_models import Figures


@click.command()
@click.option("--from", "from_", metavar="TIME", help="Since when; an hour ago if left out.")
@click.option("--to", metavar="TIME", help="Until when; now if left out.")
@click.option("--step", type=click.Choice(["minute", "hour", "day"]), help="How finely.")
@click.option("--by", "group_by", type=click.Choice(["tag", "target", "status"]))
@click.option("--tag", help="Only what bears this tag.")
@click.option("--target", help="Only this target, as in https://example.com:443.")
@click.option("--status", help="Only what became this, as in failed.")
@click.option("--limit", type=click.IntRange(1, 200), help="Tell so many groups apart.")
@json_option
@with_client
def stats(client: Client, as_json: bool, **asked: Any) -> None:
    """Say what became of deliveries, and how late they were.

    Without --by it is told by time.
    """
    found = client.stats(**asked)
    if as_json:
        output.as_json(found.raw)
        return
    until = f"{output.plain(found.from_)} until {output.plain(found.to)}"
    output.say(f"{found.total.attempts.total:,} attempts from {until}")
    if asked["group_by"]:
        named = {asked["group_by"].upper(): lambda one: one.name or "all others"}
        rows: Any = found.groups
    else:
        named, rows = {"FROM": lambda one: one.from_}, found.series
    columns: output.Columns = {
        **named,
        "ATTEMPTS": lambda one: f"{one.attempts.total:,}",
        "SUCCEEDED": _share,
        "COMPLETED": lambda one: f"{one.outcomes.get('completed', 0):,}",
        "FAILED": lambda one: f"{one.outcomes.get('failed', 0):,}",
        "LATE P50": lambda one: _seconds(one.lateness.p50),
        "LATE P99": lambda one: _seconds(one.lateness.p99),
        "RECEIVER P99": lambda one: _seconds(one.receiver.p99),
    }
    if rows:
        output.table(columns, rows)


def _share(one: Figures) -> str:
    """The attempts that succeeded, in percent; never rounded up to all of them."""
    total = one.attempts.total
    return f"{one.attempts.succeeded * 10_000 // total / 100:g}%" if total else ""


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value * 1000:g} ms" if value < 1 else f"{value:g} s"
