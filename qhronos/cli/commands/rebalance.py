"""``qhronos rebalance``: more partitions for the store, while all runs."""

from __future__ import annotations

import click

from qhronos.cli.server import become


@click.command()
@click.option(
    "--partitions", type=click.IntRange(min=1), required=True, help="How many there are to be."
)
def rebalance(partitions: int) -> None:
    """Give the store more partitions, while all runs.

    It waits until every process knows of them, and says for which it waits. Then it spreads the
    events that were there. Broken off, it goes on where it stopped when it is run again. It asks
    the store of "qhronos up" in this directory, or the one that QHRONOS_REDIS_URL names, so it runs
    where the server does.
    """
    become("app.runtime", ["rebalance", "--partitions", str(partitions)])
