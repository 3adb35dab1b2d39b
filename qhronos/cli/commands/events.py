"""``qhronos events``: what is delivered, when and where."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from qhronos.cli import output
from qhronos.cli.commands.event_upkeep import backfill, rotate_secret
from qhronos.cli.event_filters import event_filters, filters_of
from qhronos.cli.event_options import event_options, fields_of
from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.finding import find, id_of
from qhronos.cli.session import confirm, json_option, limit_option, with_client, yes_option
from qhronos.cli.waiting import Patience, timeout_option, wait_until_over

if TYPE_CHECKING:
    from qhronos import Client, Event

SHOWN = (
    *("id", "key", "name", "description", "status", "next_occurrence_at", "start_time"),
    *("schedule", "timezone", "webhook", "action", "metadata", "tags", "retry", "flow"),
    *("has_hmac_secret", "created_at", "updated_at"),
)


@click.group()
def events() -> None:
    """Create, list, change and trigger events.

    EVENT is an id, or the key that you gave to an event.
    """


def rhythm(event: Event) -> str:
    """Say in a few words when an event fires."""
    if event.schedule is None:
        return "once"
    for name in ("cron", "every", "rrule", "frequency"):
        if event.schedule.get(name):
            return str(event.schedule[name])
    return "rules"


@events.command("list")
@event_filters
@click.option(
    "--sort",
    type=click.Choice(["created_at", "-created_at", "name", "-name"]),
    help="The newest first by default.",
)
@limit_option
@json_option
@with_client
def list_(client: Client, sort: str | None, limit: int, as_json: bool, **options: Any) -> None:
    """List events, newest first."""
    columns: output.Columns = {
        "ID": lambda one: one.id,
        "NAME": lambda one: one.name,
        "STATUS": lambda one: one.status,
        "NEXT": lambda one: one.next_occurrence_at,
        "SCHEDULE": rhythm,
        "TAGS": lambda one: one.tags,
    }
    found = client.events.list(sort=sort, limit=min(limit, 1000), **filters_of(options))
    output.show(as_json, columns, islice(found, limit))


@events.command()
@click.argument("event")
@json_option
@with_client
def show(client: Client, event: str, as_json: bool) -> None:
    """Show an event."""
    output.show_one(as_json, find(client, event), SHOWN)


@events.command()
@event_options
@json_option
@with_client
def create(client: Client, as_json: bool, **options: Any) -> None:
    r"""Create an event.

    \b
      qhronos events create --name renewal --delay 30d --webhook https://example.com/renewal
      qhronos events create --name payroll --words "last friday of the month at 17:00" \
          --webhook https://example.com/payroll --tag billing
    """
    fields = fields_of(options, client)
    if not fields:
        raise click.UsageError("Say what to create: --name, --webhook, and when; or --file.")
    if not fields.keys() & {"start_time", "delay", "schedule"}:
        raise click.UsageError("Say when: --at, --delay, --words, --cron, --every or --rrule.")
    output.show_one(as_json, client.events.create(fields), SHOWN)


@events.command()
@click.argument("event")
@event_options
@click.option("--clear", multiple=True, help="Clear a field, as in description.")
@json_option
@with_client
def edit(client: Client, event: str, clear: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Change an event by options, or in your editor.

    Without options, it is opened in $EDITOR.

    It is changed only if nobody else has changed it meanwhile.
    """
    found = find(client, event)
    fields = fields_of(options, client) | dict.fromkeys(clear)
    if not fields:
        from qhronos.cli.editing import edited

        fields = edited(found)
    if not fields:
        output.say("Nothing is changed.")
        return
    changed = client.events.update(found.id, if_match=found.etag, **fields)
    output.show_one(as_json, changed, SHOWN)


@events.command()
@click.argument("event")
@click.option("--until", help="Resume by itself at this time.")
@click.option("--note", help="Why.")
@json_option
@with_client
def pause(client: Client, event: str, until: str | None, note: str | None, as_json: bool) -> None:
    """Schedule nothing more of an event."""
    paused = client.events.pause(id_of(client, event), until=until, note=note)
    output.show_one(as_json, paused, ("id", "name", "status", "pause"))


@events.command()
@click.argument("event")
@json_option
@with_client
def resume(client: Client, event: str, as_json: bool) -> None:
    """Go on with the next future occurrence of an event."""
    resumed = client.events.resume(id_of(client, event))
    output.show_one(as_json, resumed, ("id", "name", "status", "next_occurrence_at"))


@events.command()
@click.argument("event")
@click.option("--wait", is_flag=True, help="Wait for the result; exit code 1 if it failed.")
@timeout_option
@json_option
@with_client
def trigger(client: Client, event: str, wait: bool, timeout_s: float | None, as_json: bool) -> int:
    """Deliver an event now, beside its schedule."""
    occurrence = client.events.trigger(id_of(client, event))
    if wait:
        occurrence = wait_until_over(client, occurrence, Patience(timeout_s))
    names = ("id", "event_id", "status", "status_code", "error_message")
    output.show_one(as_json, occurrence, names)
    return ExitCode.NO if wait and occurrence.status != "completed" else ExitCode.DONE


@events.command()
@click.argument("event")
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True)
@json_option
@with_client
def preview(client: Client, event: str, count: int, as_json: bool) -> None:
    """Say when an event will fire."""
    planned = client.events.preview(id_of(client, event), count=count)
    output.show(as_json, {"SCHEDULED AT": lambda one: one.scheduled_at}, planned)


@events.command()
@click.argument("event")
@yes_option
@with_client
def delete(client: Client, event: str, yes: bool) -> None:
    """Delete an event. Its records stay readable."""
    found = find(client, event)
    confirm(f"Delete the event {output.plain(found.name)} ({found.id})?", yes)
    client.events.delete(found.id)
    output.say(f"The event {found.id} is deleted.")


events.add_command(backfill)
events.add_command(rotate_secret)
