"""``qhronos bulk``: one action on many events, in the background."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from qhronos.cli import jobs, output
from qhronos.cli.event_filters import event_filters, filters_of
from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.long_work import if_stopped
from qhronos.cli.session import confirm, json_option, with_client, yes_option
from qhronos.cli.waiting import timeout_option

if TYPE_CHECKING:
    from qhronos import Client
    from qhronos.bulk_models import BulkCount

NAMED = 3
"""Events that are named in the question."""


@click.group()
def bulk() -> None:
    """Delete, pause, resume or retag all events that filters mean.

    It says how many they are, and asks. The service does it in the background, and each event is
    looked at again when its turn comes.
    """


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what all actions take."""
    for option in (
        with_client,
        json_option,
        yes_option,
        timeout_option,
        click.option("--wait", is_flag=True,
                     help="Wait for the end; exit code 1 if some were refused."),
        click.option("--dry-run", is_flag=True, help="Only say how many events it would be about."),
        click.option("--all", "every", is_flag=True, help="Every event; no filter beside it."),
        event_filters,
    ):  # fmt: skip
        command = option(command)
    return command


@bulk.command()
@_options
def delete(client: Client, **options: Any) -> int:
    """Delete events. Their records stay readable."""
    return _run(client, "delete", options)


@bulk.command()
@click.option("--until", help="Resume by themselves at this time.")
@click.option("--note", help="Why.")
@_options
def pause(client: Client, until: str | None, note: str | None, **options: Any) -> int:
    """Schedule nothing more of events that are active."""
    return _run(client, "pause", options, until=until, note=note)


@bulk.command()
@_options
def resume(client: Client, **options: Any) -> int:
    """Go on with the next future occurrence of events that are paused."""
    return _run(client, "resume", options)


@bulk.command()
@click.option("--add", "add_tags", multiple=True, help="A tag to give; may be repeated.")
@click.option("--remove", "remove_tags", multiple=True, help="A tag to take; may be repeated.")
@_options
def retag(
    client: Client, add_tags: tuple[str, ...], remove_tags: tuple[str, ...], **options: Any
) -> int:
    """Give tags to events, and take tags from them."""
    if not (add_tags or remove_tags):
        raise click.UsageError("Say which tags: --add or --remove.")
    return _run(client, "retag", options, add_tags=add_tags, remove_tags=remove_tags)


def _run(client: Client, action: str, options: dict[str, Any], **more: Any) -> int:
    every, dry_run, wait = (options.pop(name) for name in ("every", "dry_run", "wait"))
    timeout_s, yes, as_json = (options.pop(name) for name in ("timeout_s", "yes", "as_json"))
    filters = filters_of(options)
    if every and filters:
        raise click.UsageError("--all means every event: leave it out, or the filters.")
    if not every and not filters:
        raise click.UsageError("Say which: --tag, another filter (see --help), or --all.")
    asked = {"all": True} if every else filters
    given = {name: one for name, one in more.items() if one}
    count = client.bulk_jobs.count(action, asked, **given)
    if dry_run or not count.count:
        _say(count, action, as_json)
        return ExitCode.DONE
    confirm(f"{action.capitalize()} {_many(count)}?", yes)
    with if_stopped(lambda: "It may have begun: see 'qhronos jobs list'."):
        job = jobs.Job("bulk", client.bulk_jobs.start(action, asked, **given).raw)
    return jobs.end(client, job, wait, timeout_s, as_json)


def _say(count: BulkCount, action: str, as_json: bool) -> None:
    if as_json:
        output.as_json(count.raw)
    elif count.count:
        output.say(f"It would {action} {_many(count)}.")
    else:
        output.say(f"There is nothing to {action}.")


def _many(count: BulkCount) -> str:
    """How many events, and the names of the newest."""
    names = ", ".join(output.plain(one["name"]) for one in count.sample[:NAMED])
    few = count.count_is_exact and count.count <= NAMED
    number = f"{'' if count.count_is_exact else 'at least '}{count.count:,}"
    return f"{number} event{'' if count.count == 1 else 's'}{':' if few else ', as'} {names}"
