"""What ``qhronos events`` does rarely: past occurrences, and other secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import click

from qhronos.cli import output
from qhronos.cli.commands.secrets import overlap_option, secret_file_option, secret_of, show_new
from qhronos.cli.finding import id_of
from qhronos.cli.session import confirm, json_option, tag_option, with_client, yes_option

if TYPE_CHECKING:
    from qhronos import Client


@click.command()
@click.argument("event")
@click.option("--from", "from_", required=True, help="From this time, in RFC 3339.")
@click.option("--to", required=True, help="To this time, which has passed.")
@click.option("--dry-run", is_flag=True, help="Only say how many they would be.")
@yes_option
@json_option
@with_client
def backfill(
    client: Client, event: str, from_: str, to: str, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Deliver what a past range would have had.

    That is at most 1,000 occurrences. Those that have a record are left out. It says how many they
    are, and asks.
    """
    event_id = id_of(client, event)
    count = client.events.count_to_backfill(event_id, from_=from_, to=to)
    new = count.count - count.existing
    if dry_run or not new:
        said = f"{new:,} new of {count.count:,} in that range."
        output.as_json(count.raw) if as_json else output.say(said)
        return
    confirm(f"Deliver {new:,} past occurrences now?", yes)
    done = client.events.backfill(event_id, from_=from_, to=to)
    output.show_one(as_json, done, ("count", "existing", "added"))


@click.command("rotate-secret")
@click.argument("event", required=False)
@tag_option
@secret_file_option
@overlap_option
@yes_option
@json_option
@with_client
def rotate_secret(
    client: Client,
    event: str | None,
    tags: tuple[str, ...],
    secret_file: TextIO | None,
    overlap: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Give an event another signing secret.

    With --tag, all events with one of the tags get the same one; at most 1,000.

    The one before signs beside it for a while, so that receivers can change theirs.
    """
    if (event is None) == (not tags):
        raise click.UsageError("Say which: EVENT, or --tag for all that have one of these tags.")
    secret = secret_of(secret_file)
    if event is not None:
        made = client.events.rotate_secret(id_of(client, event), secret=secret, overlap=overlap)
    else:
        confirm(f"Give all events with {', '.join(map(output.plain, tags))} another secret?", yes)
        made = client.events.rotate_secrets(tags, secret=secret, overlap=overlap)
    show_new(made, as_json)
