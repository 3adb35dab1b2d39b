"""``qhronos status``: how an instance is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from qhronos.cli import output
from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.session import json_option, with_client

if TYPE_CHECKING:
    from qhronos import Client
    from qhronos.models import Status

SHOWN = ("status", "version", "uptime_seconds", "store", "queue_depth", "lag_ms", "workers")


@click.command()
@click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")
@click.option("--interval", type=click.FloatRange(0.1, 3600), default=2.0, show_default=True)
@json_option
@with_client
def status(client: Client, watch: bool, interval: float, as_json: bool) -> int:
    """Show how the instance is.

    The exit code is 1 if it is not well.

    With --watch and --json, each look is a line.
    """
    while watch:
        found = client.status()
        if as_json:
            output.as_json_line(found.raw)
        else:
            click.clear()
            _show(found, client.url)
        time.sleep(interval)
    found = client.status()
    output.as_json(found.raw) if as_json else _show(found, client.url)
    return ExitCode.DONE if found.status == "ok" else ExitCode.NO


def _show(found: Status, url: str) -> None:
    output.details({name: getattr(found, name) for name in SHOWN})
    for problem in found.problems:
        output.say(f"{output.plain(problem.code)}: {output.plain(problem.message)}")
        if problem.runbook:
            output.say(f"  {output.plain(url + problem.runbook)}")
