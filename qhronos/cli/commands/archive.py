"""``qhronos archive``: what retention has deleted, read where the server is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import click

from qhronos.cli.server import become
from qhronos.cli.session import json_option, tag_option


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--to", help="Scheduled at this time or earlier."),
        click.option("--from", "from_", help="Scheduled at this time or later."),
        click.option("--status", help="As in failed; several between commas."),
        tag_option,
        click.option("--event", help="The id of an event."),
        click.option("--id", "ids", multiple=True, help="An id; may be repeated."),
    ):
        command = option(command)
    return command


@click.group()
def archive() -> None:
    """See and bring back what retention has deleted.

    These commands read the archive itself, that of "qhronos up" in this directory or the one that
    QHRONOS_ARCHIVE_URL names. So they run where the server does.
    """


@archive.command()
@_filters
@click.option("--events", is_flag=True, help="Events, not occurrences.")
@click.option("--limit", type=click.IntRange(min=1), help="Print at most so many.")
@json_option
def query(events: bool, limit: int | None, as_json: bool, **filters: Any) -> None:
    """Print records, those that ended in the oldest hour first."""
    flags = [name for name, is_on in (("--events", events), ("--json", as_json)) if is_on]
    _become("query", filters, limit, flags)


@archive.command()
@_filters
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    help="At most so many",
)
@click.option("--all", "every", is_flag=True, help="Without a filter.")
def restore(limit: int, every: bool, **filters: Any) -> None:
    """Bring occurrences back into the store, as they ended. Those that are there stay so."""
    _become("restore", filters, limit, ["--all"] if every else [])


@archive.command()
def verify() -> None:
    """Read every file, and say which are damaged."""
    become("app.runtime", ["archive", "verify"])


def _become(command: str, filters: dict[str, Any], limit: int | None, flags: list[str]) -> NoReturn:
    words = ["archive", command]
    for name, option in (("event", "--event"), ("status", "--status"), ("to", "--to")):
        words += [f"{option}={filters[name]}"] if filters[name] else []
    words += [f"--from={filters['from_']}"] if filters["from_"] else []
    words += [f"--tag={one}" for one in filters["tags"]]
    words += [f"--id={one}" for one in filters["ids"]]
    words += [f"--limit={limit}"] if limit else []
    become("app.runtime", [*words, *flags])
