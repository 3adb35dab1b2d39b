"""``qhronos up``: everything that Qhronos needs, in the foreground, as ``make run`` does."""

from __future__ import annotations

import click

from qhronos.cli.server import become


@click.command()
@click.option("--no-inbox", is_flag=True, help="Do without the inbox that prints webhooks.")
@click.option(
    "--accept-empty",
    is_flag=True,
    help="Begin with an empty store where its files are gone; what is left is put aside.",
)
def up(no_inbox: bool, accept_empty: bool) -> None:
    """Start a store, the API, the scheduler and the workers.

    They run in the foreground until Ctrl-C, which loses nothing. Settings are QHRONOS_ variables,
    also from a file .env in this directory. All data is in the directory data.
    """
    chosen = {"--no-inbox": no_inbox, "--accept-empty": accept_empty}
    become("app.runtime", [name for name, given in chosen.items() if given])
