"""The options that say which events, for those who list events and change many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from qhronos.cli.session import tag_option

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    tag_option,
    click.option("--all-tags", is_flag=True, help="All of these tags; else any is enough."),
    click.option("--expression", help='Tags, as in "billing AND NOT test".'),
    click.option("--status", type=click.Choice(["active", "paused", "inactive"])),
    click.option("--name", help="The whole name."),
    click.option("--name-prefix", help="What the name begins with."),
    click.option("--host", help="The host of the webhook, as in example.com."),
    click.option("--metadata", multiple=True, metavar="NAME:VALUE", help="May be repeated."),
    click.option("--created-from", help="Created at this time or later."),
    click.option("--created-to", help="Created at this time or earlier."),
)


def event_filters(command: F) -> F:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def filters_of(options: dict[str, Any]) -> dict[str, Any]:
    """Take the filters of the API out of the options that were given."""
    tags, all_tags = options.pop("tags"), options.pop("all_tags")
    if all_tags and not tags:
        raise click.UsageError("--all-tags goes with --tag: say which.")
    found: dict[str, Any] = {"tags": list(tags)} if tags else {}
    if all_tags:
        found["match"] = "all"
    if metadata := options.pop("metadata"):
        found["metadata"] = ",".join(metadata)
    names = {"host": "target_host"} | {
        name: name for name in ("expression", "status", "name", "name_prefix", "created_from")
    }
    for name, field in {**names, "created_to": "created_to"}.items():
        given = options.pop(name)
        if given is not None:
            found[field] = given
    return found
