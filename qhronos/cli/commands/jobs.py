"""``qhronos jobs``: what the service does in the background."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import click

from qhronos.cli import jobs as background
from qhronos.cli import output
from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.jobs import KINDS, Kind
from qhronos.cli.session import json_option, limit_option, with_client
from qhronos.cli.waiting import timeout_option

if TYPE_CHECKING:
    from qhronos import Client


@click.group()
def jobs() -> None:
    """See and stop bulk jobs, redeliveries and imports."""


@jobs.command("list")
@click.option("--kind", type=click.Choice(KINDS), help="Only those of a kind.")
@limit_option
@json_option
@with_client
def list_(client: Client, kind: Kind | None, limit: int, as_json: bool) -> None:
    """List jobs, newest first."""
    columns: output.Columns = {
        "ID": lambda one: one.id,
        "JOB": lambda one: one.what,
        "STATUS": lambda one: one.status,
        "DONE": lambda one: one.done,
        "OF": lambda one: one.total,
        "CREATED AT": lambda one: one.created_at,
        "REASON": lambda one: one.answer.get("reason"),
    }
    found = background.listed(client, KINDS if kind is None else (kind,), limit)
    output.show(as_json, columns, found)


@jobs.command()
@click.argument("job")
@click.option("--wait", is_flag=True, help="Wait for its end; exit code 1 if it did not do all.")
@timeout_option
@json_option
@with_client
def show(client: Client, job: str, wait: bool, timeout_s: float | None, as_json: bool) -> int:
    """Show how far the job JOB has come."""
    found = background.find(client, job)
    if wait:
        return background.end(client, found, wait, timeout_s, as_json)
    background.show(found, as_json)
    return ExitCode.DONE


@jobs.command()
@click.argument("job")
@json_option
@with_client
def cancel(client: Client, job: str, as_json: bool) -> None:
    """Stop the job JOB. What it has done stays so."""
    background.show(background.cancel(client, background.find(client, job)), as_json)


@jobs.command()
@click.argument("job")
@limit_option
@json_option
@with_client
def entries(client: Client, job: str, limit: int, as_json: bool) -> None:
    """List what became of each entry of the import JOB."""
    columns: output.Columns = {
        "LINE": lambda one: one.line,
        "OUTCOME": lambda one: one.outcome,
        "NAME": lambda one: one.name,
        "REASON": lambda one: one.reason,
    }
    output.show(as_json, columns, islice(client.events.import_lines(job), limit))
