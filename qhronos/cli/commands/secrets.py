"""``qhronos secrets``: what signs for events with a tag. For admins."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TextIO

import click

from qhronos.cli import output
from qhronos.cli.session import confirm, json_option, limit_option, with_client, yes_option

if TYPE_CHECKING:
    from qhronos import Client
    from qhronos.bulk_models import RotatedSecret, TagSecret

secret_file_option = click.option(
    "--secret-file",
    type=click.File(encoding="utf-8"),
    help="Read the secret from a file, '-' from standard input; else the service makes one.",
)
overlap_option = click.option(
    "--overlap", help="How long the one before signs beside it, as in 24h, which is the default."
)


def secret_of(file: TextIO | None) -> str | None:
    """The secret in a file; raises ``click.UsageError`` if there is none."""
    if file is None:
        return None
    secret = file.read().strip()
    if not secret:
        raise click.UsageError("--secret-file is empty: it has to have a secret.")
    return secret


def show_new(made: RotatedSecret | TagSecret, as_json: bool) -> None:
    """Print a secret that the service has made, which it shows this once."""
    if as_json:
        output.as_json(made.raw)
        return
    until = f"The one before signs beside it until {output.plain(made.previous_until)}."
    output.tell(until if made.previous_until else "It signs from now on.")
    if made.secret is not None:
        output.tell("Keep the new secret: it is not shown again.")
        output.say(made.secret)


@click.group()
def secrets() -> None:
    """See, set and delete the signing secrets of tags."""


@secrets.command("list")
@limit_option
@json_option
@with_client
def list_(client: Client, limit: int, as_json: bool) -> None:
    """List the tags that have a secret; never the secrets themselves."""
    columns: output.Columns = {
        "TAG": lambda one: one.tag,
        "UPDATED AT": lambda one: one.updated_at,
    }
    output.show(as_json, columns, islice(client.signing_secrets.list(), limit))


@secrets.command("set")
@click.argument("tag")
@secret_file_option
@overlap_option
@json_option
@with_client
def set_(
    client: Client, tag: str, secret_file: TextIO | None, overlap: str | None, as_json: bool
) -> None:
    """Give TAG a secret, or another one. It signs for each event that has the tag."""
    made = client.signing_secrets.put(tag, secret=secret_of(secret_file), overlap=overlap)
    show_new(made, as_json)


@secrets.command()
@click.argument("tag")
@yes_option
@with_client
def delete(client: Client, tag: str, yes: bool) -> None:
    """Take the secret of TAG away: the service's own signs from now on."""
    confirm(f"Delete the secret of the tag {output.plain(tag)}?", yes)
    client.signing_secrets.delete(tag)
    output.say(f"The secret of the tag {output.plain(tag)} is deleted.")
