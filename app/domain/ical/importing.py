"""From the bytes of a file to its entries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from app.domain.ical.bodies import Defaults
from app.domain.ical.components import VCalendar, find_components
from app.domain.ical.groups import read_group
from app.domain.ical.imported import ImportedEntry, ReadCalendar
from app.domain.ical.versions import newest
from app.domain.ical.zones import Zones


def read_entries(
    data: bytes,
    default_zone: str | None,
    *,
    now_ms: int,
    webhook: str | None = None,
    tags: Sequence[str] = (),
    most: int = 100,
) -> ReadCalendar:
    """Cut a file into its entries, of at most ``most`` VEVENTs.

    ``default_zone`` is for times without a zone: an IANA name, else the calendar's own
    ``X-WR-TIMEZONE`` counts, else UTC. ``webhook`` is for entries that have no
    ``X-QHRONOS-WEBHOOK``; ``tags`` are added to their own. ``now_ms`` (UTC) says which years
    matter where the file defines a zone. Raises ``InvalidInput`` if the file as a whole is no
    calendar; what is wrong with one entry is the entry's refusal.

    Beside the file itself it keeps a note of each VEVENT: where it is, and which version of what.
    """
    found = find_components(data, most)
    groups = newest(found)
    defaults = Defaults(webhook, tuple(tags))
    known: dict[int, Zones] = {}

    def zones_of(calendar: VCalendar) -> Zones:
        zones = known.get(id(calendar))
        if zones is None:
            zones = known[id(calendar)] = Zones(data, calendar, default_zone, now_ms)
        return zones

    def read(skipped: int) -> Iterator[ImportedEntry]:
        for events in groups:
            if skipped >= len(events):
                skipped -= len(events)
                continue
            yield from islice(read_group(data, events, zones_of, defaults), skipped, None)
            skipped = 0

    return ReadCalendar(sum(map(len, groups)), len(found), read)
