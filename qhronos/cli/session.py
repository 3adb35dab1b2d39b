"""What a command has at hand: the client of the instance, and the options that several share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qhronos.cli.naming import as_typed
from qhronos.cli.profiles import Login, login
from qhronos.errors import ApiError, Unauthenticated, Unreachable

if TYPE_CHECKING:
    from qhronos import Client

ATTEMPTS = 5
"""Some two seconds: who sits before it wants to know that nobody answers."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
limit_option = click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="Print at most so many.",
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
tag_option = click.option("--tag", "tags", multiple=True, help="A tag; may be repeated.")


class Session:
    """One run of a command."""

    def __init__(self, profile: str | None = None) -> None:
        self._profile = profile

    @property
    def login(self) -> Login:
        """Where and who; raises ``NotConfigured``."""
        return login(self._profile, os.environ, Path.cwd())

    @property
    def client(self) -> Client:
        """A client of the instance, which is closed when the command ends."""
        found = self.login
        made = make_client(found.url, found.token)
        click.get_current_context().call_on_close(made.close)
        return made


def make_client(url: str, token: str) -> Client:
    """Make a client; the only place of the command line that does."""
    from qhronos import Client, Retries

    return Client(url, token, retries=Retries(ATTEMPTS))


def with_client(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the client as its first argument; errors name what was typed."""

    @click.pass_context
    def wrapper(ctx: click.Context, *values: Any, **names: Any) -> Any:
        try:
            return command(ctx.obj.client, *values, **names)
        except (Unauthenticated, Unreachable) as error:
            raise ctx.obj.login.about(error) from error
        except ApiError as error:
            raise as_typed(error, ctx) from error

    wrapper.__doc__ = command.__doc__
    wrapper.__name__ = command.__name__
    # Options that stand below are kept where click looks for them.
    wrapper.__dict__.update(command.__dict__)
    return wrapper


def confirm(question: str, yes: bool) -> None:
    """Ask before something that can't be taken back; who can't be asked has to say ``--yes``."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Say --yes if you mean it.")
    if not click.confirm(question, err=True):
        raise click.Abort
