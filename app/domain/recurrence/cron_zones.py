"""The time zone that cron expressions name themselves, ``CRON_TZ=Europe/Berlin 0 9 * * *``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.recurrence.cron_dialects import split_zone
from app.domain.recurrence.rrule_text import MAX_TEXT
from app.domain.recurrence.zones import Zone, get_zone
from app.errors import InvalidInput


def named_zone(schedule: Any) -> str | None:
    """Return the zone that a schedule's cron expressions name, ``None`` if they name none.

    The schedule is not checked yet. Raises ``InvalidInput`` if the zone is none, or if there are
    two.
    """
    found: str | None = None
    for path, text in _expressions(schedule):
        zone = split_zone(text.strip())[0]
        if zone is None:
            continue
        _check_name(zone, path)
        if found is not None and zone != found:
            raise InvalidInput.field(
                path,
                f"names the zone {zone}, and another one {found}; make an event of each",
            )
        found = zone
    return found


def check_zone(name: str | None, zone: Zone, path: str) -> None:
    """Refuse a zone named by a cron expression that is not the event's."""
    if name is None or (name == zone.name and not zone.assumed):
        return
    _check_name(name, path)
    if zone.assumed:
        raise InvalidInput.field(path, f"names the zone {name}; give it as timezone")
    raise InvalidInput.field(
        path, f"names the zone {name}, but timezone is {zone.name}; leave one of them out"
    )


def _check_name(name: str, path: str) -> None:
    try:
        get_zone(name)
    except InvalidInput as error:
        raise InvalidInput.field(path, f"CRON_TZ {error.fields['timezone'][0]}") from None


def _expressions(schedule: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(schedule, Mapping):
        return
    if isinstance(schedule.get("cron"), str) and len(schedule["cron"]) <= MAX_TEXT:
        yield "schedule.cron", schedule["cron"]
    for name in ("rules", "include", "exclude"):
        entries = schedule.get(name)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            text = entry.get("cron") if isinstance(entry, Mapping) else None
            if isinstance(text, str) and len(text) <= MAX_TEXT:
                yield f"schedule.{name}.{index}.cron", text
