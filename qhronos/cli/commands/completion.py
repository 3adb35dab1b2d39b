"""``qhronos completion``: the script that completes commands in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from qhronos.cli.output import say


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that completes commands.

    For bash, put this line into ~/.bashrc: eval "$(qhronos completion bash)"
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has these three
    say(kind(ctx.find_root().command, {}, "qhronos", "_QHRONOS_COMPLETE").source())
