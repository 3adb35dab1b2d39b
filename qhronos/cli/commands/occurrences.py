"""``qhronos occurrences``: events at one time, and what became of them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import click

from qhronos.cli import output
from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.finding import id_of
from qhronos.cli.session import json_option, limit_option, tag_option, with_client
from qhronos.cli.tailing import follow
from qhronos.cli.waiting import Patience, timeout_option, wait_until_over
from qhronos.errors import ApiError

if TYPE_CHECKING:
    from qhronos import Client, Occurrence

SHOWN = (
    *("id", "event_id", "status", "scheduled_at", "planned_at", "attempt_count", "status_code"),
    *("error_message", "response_body", "started_at", "completed_at", "next_attempt_at"),
    *("ack_deadline_at", "deferral_reason"),
)
COLUMNS: output.Columns = {
    "ID": lambda one: one.id,
    "SCHEDULED AT": lambda one: one.scheduled_at,
    "STATUS": lambda one: one.status,
    "ATTEMPTS": lambda one: one.attempt_count,
    "CODE": lambda one: one.status_code,
    "ERROR": lambda one: one.error_message,
}


@click.group()
def occurrences() -> None:
    """See what was delivered and what was not, and deliver again."""


@occurrences.command("list")
@click.option("--event", help="The id or the key of an event.")
@tag_option
@click.option("--status", help="As in failed; several between commas.")
@click.option("--from", "from_", help="Scheduled at this time or later.")
@click.option("--to", help="Scheduled at this time or earlier.")
@limit_option
@json_option
@with_client
def list_(
    client: Client,
    event: str | None,
    tags: tuple[str, ...],
    status: str | None,
    from_: str | None,
    to: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List occurrences, newest scheduled first. At least one filter is needed."""
    if not (event or tags or status or from_ or to):
        raise click.UsageError("Say which: --event, --tag, --status, --from or --to.")
    found = client.occurrences.list(
        event_id=id_of(client, event) if event else None,
        tags=tags,
        status=status,
        from_=from_,
        to=to,
        limit=min(limit, 100),
    )
    output.show(as_json, COLUMNS, islice(found, limit))


@occurrences.command()
@click.argument("occurrence")
@json_option
@with_client
def show(client: Client, occurrence: str, as_json: bool) -> None:
    """Show an occurrence and its attempts."""
    found = client.occurrences.get(occurrence)
    attempts = client.occurrences.attempts(occurrence)
    if as_json:
        output.as_json({**found.raw, "attempts": [one.raw for one in attempts]})
        return
    output.details({name: getattr(found, name) for name in SHOWN})
    if attempts:
        output.say("")
        columns: output.Columns = {
            "ATTEMPT": lambda one: one.number,
            "STARTED AT": lambda one: one.started_at,
            "LATE (MS)": lambda one: round(one.lateness_ms, 1),
            "TOOK (MS)": lambda one: round(one.took_ms, 1),
            "CODE": lambda one: one.status_code,
            "ERROR": lambda one: one.error_message,
        }
        output.table(columns, attempts)


@occurrences.command()
@tag_option
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many lines.")
@json_option
@with_client
def tail(client: Client, tags: tuple[str, ...], count: int | None, as_json: bool) -> None:
    """Print what happens, as it happens, until Ctrl-C.

    With --json, each change is a line. A lost connection is made again, and nothing is missed.
    """
    for change in islice(follow(client, tags), count):
        if as_json:
            output.as_json_line({"kind": change.kind, **change.raw})
        else:
            about = change.raw
            id_ = about.get("occurrence_id") or about.get("event_id") or "-"
            words = [about.get("type", change.kind), id_, about.get("status")]
            words += [about.get("status_code"), about.get("error_message")]
            output.say("  ".join(output.plain(one) for one in words if one is not None))


@occurrences.command()
@click.argument("occurrence", nargs=-1, required=True)
@click.option("--new", "as_new", is_flag=True, help="As a new occurrence, with a new webhook-id.")
@click.option("--wait", is_flag=True, help="Wait for the results; exit code 1 if one failed.")
@timeout_option
@json_option
@with_client
def redeliver(
    client: Client,
    occurrence: tuple[str, ...],
    as_new: bool,
    wait: bool,
    timeout_s: float | None,
    as_json: bool,
) -> int:
    """Deliver again what is over."""
    done: list[Occurrence] = []
    try:
        for one in occurrence:
            done.append(client.occurrences.redeliver(one, as_new=as_new))
    except ApiError as error:
        if done:
            output.show(as_json, COLUMNS, done)
        raise type(error)(f"{one}: {error}", status=error.status) from None
    if wait:
        patience = Patience(timeout_s)
        done = [wait_until_over(client, one, patience) for one in done]
    output.show(as_json, COLUMNS, done)
    failed = wait and any(one.status != "completed" for one in done)
    return ExitCode.NO if failed else ExitCode.DONE
