"""The root of the command line: what there is, imported when it is asked for."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

import click

from qhronos.cli.session import Session
from qhronos.installation import version

_PLACE = "qhronos.cli.commands"

COMMANDS = {
    "alerts": f"{_PLACE}.alerts:alerts",
    "apply": f"{_PLACE}.apply:apply",
    "archive": f"{_PLACE}.archive:archive",
    "audit": f"{_PLACE}.audit:audit",
    "backup": f"{_PLACE}.backup:backup",
    "bulk": f"{_PLACE}.bulk:bulk",
    "calendars": f"{_PLACE}.calendars:calendars",
    "completion": f"{_PLACE}.completion:completion",
    "deadletters": f"{_PLACE}.deadletters:deadletters",
    "doctor": f"{_PLACE}.doctor:doctor",
    "events": f"{_PLACE}.events:events",
    "explain": f"{_PLACE}.explain:explain",
    "export": f"{_PLACE}.export:export",
    "flows": f"{_PLACE}.flows:flows",
    "forecast": f"{_PLACE}.forecast:forecast",
    "import": f"{_PLACE}.importing:importing",
    "inspect": f"{_PLACE}.inspect:inspect",
    "jobs": f"{_PLACE}.jobs:jobs",
    "listen": f"{_PLACE}.listen:listen",
    "login": f"{_PLACE}.login:login",
    "logout": f"{_PLACE}.login:logout",
    "mcp": f"{_PLACE}.mcp:mcp",
    "occurrences": f"{_PLACE}.occurrences:occurrences",
    "rebalance": f"{_PLACE}.rebalance:rebalance",
    "restore": f"{_PLACE}.backup:restore",
    "secrets": f"{_PLACE}.secrets:secrets",
    "slo": f"{_PLACE}.slo:slo",
    "stats": f"{_PLACE}.stats:stats",
    "status": f"{_PLACE}.status:status",
    "tokens": f"{_PLACE}.tokens:tokens",
    "up": f"{_PLACE}.up:up",
}
"""Where each command is. A new group is a module in ``qhronos/cli/commands`` and a line here."""


class NoSuchCommand(click.UsageError):
    """The first word is no command."""


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
        _keep_lines(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; click itself knows no names that are near to one which is lazy."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise NoSuchCommand(f"No such command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


def _keep_lines(command: click.Command) -> None:
    """Have click show examples as they are written.

    It takes a backspace before them for that. In a docstring, which is raw, this is two signs.
    """
    if command.help:
        command.help = command.help.replace("\\b\n", "\b\n")
    if isinstance(command, click.Group):
        for one in command.commands.values():
            _keep_lines(one)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version(), prog_name="qhronos", message="%(prog)s %(version)s")
@click.option("--profile", help="Use this profile of 'qhronos login'.")
@click.pass_context
def root(ctx: click.Context, profile: str | None) -> None:
    """Schedule webhooks, and see what became of them."""
    ctx.obj = Session(profile)
