"""``qhronos audit``: who changed what, and whether the log was changed."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from qhronos.cli import output
from qhronos.cli.audit_chain import Broken, check
from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.files import opened
from qhronos.cli.long_work import Bar, counted
from qhronos.cli.session import Session, json_option, limit_option, with_client

if TYPE_CHECKING:
    from qhronos import Client


@click.group()
def audit() -> None:
    """See who changed what, and verify the log."""


@audit.command("list")
@click.option("--object", "object_", help="The id of what was changed.")
@click.option("--action", help="As in event.create.")
@click.option("--actor", help="The sub of a token, or master.")
@limit_option
@json_option
@with_client
def list_(
    client: Client,
    object_: str | None,
    action: str | None,
    actor: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List the newest entries."""
    found = client.audit.list(object=object_, action=action, actor=actor, limit=min(limit, 1000))
    columns: output.Columns = {
        "SEQ": lambda one: one.seq,
        "AT": lambda one: one.at,
        "ACTOR": lambda one: one.actor,
        "ACTION": lambda one: one.action,
        "OBJECT": lambda one: one.object,
        "OUTCOME": lambda one: one.outcome,
    }
    output.show(as_json, columns, islice(found, limit))


@audit.command()
@click.argument("file", type=click.File(encoding="utf-8"), required=False)
@click.option("--known", help="The newest hash of an earlier check, which has to be in the log.")
@click.pass_obj
def verify(session: Session, file: TextIO | None, known: str | None) -> int:
    """Verify that no entry was changed, taken out or put in.

    It reads the whole log from the instance, or an export from FILE. Keep the hash that it prints:
    given as --known next time, it shows whether entries are missing at the end.
    """
    try:
        with Bar("entries") as bar:
            chain = check(counted(file or session.client.audit_lines(), bar), known)
    except Broken as error:
        click.echo(str(error), err=True)
        return ExitCode.NO
    except UnicodeDecodeError:
        raise click.UsageError("The file is no text: give an export of the audit log.") from None
    output.say(
        f"{chain.entries} entries, {chain.first} to {chain.last}, hold together; "
        f"the newest hash is {chain.newest}."
        if chain.entries
        else "The log has no entries."
    )
    return ExitCode.DONE


@audit.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@with_client
def export(client: Client, file: str) -> None:
    """Write the whole log, one entry in JSON a line.

    The oldest is the first. '-' writes to standard output.

    'qhronos audit verify FILE' checks it, also years later and without the instance.
    """
    if file == "-":
        for line in client.audit_lines():
            output.say(line)
        return
    path, number = Path(file), 0
    with opened(path, "x") as out, Bar("entries") as bar:
        try:
            for line in counted(client.audit_lines(), bar):
                out.write(f"{line}\n")
                number += 1
        except BaseException:
            path.unlink()
            output.tell(f"Nothing is left in {path}: an export of a part would not be whole.")
            raise
    output.tell(f"Written to {path}: {number:,} entries.")
