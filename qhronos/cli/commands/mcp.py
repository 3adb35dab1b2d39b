"""``qhronos mcp``: a server of the Model Context Protocol, for assistants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qhronos.cli.session import with_client

if TYPE_CHECKING:
    from qhronos import Client


@click.command()
@click.option("--allow-writes", is_flag=True, help="With tools that create, change and delete.")
@with_client
def mcp(client: Client, allow_writes: bool) -> None:
    """Serve an assistant: Model Context Protocol over stdio.

    It may do what the token may; without --allow-writes it only looks.
    """
    from qhronos.cli.assistant import make_server

    make_server(client, allow_writes=allow_writes).run("stdio")
