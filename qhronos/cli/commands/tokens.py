"""``qhronos tokens``: who may do what. For admins."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import click

from qhronos.cli import output
from qhronos.cli.session import (
    confirm,
    json_option,
    limit_option,
    tag_option,
    with_client,
    yes_option,
)

if TYPE_CHECKING:
    from qhronos import Client

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@click.group()
def tokens() -> None:
    """Make, list and revoke tokens."""


def expiry(text: str, now: datetime) -> datetime | str:
    """Read when a token expires: a duration from now such as 30d, else a time as it is.

    Raises ``click.UsageError`` for what is neither.
    """
    found = re.fullmatch(r"(\d{1,6})([mhdw])", text)
    if found is None and not re.match(r"\d{4}-", text):
        raise click.UsageError("--expires: must be as in 30d, or a time as in 2030-05-01T09:30:00Z")
    return now + timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else text


@tokens.command()
@click.option("--sub", required=True, help="Who holds it.")
@click.option(
    "--access", required=True, type=click.Choice(["read", "write", "read_write", "admin"])
)
@tag_option
@click.option("--expires", required=True, help="As in 30d, or a time in RFC 3339.")
@click.option("--feed", is_flag=True, help="A token for calendar programs, for reading alone.")
@click.option("--badge", is_flag=True, help="A token for badges alone: it stands in an address.")
@click.option("--metrics", is_flag=True, help="A token for Prometheus, for GET /metrics alone.")
@json_option
@with_client
def create(
    client: Client,
    sub: str,
    access: str,
    tags: tuple[str, ...],
    expires: str,
    feed: bool,
    badge: bool,
    metrics: bool,
    as_json: bool,
) -> None:
    """Make a token, and print it: it is not shown again."""
    purposes = {"feed": feed, "badge": badge, "metrics": metrics}
    chosen = [name for name, given in purposes.items() if given] or ["jwt"]
    if len(chosen) > 1:
        flags = " and ".join(f"--{name}" for name in chosen)
        raise click.UsageError(f"{flags}: a token has one purpose; choose one.")
    token = client.tokens.create(
        type=chosen[0],
        sub=sub,
        access=access,
        scope=tags,
        expires_at=expiry(expires, datetime.now(UTC)),
    )
    output.as_json(token.raw) if as_json else output.say(token.token)


@tokens.command("list")
@click.option("--sub", help="Only those of this holder.")
@limit_option
@json_option
@with_client
def list_(client: Client, sub: str | None, limit: int, as_json: bool) -> None:
    """List who holds which token; never the tokens themselves."""
    columns: output.Columns = {
        "JTI": lambda one: one.jti,
        "SUB": lambda one: one.sub,
        "ACCESS": lambda one: one.access,
        "TAGS": lambda one: one.scope,
        "LAST USED": lambda one: one.last_used_at,
        "EXPIRES": lambda one: one.expires_at,
    }
    output.show(as_json, columns, islice(client.tokens.list(sub=sub), limit))


@tokens.command()
@click.argument("jti", required=False)
@click.option("--sub", help="All tokens of this holder instead.")
@yes_option
@with_client
def revoke(client: Client, jti: str | None, sub: str | None, yes: bool) -> None:
    """Revoke the token JTI, or all of a holder, at once and everywhere."""
    if jti is not None and sub is None:
        confirm(f"Revoke the token {output.plain(jti)}?", yes)
        client.tokens.revoke(jti)
        output.say(f"The token {output.plain(jti)} is revoked.")
    elif jti is None and sub is not None:
        confirm(f"Revoke all tokens of {output.plain(sub)}?", yes)
        client.tokens.revoke_all(sub)
        output.say(f"All tokens of {output.plain(sub)} are revoked.")
    else:
        raise click.UsageError("Say which: JTI, or --sub for all tokens of a holder.")
