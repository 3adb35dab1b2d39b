"""The calendar feed: the past and future occurrences that a token may see."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from app import __version__
from app.clock import Clock
from app.domain.access import Access
from app.domain.event import Event, EventStatus
from app.domain.ical.writing import Happening, Remark, write_feed
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.planning.timetables import Timetables
from app.services.feed_entries import called_then, recorded, scheduled
from app.services.feed_series import Ongoing, shared_out
from app.services.occurrences import OccurrenceService
from app.services.queries import OccurrenceQuery, TagFilter
from app.store.calendars import CalendarStore
from app.store.events import EventStore
from app.store.former_names import FormerName, FormerNames
from app.store.indexes import CHUNK, IndexReader
from app.store.occurrences import OccurrenceStore
from app.store.selections import Entry
from app.store.shards import if_there

DAY_MS = 86_400_000
AHEAD_DAYS = 60
BACK_DAYS = 7
MAX_EVENTS = 500
"""Those whose next occurrence is nearest."""

MAX_IN_ALL = 2_000
MAX_RECORDED = 1_000
"""At most so many past occurrences are shown, the newest, so that there is room for future ones."""

_ABOUT = f"Occurrences of the last {BACK_DAYS} and the next {AHEAD_DAYS} days."
_FEWER = "Subscribe to fewer events with ?tags= in the address."

CLAIMED_AHEAD_MS = 1_000
"""What is due so soon may have been claimed already, so it is looked for in every status."""

MAX_LOOKS = 10
"""How many chunks of an index are looked at for either: the rest counts as left out."""


@dataclass(frozen=True, slots=True)
class FeedDays:
    """Which moments a feed shows, ms UTC: whole days, so that it changes by itself once a day."""

    since_ms: int
    until_ms: int

    @classmethod
    def at(cls, now_ms: int) -> FeedDays:
        """The last 7 and the next 60 days; ``until_ms`` does not belong to it."""
        today = now_ms // DAY_MS * DAY_MS
        return cls(today - BACK_DAYS * DAY_MS, today + (AHEAD_DAYS + 1) * DAY_MS)


@dataclass(frozen=True, slots=True)
class Found:
    """What was read for a feed; what is shown depends on nothing else.

    ``records`` are in order of time. ``whole_since_ms`` and ``whole_until_ms`` say within which
    moments none of them is missing, ``None``: in the whole window.
    """

    tags: TagFilter
    window: FeedDays
    records: Sequence[Occurrence]
    events: dict[bytes, Event]
    called: dict[bytes, FormerName | None]
    calendars_version: int
    whole_since_ms: int | None
    whole_until_ms: int | None

    @property
    def stamp(self) -> str:
        """Another one whenever something that is shown is another, without computing what is."""
        digest = hashlib.blake2b(digest_size=12, person=b"feed")
        digest.update(repr((__version__, self.tags, self.window)).encode())
        digest.update(repr((self.whole_since_ms, self.whole_until_ms)).encode())
        digest.update(repr(self.calendars_version).encode())
        for one in self.records:
            digest.update(repr((one.id, one.status, one.changed_ms, one.attempt_count)).encode())
            digest.update(repr((one.status_code, one.error_message, one.tags)).encode())
            digest.update(repr(self.called.get(one.id)).encode())
        for event_id, event in self.events.items():
            state = (event.version, event.status, event.updated_ms, event.next_ms, event.tags)
            digest.update(repr((event_id, state)).encode())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Contents:
    """The entries of a feed, and what it says of those that it leaves out."""

    happenings: Sequence[Happening]
    remarks: Sequence[Remark]


@dataclass(frozen=True, slots=True)
class FeedService:
    """Reads what a feed shows, and writes it, both bounded: programs ask again and again.

    The cost does not grow with how many events or occurrences there are.
    """

    occurrences: OccurrenceService
    occurrence_store: OccurrenceStore
    event_store: EventStore
    former_names: FormerNames
    lists: IndexReader
    calendars: CalendarStore
    timetables: Timetables
    clock: Clock

    def read(self, tags: TagFilter, access: Access, window: FeedDays | None = None) -> Found:
        """Find the occurrences in scope, by the tags that each is recorded with.

        ``window`` says of which days, ``FeedDays.at`` by itself. Of those to come before it only
        what series are now at is found.
        """
        now_ms = self.clock.now_ms()
        window = window or FeedDays.at(now_ms)
        behind = OccurrenceQuery(
            tags,
            from_ms=window.since_ms,
            to_ms=min(now_ms + CLAIMED_AHEAD_MS, window.until_ms - 1),
        )
        past, since_ms = self._walk(behind, access, MAX_RECORDED, oldest_first=False)
        to_come = OccurrenceQuery(
            tags,
            status=OccurrenceStatus.SCHEDULED.value,
            from_ms=now_ms + CLAIMED_AHEAD_MS + 1,
            to_ms=window.until_ms - 1,
        )
        ahead, until_ms = self._walk(to_come, access, MAX_EVENTS, oldest_first=True)
        # Read before what depends on them: what changes meanwhile has another stamp next time.
        # (While it can't be read, what it changes can't be either.)
        calendars_version = if_there(self.calendars.version) or 0
        loaded = self.occurrence_store.get_many([one for _, one in past[::-1] + ahead])
        records = [
            one
            for one in loaded
            if one is not None
            and one.callback_of is None
            and access.sees(one.tags)
            and tags.takes(one.tags)
        ]
        event_ids = list(dict.fromkeys(one.event_id for one in records))
        events = {one.id: one for one in self.event_store.get_many(event_ids) if one is not None}
        former = dict(zip(event_ids, self.former_names.of_many(event_ids), strict=True))
        return Found(
            tags=tags,
            window=window,
            records=records,
            # What an event says now is not for those who may see its past alone.
            events={key: one for key, one in events.items() if access.sees(one.tags)},
            called={
                one.id: called_then(one, former[one.event_id], events.get(one.event_id), access)
                for one in records
                if one.status is not OccurrenceStatus.SCHEDULED
            },
            calendars_version=calendars_version,
            whole_since_ms=since_ms,
            whole_until_ms=until_ms,
        )

    def contents(self, found: Found) -> Contents:
        """What is recorded, and what series go on to, the nearest of each; all in order of time."""
        shown = []
        for one in found.records:
            event = found.events.get(one.event_id)
            if one.status is not OccurrenceStatus.SCHEDULED:
                shown.append(recorded(one, found.called[one.id]))
            elif event is not None:
                shown.append(scheduled(event, one.scheduled_ms))
        shared = shared_out(
            self.timetables, _series(found), found.window.until_ms, MAX_IN_ALL - len(shown)
        )
        shown += [scheduled(event, at_ms) for event, at_ms in shared.planned]
        shown.sort(key=lambda one: (one.scheduled_ms, one.uid))
        cut = [one for one in (found.whole_until_ms, shared.missing_ms) if one is not None]
        return Contents(shown, _remarks(found, min(cut, default=None)))

    def write(self, found: Found) -> bytes:
        """Write the file."""
        contents = self.contents(found)
        return write_feed(
            contents.happenings,
            name=", ".join(["Qhronos", *found.tags.tags]),
            about=" ".join([_ABOUT, *(f"{one.text}. {one.explained}" for one in contents.remarks)]),
            remarks=contents.remarks,
        )

    def _walk(
        self, query: OccurrenceQuery, access: Access, most: int, *, oldest_first: bool
    ) -> tuple[list[Entry], int | None]:
        """The first occurrences of a list, and the moment from which on some are left out.

        ``None``: none is.
        """
        selection = self.occurrences.selection(query, access)
        found: list[Entry] = []
        position: Entry | None = None
        if selection is None:
            return found, None
        for _ in range(MAX_LOOKS):
            some, position = self.lists.stretch(
                selection, position, CHUNK, oldest_first=oldest_first
            )
            found += some
            if len(found) > most:
                return found[:most], found[most][0]
            if position is None:
                break
        return found, position[0] if position else None


def _series(found: Found) -> list[Ongoing]:
    """What goes on after the window's records: after the scheduled one, the rest is computed.

    For a moment after a claim an event has no scheduled one; then its last one counts.
    """
    last: dict[bytes, int] = {}
    for one in found.records:
        event = found.events.get(one.event_id)
        if event is None or event.schedule is None or event.status is not EventStatus.ACTIVE:
            continue
        if one.status is OccurrenceStatus.SCHEDULED or (
            event.next_ms is None and found.tags.takes(event.tags)
        ):
            last[one.event_id] = one.scheduled_ms
    return [Ongoing(found.events[event_id], at_ms) for event_id, at_ms in last.items()]


def _remarks(found: Found, missing_ms: int | None) -> list[Remark]:
    """Entries at the moments at which the file ceases to be complete."""
    name = hashlib.blake2b(repr(found.tags).encode(), digest_size=8).hexdigest()
    remarks = []
    if found.whole_since_ms is not None:
        remarks.append(
            Remark(
                uid=f"earlier-{name}",
                text="Qhronos: earlier occurrences are not shown",
                explained=f"A feed shows at most {MAX_RECORDED} past occurrences. {_FEWER}",
                at_ms=found.whole_since_ms,
            )
        )
    if missing_ms is not None:
        remarks.append(
            Remark(
                uid=f"later-{name}",
                text="Qhronos: from here on some occurrences are not shown",
                explained=f"A feed shows at most {MAX_IN_ALL} occurrences of at most {MAX_EVENTS} "
                f"events, the nearest of each. {_FEWER}",
                at_ms=missing_ms,
            )
        )
    return remarks
