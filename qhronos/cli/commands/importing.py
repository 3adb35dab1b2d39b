"""``qhronos import``: what other schedulers have, and what ``qhronos export`` wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from qhronos.cli import crontab as crontabs
from qhronos.cli import jobs, output, restoring
from qhronos.cli.event_restoring import Restored
from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.long_work import Bar, counted, if_stopped
from qhronos.cli.naming import as_typed, reasons
from qhronos.cli.output import tell
from qhronos.cli.session import json_option, tag_option, with_client
from qhronos.cli.waiting import Patience
from qhronos.errors import Conflict, Invalid, NotFound, QhronosError

if TYPE_CHECKING:
    from qhronos import Client

AGAIN = "To go on: the same command again. What is done already is not done twice."

dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would become of it.")


@click.group("import")
def importing() -> None:
    """Make events of a crontab, a calendar file or an export."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a line of a crontab."""

    line: int
    key: str
    outcome: str
    command: str = ""
    next: tuple[datetime, ...] = ()
    reason: str | None = None

    @property
    def raw(self) -> dict[str, Any]:
        """As JSON."""
        at = [one.isoformat() for one in self.next]
        names = ("line", "key", "outcome", "command", "reason")
        return {name: getattr(self, name) for name in names} | {"next": at}


@importing.command("crontab")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--webhook",
    required=True,
    help="The address that runs the commands; {name}, {user} and {line} in it are those of a line.",
)
@click.option("--system", is_flag=True, help="The lines have a user, as those of /etc/crontab.")
@click.option("--timezone", help="The zone of its times; by default that of this machine.")
@click.option("--key-prefix", default="crontab-", show_default=True, help="Of the events' keys.")
@tag_option
@dry_run_option
@json_option
@with_client
def crontab(
    client: Client,
    file: str,
    webhook: str,
    system: bool,
    timezone: str | None,
    key_prefix: str,
    tags: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> int:
    r"""Make an event of each line of a crontab.

    '-' reads standard input. Qhronos runs no commands. It calls the address, and the command is in
    the metadata. Imported again, a line whose schedule is another one changes its event.

    \b
      crontab -l | qhronos import crontab - --webhook https://runner.example.com/{name} --dry-run
    """
    if unknown := crontabs.unknown_slots(webhook):
        raise click.UsageError(f"--webhook knows {{name}}, {{user}}, {{line}}; not {unknown[0]!r}.")
    with click.open_file(file, encoding="utf-8", errors="replace") as lines:
        found = crontabs.read(lines, with_user=system or crontabs.has_user_column(Path(file)))
    zone = timezone or crontabs.zone_of_machine()
    if found.jobs and not all(job.zone for job in found.jobs):
        tell(f"Times are in {zone or 'UTC'}; --timezone changes that.")
    if not system and any(job.command.startswith("root ") for job in found.jobs):
        tell("A command begins with 'root': if the lines have a user, say --system.")
    for line, note in found.notes.items():
        tell(f"Line {line}: {note}")
    moved = [Moved(line, "", "refused", reason=why) for line, why in found.refused.items()]
    with Bar("lines", len(found.jobs)) as bar, if_stopped(lambda: AGAIN):
        for job in counted(found.jobs, bar):
            fields = job.event(webhook, zone) | ({"tags": list(tags)} if tags else {})
            moved.append(_move(client, job, f"{key_prefix}{job.key}", fields, dry_run))
    moved.sort(key=lambda one: one.line)
    if as_json:
        output.as_json([one.raw for one in moved])
    else:
        columns: output.Columns = {
            "LINE": lambda one: one.line,
            "OUTCOME": lambda one: one.outcome,
            "KEY": lambda one: one.key,
            "COMMAND": lambda one: one.command,
            "NEXT": lambda one: [output.plain(at) for at in one.next] or None,
        }
        output.table(columns, moved)
    refused = [one for one in moved if one.outcome == "refused"]
    for one in refused:
        tell(f"Line {one.line} is not moved: {one.reason}")
    return ExitCode.REFUSED if refused else ExitCode.DONE


def _move(
    client: Client, job: crontabs.Job, key: str, fields: dict[str, Any], dry_run: bool
) -> Moved:
    try:
        before = client.events.get_by_key(key)
    except NotFound:
        before = None
    try:
        if dry_run:
            asked = {name: fields[name] for name in ("schedule", "timezone")}
            outlook = client.explain(count=3, start_time=datetime.now(UTC), **asked)
            times = tuple(one.scheduled_at for one in outlook.occurrences)
            return Moved(job.line, key, "would change" if before else "would make",
                         job.command, times)  # fmt: skip
        event = client.events.put(key, **fields)
    except (Invalid, Conflict) as error:
        typed = as_typed(error, click.get_current_context())
        return Moved(job.line, key, "refused", job.command, reason=reasons(typed))
    unchanged = before is not None and before.etag == event.etag
    outcome = "unchanged" if unchanged else "updated" if before else "made"
    times = (event.next_occurrence_at,) if event.next_occurrence_at else ()
    return Moved(job.line, key, outcome, job.command, times)


@importing.command()
@click.argument("file", type=click.File("rb"))
@click.option("--webhook", help="For entries that have none of their own.")
@click.option("--timezone", help="Of times that name none.")
@click.option("--source", help="The feed that the file is the whole of: what has left it, ends.")
@click.option("--atomic", is_flag=True, help="All entries or none.")
@tag_option
@dry_run_option
@json_option
@with_client
def ics(client: Client, file: IO[bytes], as_json: bool, **asked: Any) -> int:
    """Make an event of each entry of a calendar file.

    The file is in iCalendar form; '-' reads standard input. Imported again, an entry that has
    changed changes its event.
    """
    given = {name: one for name, one in asked.items() if one}
    with Bar("import"), if_stopped(lambda: AGAIN):
        answer = client.events.import_calendar(file.read(), **given)
    reason = None
    if isinstance(answer, tuple):
        entries = answer
    else:
        job = jobs.follow(client, jobs.Job("import", answer.raw), Patience(None))
        reason = job.answer.get("reason")
        entries = tuple(client.events.import_lines(job.id))
    if as_json:
        output.as_json([one.raw for one in entries])
    else:
        columns: output.Columns = {
            "LINE": lambda one: one.line,
            "OUTCOME": lambda one: one.outcome,
            "NAME": lambda one: one.name,
            "ID": lambda one: one.id,
        }
        output.table(columns, entries)
    for one in entries:
        for text in filter(None, (one.reason, *one.remarks)):
            tell(f"Line {one.line}: {output.plain(text)}")
    if reason:
        raise QhronosError(reason)
    return ExitCode.REFUSED if any(one.outcome == "refused" for one in entries) else ExitCode.DONE


@importing.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--from-line", type=click.IntRange(1), default=1, help="Go on from this line.")
@click.option("--update", is_flag=True, help="Change what is there already to what the file says.")
@click.option("--partial", is_flag=True, help="Also if the file was not written to its end.")
@json_option
@with_client
def jsonl(
    client: Client, file: str, from_line: int, update: bool, partial: bool, as_json: bool
) -> int:
    """Make what 'qhronos export' has written; '-' reads standard input.

    What is there already stays as it is, so that the same file can be imported again.
    """
    if file != "-" and not partial:
        restoring.check_whole(Path(file))
    state = Restored()
    size = None if file == "-" else Path(file).stat().st_size
    try:
        with click.open_file(file, "rb") as lines, Bar("lines", size, percent=True) as bar:
            restoring.restore(
                client, lines, state, from_line=from_line, update=update,
                seen=lambda now: bar.show(now.bytes, label=f"line {now.line:,}"),
            )  # fmt: skip
    except (KeyboardInterrupt, QhronosError):
        if state.line:
            tell(
                f"Up to line {state.line} all is done. To go on: "
                f"qhronos import jsonl {file} --from-line {state.line + 1}"
            )
        raise
    if as_json:
        refused = [{"line": one.line, "reason": one.reason} for one in state.refused]
        output.as_json({"outcomes": dict(state.outcomes), "refused": refused})
    else:
        output.details(dict(sorted(state.outcomes.items())))
    for one in state.refused:
        tell(f"Line {one.line}: {one.reason}")
    if tokens := state.outcomes["token left out"]:
        number = "1 token is" if tokens == 1 else f"{tokens:,} tokens are"
        tell(f"{number} not made: tokens are secrets. See 'qhronos tokens create'.")
    for tag in state.unsigned:
        tell(
            f"The tag {tag} has a signing secret there and none here: 'qhronos secrets set {tag}', "
            "then resume its events."
        )
    for name in state.silent:
        tell(f"The alert {name} is not made: its address is a secret. See 'qhronos alerts create'.")
    if not state.is_whole:
        tell("The file was not written to its end: something is missing.")
    is_done = not state.refused and (state.is_whole or partial)
    return ExitCode.DONE if is_done else ExitCode.REFUSED
