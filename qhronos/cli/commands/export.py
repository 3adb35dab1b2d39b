"""``qhronos export``: all that an instance has, in a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qhronos.cli import exporting, output
from qhronos.cli.files import opened
from qhronos.cli.long_work import Bar
from qhronos.cli.session import with_client

if TYPE_CHECKING:
    from qhronos import Client


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--resume", is_flag=True, help="Go on with a file that was not written to its end.")
@with_client
def export(client: Client, file: str, resume: bool) -> None:
    """Write all that an instance has as JSON Lines.

    These are events, calendars, flows, alerts, and what is known of tokens and secrets.

    '-' writes to standard output. 'qhronos import jsonl' reads it, also into another version.
    """
    state = exporting.Export()
    if file == "-":
        if resume:
            raise click.UsageError("--resume needs a file.")
        exporting.begin(client, sys.stdout, state, lambda _: None)
        _tell(state, "standard output")
        return
    path = Path(file)
    if resume:
        state = _mark_of(path)
    write, mode = (exporting.go_on, "a") if resume else (exporting.begin, "x")
    with opened(path, mode, "name another file, or say --resume") as out:
        try:
            with Bar("events") as bar:
                write(client, out, state, _seen(bar))
        except BaseException:
            if state.can_go_on:
                output.tell(f"{path} is not whole. To go on: qhronos export {path} --resume")
            else:
                path.unlink()
                output.tell(f"Nothing is written to {path}.")
            raise
    _tell(state, str(path))


def _mark_of(path: Path) -> exporting.Export:
    try:
        with path.open("r+b") as file:
            return exporting.last_mark(file)
    except OSError as error:
        raise click.UsageError(f"{path} can't be gone on with ({error.strerror}).") from None


def _seen(bar: Bar) -> Callable[[exporting.Export], None]:
    return lambda state: bar.show(state.looked_at, state.total)


def _tell(state: exporting.Export, where: str) -> None:
    names = [exporting.EVENT, exporting.CALENDAR, exporting.FLOW, exporting.TOKEN]
    names += [exporting.ALERT] if state.counts[exporting.ALERT] else []
    counted = ", ".join(_several(state.counts[name], name) for name in names)
    output.tell(f"Written to {where}: {counted}.")
    if state.without_secrets:
        output.tell(
            f"{_several(state.without_secrets, 'event')} with secrets or headers, which nobody is "
            "told: an import makes these paused."
        )
    if tags := state.counts[exporting.SECRET]:
        output.tell(
            f"{_several(tags, 'tag')} with a signing secret, which nobody is told: set it there "
            "first, 'qhronos secrets set TAG', else an import makes what it signs paused."
        )
    output.tell("Not in it: secrets, ended events, and what was delivered.")


def _several(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"
