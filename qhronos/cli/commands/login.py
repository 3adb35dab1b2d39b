"""``qhronos login`` and ``logout``: profiles, each an address and a token."""

from __future__ import annotations

import os
import sys
from typing import TextIO

import click

from qhronos.cli.output import say
from qhronos.cli.profiles import profiles_file, read, save
from qhronos.cli.session import make_client
from qhronos.errors import Forbidden


@click.command()
@click.argument("url")
@click.option("--name", default="default", show_default=True, help="The name of the profile.")
@click.option(
    "--token-file",
    type=click.File(encoding="utf-8"),
    help="Read the token from a file, or from standard input with '-'.",
)
def login(url: str, name: str, token_file: TextIO | None) -> None:
    """Keep the address of an instance and a token.

    They are a profile, which is used from now on.

    The token is asked for, so that it is in no history of commands. It is tried before it is kept,
    in a file that you alone may read.
    """
    from qhronos.client.configuration import is_address

    if not is_address(url):
        hint = f": did you mean http://{url}?" if is_address(f"http://{url}") else "."
        raise click.UsageError(f"URL has to be like https://qhronos.example.com{hint}")
    if token_file is None and not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked for the token: say --token-file FILE, or '-'.")
    token = token_file.read() if token_file else click.prompt("Token", hide_input=True, err=True)
    client = make_client(url, token.strip())
    try:
        next(iter(client.events.list(limit=1)), None)
    except Forbidden:
        pass  # a token that may only write is one, too
    finally:
        client.close()
    file = profiles_file(os.environ)
    kept = read(file)
    kept["profiles"][name] = {"url": client.url, "token": token.strip()}
    save(file, {**kept, "current": name})
    say(f"The profile {name} is kept in {file}, and used from now on.")


@click.command()
@click.argument("name", default="default")
def logout(name: str) -> None:
    """Forget the profile NAME. Its token stays valid: 'qhronos tokens revoke' ends it."""
    file = profiles_file(os.environ)
    kept = read(file)
    if kept["profiles"].pop(name, None) is None:
        raise click.UsageError(f"There is no profile {name!r}.")
    save(file, {**kept, "current": None if kept["current"] == name else kept["current"]})
    say(f"The profile {name} is forgotten.")
