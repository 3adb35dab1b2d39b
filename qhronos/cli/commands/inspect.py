"""``qhronos inspect``: what is stored, for operators who look closely."""

from __future__ import annotations

import click

from qhronos.cli.server import become


@click.command()
@click.argument("id_", metavar="ID")
def inspect(id_: str) -> None:
    """Print what is stored of an event or an occurrence.

    It reads the store itself, that of "qhronos up" in this directory or the one that
    QHRONOS_REDIS_URL names, so it works while no API runs.
    """
    become("app.runtime", ["inspect", id_])
