"""``qhronos flows``: limits that events share."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import click

from qhronos.cli import output
from qhronos.cli.session import json_option, limit_option, with_client

if TYPE_CHECKING:
    from qhronos import Client

SHOWN = (
    *("key", "space", "rate", "burst", "concurrency", "order"),
    *("paused", "waiting", "in_flight", "events"),
)

space_option = click.option("--space", help="Of this scope, for admins; yours by default.")


@click.group()
def flows() -> None:
    """See and set the limits that events share."""


@flows.command("list")
@limit_option
@json_option
@with_client
def list_(client: Client, limit: int, as_json: bool) -> None:
    """List flows with what waits in them."""
    columns: output.Columns = {
        "KEY": lambda one: one.key,
        "RATE": lambda one: one.rate,
        "CONCURRENCY": lambda one: one.concurrency,
        "PAUSED": lambda one: one.paused,
        "WAITING": lambda one: one.waiting,
        "IN FLIGHT": lambda one: one.in_flight,
    }
    output.show(as_json, columns, islice(client.flows.list(), limit))


@flows.command()
@click.argument("key")
@space_option
@json_option
@with_client
def show(client: Client, key: str, space: str | None, as_json: bool) -> None:
    """Show the flow KEY."""
    output.show_one(as_json, client.flows.get(key, space=space), SHOWN)


@flows.command("set")
@click.argument("key")
@click.option("--rate", help="As in 100/m; 'none' for no limit.")
@click.option("--burst", help="So many before the rate spaces them; 'none' for 1.")
@click.option("--concurrency", help="So many at once; 'none' for no limit.")
@click.option("--order", type=click.Choice(["any", "strict"]), help="Strict: one after another.")
@space_option
@json_option
@with_client
def set_(client: Client, key: str, space: str | None, as_json: bool, **given: str | None) -> None:
    """Set the limits of the flow KEY, at once for all workers."""
    limits = {name: _limit(value) for name, value in given.items() if value}
    if not limits:
        raise click.UsageError("Say what to set: --rate, --burst, --concurrency or --order.")
    output.show_one(as_json, client.flows.put(key, space=space, **limits), SHOWN)


def _limit(text: str) -> str | int | None:
    """Read a limit: none, a number, or a text that the service reads."""
    if text == "none":
        return None
    return int(text) if text.isdecimal() else text


@flows.command()
@click.argument("key")
@with_client
def pause(client: Client, key: str) -> None:
    """Send nothing more of the flow KEY."""
    client.flows.pause(key)
    output.say(f"The flow {output.plain(key)} is paused.")


@flows.command()
@click.argument("key")
@with_client
def resume(client: Client, key: str) -> None:
    """Go on sending what waits in the flow KEY."""
    client.flows.resume(key)
    output.say(f"The flow {output.plain(key)} goes on.")
