"""``qhronos slo``: lateness objectives of tags."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import click

from qhronos.cli import output
from qhronos.cli.session import json_option, limit_option, with_client, yes_option

if TYPE_CHECKING:
    from qhronos import Client

SHOWN = (
    *("tag", "lateness", "objective", "window", "deliveries", "late", "compliance"),
    *("budget_left", "burn_rates", "burning"),
)


@click.group()
def slo() -> None:
    """See and set a tag's lateness objective."""


@slo.command("list")
@limit_option
@json_option
@with_client
def list_(client: Client, limit: int, as_json: bool) -> None:
    """List objectives, and how they fare."""
    columns: output.Columns = {
        "TAG": lambda one: one.tag,
        "IN TIME": lambda one: one.lateness,
        "OBJECTIVE": lambda one: _share(one.objective),
        "WINDOW": lambda one: one.window,
        "DELIVERIES": lambda one: f"{one.deliveries:,}",
        "COMPLIANCE": lambda one: _share(one.compliance),
        "BUDGET LEFT": lambda one: _share(one.budget_left),
        "BURNS": lambda one: one.burning or "",
    }
    output.show(as_json, columns, islice(client.slos.list(), limit))


@slo.command()
@click.argument("tag")
@json_option
@with_client
def show(client: Client, tag: str, as_json: bool) -> None:
    """Show the objective of TAG, and how fast its error budget burns."""
    output.show_one(as_json, client.slos.get(tag), SHOWN)


@slo.command("set")
@click.argument("tag")
@click.option("--lateness", required=True, help="What is in time, as in 1s.")
@click.option("--objective", type=float, required=True, help="The share, as in 0.999.")
@click.option("--window", help="In which time, as in 7d; 30d by default.")
@json_option
@with_client
def set_(
    client: Client,
    tag: str,
    lateness: str,
    objective: float,
    window: str | None,
    as_json: bool,
) -> None:
    """Give TAG an objective, or another one."""
    given = {"lateness": lateness, "objective": objective}
    given |= {"window": window} if window else {}
    made = client.slos.put(tag, **given)
    output.show_one(as_json, made, ("tag", "lateness", "objective", "window"))


@slo.command()
@click.argument("tag")
@yes_option
@with_client
def delete(client: Client, tag: str, yes: bool) -> None:
    """Delete the objective of TAG."""
    if not yes:
        click.confirm(f"Delete the objective of {output.plain(tag)}?", abort=True)
    client.slos.delete(tag)
    output.say(f"The objective of {output.plain(tag)} is deleted.")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value * 100:.6g}%"
