"""``qhronos explain``: what a schedule means, in words and as times."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from qhronos.cli import output
from qhronos.cli.session import json_option, with_client

if TYPE_CHECKING:
    from qhronos import Client


def draft(text: str) -> dict[str, Any]:
    """Tell what kind of schedule a text is: RRULE, cron, a duration, else words."""
    stripped = text.strip()
    if re.match(r"(RRULE:)?FREQ=", stripped, re.IGNORECASE):
        return {"schedule": {"rrule": re.sub("(?i)^RRULE:", "", stripped)}}
    if re.fullmatch(r"(\d+(ms|s|m|h|d|w))+", stripped):
        return {"schedule": {"every": stripped}}
    parts = stripped.split()
    first = parts[0] if parts else ""
    if first.startswith(("@", "CRON_TZ=", "TZ=")) or (
        5 <= len(parts) <= 7 and re.fullmatch(r"[\d*/,?\-LW#]+", first)
    ):
        return {"schedule": {"cron": stripped}}
    return {"text": stripped}


@click.command()
@click.argument("schedule")
@click.option("--timezone", help="An IANA name, as in Europe/Berlin; UTC by default.")
@click.option("--start", help="When it begins; now by default.")
@click.option("--count", type=click.IntRange(1, 1000), default=5, show_default=True)
@json_option
@with_client
def explain(
    client: Client,
    schedule: str,
    timezone: str | None,
    start: str | None,
    count: int,
    as_json: bool,
) -> None:
    r"""Say what a schedule means, and when it fires.

    SCHEDULE is in words, or cron, or an RRULE, or an interval such as 90s.

    \b
      qhronos explain "every second friday at 9"
      qhronos explain "*/5 * * * *"
      qhronos explain "FREQ=MONTHLY;BYDAY=-1FR"
    """
    found = draft(schedule)
    if start is not None or "text" not in found:
        found["start_time"] = start or datetime.now(UTC)
    if timezone is not None:
        found["timezone"] = timezone
    outlook = client.explain(count=count, **found)
    if as_json:
        output.as_json(outlook.raw)
        return
    output.say(output.plain(outlook.explained))
    for planned in outlook.occurrences:
        output.say(f"  {output.plain(planned.scheduled_at)}")
    for notice in outlook.notices:
        output.say(f"Note: {output.plain(notice.text)}")
