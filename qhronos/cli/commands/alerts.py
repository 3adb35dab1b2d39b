"""``qhronos alerts``: who is told when deliveries go wrong."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, Any, TextIO

import click

from qhronos.cli import output
from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.session import (
    confirm,
    json_option,
    limit_option,
    tag_option,
    with_client,
    yes_option,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from qhronos import Client
    from qhronos.bulk_models import Alert

SHOWN = (
    *("id", "name", "type", "on", "tags", "to", "url", "has_secret", "per_hour", "lag"),
    *("status", "last_sent_at", "last_error", "failing_since", "next_attempt_at"),
)
TYPES = ("mail", "slack", "teams", "webhook")
CONDITIONS = (
    *("failing", "dead_letter", "breaker_open", "series_ended", "set_aside"),
    *("lag", "problem", "slo_burn"),
)


def _settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of an alert."""
    options: tuple[Callable[..., Any], ...] = (
        click.option("--type", type=click.Choice(TYPES), help="How it is told."),
        click.option(
            "--on",
            multiple=True,
            type=click.Choice(CONDITIONS),
            help="What to tell of; may be repeated.",
        ),
        click.option("--to", multiple=True, help="An address; may be repeated."),
        click.option("--url", help="The webhook of a chat; '-' reads it from standard input."),
        click.option(
            "--secret-file",
            type=click.File(encoding="utf-8"),
            help="What signs notifications of the type webhook.",
        ),
        tag_option,
        click.option("--per-hour", type=int, help="At most so many in an hour."),
        click.option("--lag", help="How long what is due may wait, as in 1m."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """What was said of an alert, by the names of the API."""
    given = {name: one for name, one in options.items() if one is not None and one != ()}
    if given.get("url") == "-":
        given["url"] = sys.stdin.read().strip()
    if "secret_file" in given:
        given["secret"] = _secret(given.pop("secret_file"))
    return given


def _secret(file: TextIO) -> str:
    secret = file.read().strip()
    if not secret:
        raise click.UsageError("--secret-file is empty: it has to have a secret.")
    return secret


def _found(client: Client, named: str) -> Alert:
    """The alert with an id, or the only one with a name; raises ``NotFound``."""
    of_name = [one for one in client.alerts.list() if one.name == named]
    if len(of_name) > 1:
        raise click.UsageError(f"{len(of_name)} alerts have this name: give the id.")
    return of_name[0] if of_name else client.alerts.get(named)


@click.group()
def alerts() -> None:
    """See and set who is told when deliveries go wrong.

    They are told by mail, or in a chat.
    """


@alerts.command("list")
@limit_option
@json_option
@with_client
def list_(client: Client, limit: int, as_json: bool) -> None:
    """List alerts, and whether what they send arrives."""
    columns: output.Columns = {
        "ID": lambda one: one.id,
        "NAME": lambda one: one.name,
        "TYPE": lambda one: one.type,
        "ON": lambda one: one.on,
        "TAGS": lambda one: one.tags,
        "STATUS": lambda one: one.status,
        "LAST SENT": lambda one: one.last_sent_at,
    }
    output.show(as_json, columns, islice(client.alerts.list(), limit))


@alerts.command()
@click.argument("alert")
@json_option
@with_client
def show(client: Client, alert: str, as_json: bool) -> None:
    """Show the alert with this name or id."""
    output.show_one(as_json, _found(client, alert), SHOWN)


@alerts.command()
@click.argument("name")
@_settings
@json_option
@with_client
def create(client: Client, name: str, as_json: bool, **options: Any) -> None:
    r"""Make the alert NAME, from --type, --on, and --url or --to.

    \b
        qhronos alerts create "on call" --type slack --on failing --on lag --url -
    """
    given = _given(options)
    missing = [f"--{one}" for one in ("type", "on") if one not in given]
    if missing:
        raise click.UsageError(f"Say {' and '.join(missing)}.")
    output.show_one(as_json, client.alerts.create(name=name, **given), SHOWN)


@alerts.command("set")
@click.argument("alert")
@click.option("--name", help="Call it so.")
@_settings
@json_option
@with_client
def set_(client: Client, alert: str, as_json: bool, **options: Any) -> None:
    """Change the alert with this name or id. What failed is tried again at once."""
    given = _given(options)
    if not given:
        raise click.UsageError("Say what to change: --on, --url, --to, --tag, --per-hour or --lag.")
    output.show_one(as_json, client.alerts.update(_found(client, alert).id, **given), SHOWN)


@alerts.command()
@click.argument("alert")
@json_option
@with_client
def test(client: Client, alert: str, as_json: bool) -> ExitCode:
    """Send a test of an alert, and say whether it arrived.

    ALERT is its name or its id. The exit code is 1 if the test has not arrived.
    """
    done = client.alerts.test(_found(client, alert).id)
    if as_json:
        output.as_json(done.raw)
    elif done.arrived:
        output.say("The test has arrived.")
    else:
        output.tell(f"The test did not arrive: {output.plain(done.error)}.")
    return ExitCode.DONE if done.arrived else ExitCode.NO


@alerts.command()
@click.argument("alert")
@yes_option
@with_client
def delete(client: Client, alert: str, yes: bool) -> None:
    """Delete the alert with this name or id."""
    found = _found(client, alert)
    confirm(f"Delete the alert {output.plain(found.name)}?", yes)
    client.alerts.delete(found.id)
    output.say(f"The alert {output.plain(found.name)} is deleted.")
