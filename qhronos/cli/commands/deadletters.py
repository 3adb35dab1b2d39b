"""``qhronos deadletters``: what was given up, and delivering it again."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from qhronos.cli import output
from qhronos.cli.commands.events import id_of
from qhronos.cli.commands.occurrences import COLUMNS
from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.session import (
    confirm,
    json_option,
    limit_option,
    tag_option,
    with_client,
    yes_option,
)
from qhronos.cli.waiting import Patience, timeout_option, wait_for_job

if TYPE_CHECKING:
    from qhronos import Client

SHOWN = ("id", "status", "total", "retried", "completed", "failed", "reason")


@click.group()
def deadletters() -> None:
    """See what was given up, and deliver it again."""


def _filters(client: Client, given: dict[str, Any]) -> dict[str, Any]:
    event = given.pop("event")
    found = {name: value for name, value in given.items() if value}
    if event:
        found["event_id"] = id_of(client, event)
    return found


@deadletters.command("list")
@click.option("--event", help="The id or the key of an event.")
@tag_option
@limit_option
@json_option
@with_client
def list_(
    client: Client, event: str | None, tags: tuple[str, ...], limit: int, as_json: bool
) -> None:
    """List what has failed and is not tried again by itself, newest first."""
    filters = _filters(client, {"event": event, "tags": tags})
    found = client.occurrences.list(status="failed", limit=min(limit, 100), **filters)
    output.show(as_json, COLUMNS, islice(found, limit))


@deadletters.command()
@click.option("--event", help="The id or the key of an event.")
@tag_option
@click.option("--from", "from_", help="Scheduled at this time or later.")
@click.option("--to", help="Scheduled at this time or earlier.")
@click.option("--rate", help="At most so many, as in 10/s.")
@click.option("--wait", is_flag=True, help="Wait for the end; exit code 1 if some failed again.")
@timeout_option
@yes_option
@json_option
@with_client
def redeliver(
    client: Client,
    rate: str | None,
    wait: bool,
    timeout_s: float | None,
    yes: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Deliver all of them again that fit the filters, in the background.

    It says how many they are, and asks. A --wait that is stopped with Ctrl-C does not stop the
    redelivery.
    """
    filters = _filters(client, given)
    if not filters:
        raise click.UsageError("Say which: --event, --tag, --from or --to.")
    filters["status"] = "failed"
    count = client.occurrences.count_to_redeliver(**filters)
    if not count:
        output.as_json({"count": 0}) if as_json else output.say("There is nothing to redeliver.")
        return ExitCode.DONE
    confirm(f"Redeliver {count:,} dead letters?", yes)
    job = client.occurrences.redeliver_many(rate=rate, **filters)
    if wait:
        job = wait_for_job(client, job, Patience(timeout_s))
    output.show_one(as_json, job, SHOWN)
    return ExitCode.NO if wait and (job.failed or job.status != "completed") else ExitCode.DONE
