"""The root of the command line: what there is, imported when it is asked for."""

from __future__ import annotations

from importlib import import_module

import click

from qhronos.installation import version

COMMANDS = {
    "inspect": "qhronos.cli.commands.inspect:inspect",
    "up": "qhronos.cli.commands.up:up",
}
"""Where each command is. A new group is a module in ``qhronos/cli/commands`` and a line here."""


class _Lazy(click.Group):
    """Imports a command's module when the command is named: the start stays quick."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)  # noqa: S101 - the table is ours
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version(), prog_name="qhronos", message="%(prog)s %(version)s")
def root() -> None:
    """Schedule webhooks, and see what became of them."""
