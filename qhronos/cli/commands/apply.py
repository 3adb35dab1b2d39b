"""``qhronos apply``: makes the events as files say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from qhronos.cli import changes, output
from qhronos.cli.changes import CHANGE, CREATE, DELETE, REFUSED, SAME, Change
from qhronos.cli.declared import declared
from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.long_work import Bar, counted, if_stopped
from qhronos.cli.output import tell
from qhronos.cli.session import confirm, json_option, tag_option, with_client, yes_option
from qhronos.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion

if TYPE_CHECKING:
    from qhronos import Client

SIGNS = {CREATE: "+", CHANGE: "~", DELETE: "-", REFUSED: "!"}
SHOWN = 3
"""Occurrences that are named; of the others, their number is told."""


@click.command()
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="YAML or JSON; '-' reads standard input; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Only show it; exit code 1 if there are differences.")
@click.option("--prune", is_flag=True, help="Delete what no file has, within --tag, --key-prefix.")
@tag_option
@click.option("--key-prefix", default="", help="Prune below this beginning of a key alone.")
@click.option("--secrets", is_flag=True, help="Also set secrets and headers: see the guide.")
@yes_option
@json_option
@with_client
def apply(
    client: Client,
    files: tuple[str, ...],
    dry_run: bool,
    prune: bool,
    tags: tuple[str, ...],
    key_prefix: str,
    secrets: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Make the events as files say; each is known by its key.

    It shows what would change, in settings and in occurrences, and asks.
    """
    if prune and not (tags or key_prefix):
        raise click.UsageError("--prune needs --tag or --key-prefix: it stays within these.")
    if not prune and (tags or key_prefix):
        raise click.UsageError("--tag and --key-prefix say what --prune may delete: say --prune.")
    with ExitStack() as opened:
        wanted = declared({name: opened.enter_context(click.open_file(name, "rb"))
                           for name in files})  # fmt: skip
    with if_stopped(lambda: "Nothing is changed."), Bar("compared", len(wanted)) as bar:
        found = [
            changes.change_for(client, key, one, secrets=secrets)
            for key, one in counted(wanted.items(), bar)
        ]
        if prune:
            found += changes.to_prune(client, wanted, tags, key_prefix)
    _show(found, as_json)
    refused = [one for one in found if one.kind == REFUSED]
    if refused:
        tell("Nothing is changed: mend what is refused first.")
        return ExitCode.REFUSED
    todo = [one for one in found if one.kind != SAME]
    if dry_run or not todo:
        return ExitCode.NO if todo else ExitCode.DONE
    confirm("Make this change?" if len(todo) == 1 else f"Make these {len(todo)} changes?", yes)
    return _apply(client, todo)


def _apply(client: Client, todo: Sequence[Change]) -> int:
    failed = False
    with Bar("made", len(todo)) as bar:
        for done, one in enumerate(counted(todo, bar)):
            try:
                changes.apply(client, one)
            except StaleVersion:
                failed = True
                tell(f"{one.key}: Somebody else has changed it meanwhile: run this again.")
            except (Invalid, Conflict, Forbidden, NotFound) as error:
                failed = True
                tell(f"{one.key}: {error}")
            except BaseException:
                tell(f"{done} of {len(todo)} changes are made: run this again for the others.")
                raise
    if failed:
        return ExitCode.REFUSED
    tell("1 change is made." if len(todo) == 1 else f"{len(todo)} changes are made.")
    return ExitCode.DONE


def _show(found: Sequence[Change], as_json: bool) -> None:
    if as_json:
        output.as_json([one.raw for one in found])
        return
    for one in found:
        if one.kind != SAME:
            for line in _lines(one):
                output.say(line)
    same = sum(one.kind == SAME for one in found)
    if same or not found:
        output.say(f"{same} unchanged.")


def _lines(change: Change) -> Iterator[str]:
    yield f"{SIGNS[change.kind]} {output.plain(change.key)}: {change.kind}"
    if change.reason:
        yield f"    {output.plain(change.reason)}"
    for name, (old, new) in sorted(change.settings.items()):
        before = f"{output.plain(old)} -> " if change.kind == CHANGE else ""
        yield f"    {name}: {before}{output.plain(new)}"
    for what in ("added", "removed", "moved"):
        if times := change.occurrences.get(what):
            yield f"    {len(times)} occurrences {what}: {_times(times)}"


def _times(times: Sequence[object]) -> str:
    written = [
        f"{one['from']} -> {one['to']}" if isinstance(one, dict) else str(one)
        for one in times[:SHOWN]
    ]
    return ", ".join(written) + (", …" if len(times) > SHOWN else "")
