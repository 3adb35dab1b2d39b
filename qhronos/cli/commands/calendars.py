"""``qhronos calendars``: days on which nothing fires."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import click

from qhronos.cli import output
from qhronos.cli.event_options import json_object
from qhronos.cli.session import confirm, json_option, with_client, yes_option

if TYPE_CHECKING:
    from qhronos import Client

SHOWN = (
    *("name", "description", "dates", "ranges", "rules", "weekdays"),
    *("holidays", "events", "updated_at"),
)


@click.group()
def calendars() -> None:
    """See and set calendars: days on which nothing fires."""


@calendars.command("list")
@json_option
@with_client
def list_(client: Client, as_json: bool) -> None:
    """List calendars, and how many events each has."""
    columns: output.Columns = {
        "NAME": lambda one: one.name,
        "DESCRIPTION": lambda one: one.description,
        "HOLIDAYS": lambda one: (one.holidays or {}).get("country"),
        "DATES": lambda one: len(one.dates),
        "EVENTS": lambda one: one.events,
    }
    output.show(as_json, columns, client.calendars.list())


@calendars.command()
@click.argument("name")
@json_option
@with_client
def show(client: Client, name: str, as_json: bool) -> None:
    """Show the calendar NAME."""
    output.show_one(as_json, client.calendars.get(name), SHOWN)


@calendars.command("set")
@click.argument("name")
@click.option("--date", "dates", multiple=True, help="As in 2027-12-25; may be repeated.")
@click.option("--weekday", "weekdays", multiple=True, help="As in SA; may be repeated.")
@click.option("--holidays", help="A country, as in DE, or with its part, as in DE-BY.")
@click.option("--description")
@click.option("--file", type=click.File(encoding="utf-8"), help="A JSON object: all of it.")
@json_option
@with_client
def set_(
    client: Client,
    name: str,
    dates: tuple[str, ...],
    weekdays: tuple[str, ...],
    holidays: str | None,
    description: str | None,
    file: TextIO | None,
    as_json: bool,
) -> None:
    """Create or replace the calendar NAME. Its events are planned anew."""
    definition: dict[str, object] = json_object("--file", file.read()) if file else {}
    definition |= {key: one for key, one in (("dates", dates), ("weekdays", weekdays)) if one}
    if holidays:
        country, _, part = holidays.partition("-")
        definition["holidays"] = {"country": country, **({"subdivision": part} if part else {})}
    if description:
        definition["description"] = description
    output.show_one(as_json, client.calendars.put(name, **definition), SHOWN)


@calendars.command()
@click.argument("name")
@yes_option
@with_client
def delete(client: Client, name: str, yes: bool) -> None:
    """Delete the calendar NAME, if no event names it."""
    confirm(f"Delete the calendar {output.plain(name)}?", yes)
    client.calendars.delete(name)
    output.say(f"The calendar {output.plain(name)} is deleted.")
