"""``qhronos deadletters``: what was given up, and delivering it again."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from qhronos.cli import jobs, output
from qhronos.cli.commands.occurrences import COLUMNS
from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.finding import id_of
from qhronos.cli.long_work import if_stopped
from qhronos.cli.session import (
    confirm,
    json_option,
    limit_option,
    tag_option,
    with_client,
    yes_option,
)
from qhronos.cli.waiting import timeout_option

if TYPE_CHECKING:
    from qhronos import Client

OVER = ("failed", "missed", "skipped", "cancelled")
"""What is over without success; docs/retries.md says which."""

status_option = click.option(
    "--status", type=click.Choice(OVER), default="failed", show_default=True
)
all_tags_option = click.option("--all-tags", is_flag=True, help="All of these tags, not any.")


@click.group()
def deadletters() -> None:
    """See what was given up, and deliver it again."""


def _filters(client: Client, given: dict[str, Any]) -> dict[str, Any]:
    event, all_tags = given.pop("event"), given.pop("all_tags")
    if all_tags and not given["tags"]:
        raise click.UsageError("--all-tags goes with --tag: say which.")
    found = {name: value for name, value in given.items() if value}
    if all_tags:
        found["match"] = "all"
    if event:
        found["event_id"] = id_of(client, event)
    return found


@deadletters.command("list")
@click.option("--event", help="The id or the key of an event.")
@tag_option
@all_tags_option
@status_option
@limit_option
@json_option
@with_client
def list_(client: Client, status: str, limit: int, as_json: bool, **given: Any) -> None:
    """List what is over without success, newest first."""
    filters = _filters(client, given)
    found = client.occurrences.list(status=status, limit=min(limit, 100), **filters)
    output.show(as_json, COLUMNS, islice(found, limit))


@deadletters.command()
@click.option("--event", help="The id or the key of an event.")
@tag_option
@all_tags_option
@click.option("--from", "from_", help="Scheduled at this time or later.")
@click.option("--to", help="Scheduled at this time or earlier.")
@status_option
@click.option("--all", "every", is_flag=True, help="Whatever has this status.")
@click.option("--rate", help="At most so many, as in 10/s.")
@click.option("--order", type=click.Choice(["oldest", "newest"]), help="Which first; the oldest.")
@click.option(
    "--stop-at-error-rate",
    type=click.FloatRange(0, 1, min_open=True),
    help="Stop when this part of them fails again, as in 0.5.",
)
@click.option("--wait", is_flag=True, help="Wait for the end; exit code 1 if some failed again.")
@timeout_option
@yes_option
@json_option
@with_client
def redeliver(
    client: Client,
    status: str,
    every: bool,
    rate: str | None,
    order: str | None,
    stop_at_error_rate: float | None,
    wait: bool,
    timeout_s: float | None,
    yes: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Deliver again all that fit the filters.

    That is done in the background. It says how many they are, and asks. A --wait that is stopped
    with Ctrl-C does not stop the redelivery.
    """
    filters = _filters(client, given)
    if bool(filters) == every:
        wanted = "--event, --tag, --from or --to; or --all"
        raise click.UsageError(f"Say which: {wanted}." if not every else "--all takes no filter.")
    filters["status"] = status
    count = client.occurrences.count_to_redeliver(**filters)
    if not count:
        output.as_json({"count": 0}) if as_json else output.say("There is nothing to redeliver.")
        return ExitCode.DONE
    confirm(f"Redeliver {count:,} dead letters?", yes)
    with if_stopped(lambda: "It may have begun: see 'qhronos jobs list'."):
        started = client.occurrences.redeliver_many(
            rate=rate, order=order, stop_at_error_rate=stop_at_error_rate, **filters
        )
    job = jobs.Job("redelivery", started.raw)
    return jobs.end(client, job, wait, timeout_s, as_json)
