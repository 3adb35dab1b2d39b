"""When the entries of files occur, by recurring-ical-events: run by a Python that has it.

It reads names of files from its input, a line each, and writes for each of them a line of JSON: the
first times of each UID in UTC, or what it raised. It imports nothing of ours.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

FIRST = datetime(1970, 1, 2, tzinfo=UTC)
LAST = datetime(2100, 1, 1, tzinfo=UTC)
MOST = 12


def main() -> None:
    """Answer each line of the input."""
    for line in sys.stdin:
        try:
            answer = dict(_times(line.rstrip("\n")))
        except Exception as error:  # noqa: BLE001 - what it raises is an answer, too
            answer = {"": repr(error)[:200]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _times(path: str) -> Iterator[tuple[str, list[str] | str]]:
    import icalendar  # noqa: PLC0415 - only here: the names of our own are read without them
    import recurring_ical_events  # noqa: PLC0415

    with open(path, "rb") as file:  # noqa: PTH123
        calendars = icalendar.Calendar.from_ical(file.read(), multiple=True)
    number = 0
    for calendar in calendars:
        zone = _zone(calendar.pop("X-WR-TIMEZONE", None))
        groups: dict[str, list[Any]] = {}
        for event in calendar.walk("VEVENT"):
            number += 1
            uid = str(event.get("UID", f"#{number}"))
            groups.setdefault(uid, []).append(event)
        for uid, events in groups.items():
            one = icalendar.Calendar()
            for part in (*calendar.walk("VTIMEZONE"), *events):
                one.add_component(part)
            try:
                first = min(_utc(event["DTSTART"].dt, zone) for event in events)
                found = recurring_ical_events.of(one).after(max(first - timedelta(1), FIRST))
                times = (
                    _utc(at["DTSTART"].dt, zone)
                    for at in islice(found, MOST * 3)
                    if str(at.get("STATUS", "")).upper() != "CANCELLED"
                )
                yield uid, [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in sorted(set(times))[:MOST]]
            except Exception as error:  # noqa: BLE001
                yield uid, repr(error)[:200]


def _zone(name: Any) -> tzinfo:
    try:
        return UTC if name is None else ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        return UTC


def _utc(at: date, zone: tzinfo) -> datetime:
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day)  # noqa: DTZ001
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


if __name__ == "__main__":
    main()
