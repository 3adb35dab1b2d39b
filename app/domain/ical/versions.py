"""Of several versions of one entry the newest counts (RFC 5546 2.1.4)."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.ical.components import VEvent


def newest(events: Sequence[VEvent]) -> list[list[VEvent]]:
    """The newest version of each UID and RECURRENCE-ID, in the order of the file.

    Those of one UID are together, the series first.
    """
    groups: dict[str, dict[str, VEvent]] = {}
    for event in events:
        group = groups.setdefault(event.uid, {})
        other = group.get(event.recurrence)
        if other is None or other.version < event.version:
            group[event.recurrence] = event
    return [sorted(group.values(), key=_order) for group in groups.values()]


def _order(event: VEvent) -> tuple[bool, int]:
    return bool(event.recurrence), event.number
