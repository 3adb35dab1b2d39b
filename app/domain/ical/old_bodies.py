"""VEVENTs as bodies of events, as ``POST /events`` takes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.ical.reading import Document, OldEntry, OldTimed, trouble

MAX_EVENTS = 100
_ONLY_THE_START = "FREQ=DAILY;COUNT=1"


def read_bodies(
    document: Document,
    *,
    webhook: str | None = None,
    tags: Sequence[str] = (),
    timezone: str | None = None,
) -> list[tuple[int, dict[str, Any]]]:
    """Return the number of each VEVENT and its body, in order; cancelled ones are left out.

    ``webhook`` is for those that have no ``X-QHRONOS-WEBHOOK``, ``tags`` are added to theirs, and
    ``timezone`` is for times without one. One that replaces a single time of a series becomes an
    event of its own, and that time is taken out of the series. Raises ``InvalidInput``.
    """
    replaced: dict[str, list[OldTimed]] = {}
    for entry in document.entries:
        if entry.replaces is not None:
            replaced.setdefault(entry.uid, []).append(entry.replaces)
    fallback = timezone or document.zone
    return [
        (entry.number, _body(entry, replaced.get(entry.uid, ()), webhook, tags, fallback))
        for entry in document.entries
        if not entry.is_cancelled
    ]


def _body(
    entry: OldEntry,
    replaced: Sequence[OldTimed],
    webhook: str | None,
    tags: Sequence[str],
    fallback: str | None,
) -> dict[str, Any]:
    zone = entry.start.zone or fallback
    body: dict[str, Any] = {
        "name": entry.summary.strip() or entry.uid,
        "start_time": _start(entry.start.value),
        "tags": [*tags, *(entry.categories if entry.tags is None else entry.tags)],
    }
    if entry.description:
        body["description"] = entry.description
    if zone is not None:
        body["timezone"] = zone
    target = entry.webhook or webhook
    if target is None:
        raise trouble(entry.number, "X-QHRONOS-WEBHOOK", "is required, or webhook in the query")
    body["webhook"] = target
    schedule = _schedule(entry, () if entry.replaces else replaced, zone)
    if schedule is not None:
        body["schedule"] = schedule
    return body


def _schedule(
    entry: OldEntry, replaced: Sequence[OldTimed], zone: str | None
) -> dict[str, Any] | None:
    if not entry.rules and not entry.included:
        return None
    rules = [{"rrule": one} for one in entry.rules or (_ONLY_THE_START,)]
    schedule: dict[str, Any] = dict(rules[0]) if len(rules) == 1 else {"rules": rules}
    if entry.included:
        schedule["include"] = [_moment(one, zone) for one in entry.included]
    excluded: list[Any] = [_moment(one, zone) for one in (*entry.excluded, *replaced)]
    excluded += [{"rrule": one} for one in entry.excluding_rules]
    if excluded:
        schedule["exclude"] = excluded
    return schedule


def _start(value: date | datetime) -> str:
    """A day begins at midnight in its zone."""
    if isinstance(value, datetime):
        return _text(value)
    return f"{value.isoformat()}T00:00:00"


def _moment(timed: OldTimed, zone: str | None) -> str:
    value = timed.value
    if not isinstance(value, datetime):
        return value.isoformat()
    if timed.zone is not None and timed.zone != zone:
        value = value.replace(tzinfo=ZoneInfo(timed.zone)).astimezone(UTC)
    return _text(value)


def _text(value: datetime) -> str:
    text = value.replace(tzinfo=None).isoformat(timespec="seconds")
    return text if value.tzinfo is None else f"{text}Z"
