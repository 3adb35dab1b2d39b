"""From the bytes of a file to its entries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from app.domain.ical.bodies import read_bodies
from app.domain.ical.imported import ImportedEntry, ReadCalendar
from app.domain.ical.reading import read_document


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
    """
    del now_ms
    document = read_document(data, most)
    bodies = read_bodies(document, webhook=webhook, tags=tags, timezone=default_zone)

    def read(skipped: int) -> Iterator[ImportedEntry]:
        for number, body in islice(bodies, skipped, None):
            entry = document.entries[number - 1]
            yield ImportedEntry(entry.uid, "", 1, number, body["name"], body)

    return ReadCalendar(len(bodies), len(document.entries), read)
