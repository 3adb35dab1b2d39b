"""The options that say what an event is, for those who create and change events."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from qhronos import Client

F = TypeVar("F", bound=Callable[..., Any])

_SCHEDULES = ("cron", "every", "rrule")

_OPTIONS = (
    click.option("--name"),
    click.option("--webhook", help="The address that it is delivered to."),
    click.option("--at", "start_time", help="When, or when it begins: a time in RFC 3339."),
    click.option("--delay", help="So long from now, as in 30d."),
    click.option("--cron", help='As in "30 8 * * MON-FRI".'),
    click.option("--every", help="As in 15m."),
    click.option("--rrule", help="As in FREQ=MONTHLY;BYDAY=-1FR."),
    click.option("--words", help='As in "every second friday at 9".'),
    click.option("--timezone", help="An IANA name, as in Europe/Berlin."),
    click.option("--tag", "tags", multiple=True, help="A tag; may be repeated."),
    click.option("--key", help="A key of your own."),
    click.option("--description"),
    click.option("--metadata", help="A JSON object."),
    click.option("--set", "others", multiple=True, metavar="FIELD=JSON", help="Any other field."),
    click.option("--file", type=click.File(encoding="utf-8"), help="A JSON object; '-' reads it."),
)


def event_options(command: F) -> F:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def fields_of(options: dict[str, Any], client: Client) -> dict[str, Any]:
    """Make the fields of the API of the options that were given.

    ``client`` is asked what ``--words`` mean. Raises ``click.UsageError``.
    """
    fields: dict[str, Any] = {}
    if options["file"]:
        fields |= json_object("--file", options["file"].read())
    for name in ("name", "webhook", "start_time", "delay", "timezone", "key", "description"):
        if options[name] is not None:
            fields[name] = options[name]
    if options["tags"]:
        fields["tags"] = list(options["tags"])
    if options["metadata"] is not None:
        fields["metadata"] = json_object("--metadata", options["metadata"])
    for given in options["others"]:
        name, is_there, text = given.partition("=")
        if not is_there:
            raise click.UsageError(f"--set takes FIELD=JSON, not {given!r}.")
        fields[name] = _json(f"--set {name}", text)
    return fields | _schedule(options, fields, client)


def _schedule(options: dict[str, Any], fields: dict[str, Any], client: Client) -> dict[str, Any]:
    given = [name for name in (*_SCHEDULES, "words") if options[name] is not None]
    if len(given) > 1:
        raise click.UsageError(f"--{given[0]} and --{given[1]} can't stand together: choose one.")
    if not given:
        return {}
    if given == ["words"]:
        zone = {"timezone": fields["timezone"]} if "timezone" in fields else {}
        outlook = client.explain(text=options["words"], count=1, **zone).raw
        return {name: outlook[name] for name in ("schedule", "start_time") if name in outlook}
    start = {} if fields.keys() & {"start_time", "delay"} else {"start_time": datetime.now(UTC)}
    return {"schedule": {given[0]: options[given[0]]}, **start}


def json_object(option: str, text: str) -> dict[str, Any]:
    """Read what an option was given as a JSON object; raises ``click.UsageError``."""
    found = _json(option, text)
    if not isinstance(found, dict):
        raise click.UsageError(f"{option} has to be a JSON object.")
    return found


def _json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"{option} has to be JSON ({error}).") from None
