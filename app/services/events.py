"""Events: create, read, change, delete."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import assert_never

from app.clock import Clock
from app.crypto.header_secrets import HeaderSecrets
from app.crypto.lanes import Lanes
from app.crypto.signing_secrets import SigningSecrets
from app.domain import ids
from app.domain.access import Access
from app.domain.event import Event, EventStatus
from app.domain.once import Once
from app.domain.partition_count import Count
from app.errors import Conflict, Forbidden, InvalidInput
from app.services.event_changes import apply_changes, blank, in_space, meant
from app.services.event_lists import EventLists
from app.services.event_places import in_key_space, partition_for, refuse_made, refuse_taken_key
from app.services.event_planner import EventPlanner
from app.services.event_writes import (
    CHANGING,
    TAKEN,
    WRITE_TRIES,
    Write,
    is_written,
    require_version,
)
from app.services.flows import FlowService
from app.services.queries import EventChanges, EventQuery, Page
from app.services.quotas import EventQuota
from app.services.scoping import visible_event
from app.store.event_plans import Saved
from app.store.events import EventStore
from app.store.figures import Figures

log = logging.getLogger(__name__)

MakeId = Callable[[int, int], bytes]
"""Makes the id of an event from its partition and its lane."""

MAX_NOTE = 500
"""Characters of the reason for which an event is set aside."""


@dataclass(frozen=True, slots=True)
class EventService:
    """The use cases around events, in the name of an ``Access``; all raise ``StoreUnavailable``."""

    events: EventStore
    lists: EventLists
    planner: EventPlanner
    signing: SigningSecrets
    headers: HeaderSecrets
    lanes: Lanes
    quota: EventQuota
    flows: FlowService
    figures: Figures
    clock: Clock
    partitions: Count
    new_ids: ids.EventIds = field(default_factory=ids.EventIds)

    def create(self, changes: EventChanges, access: Access, once: Once | None = None) -> Event:
        """Create an event and schedule it; raises ``InvalidInput``, ``Forbidden`` or ``Conflict``.

        With ``once``, at whose home the caller has looked, raises ``AlreadyMade``.
        """
        draft = self.drafted(changes, access, once)
        now_ms = self.clock.now_ms()  # not before what the draft may begin with
        refuse_made(self.events, draft, once, self.partitions)
        refuse_taken_key(self.events, draft, access)
        draft, timetable = self.planner.checked(draft, now_ms)
        self.quota.take(draft, access)
        self.flows.join(draft)
        for _ in range(WRITE_TRIES):
            saved, event = self.planner.create(draft, timetable, now_ms, once)
            match saved:
                case Saved.DONE:
                    return event
                case Saved.MADE | Saved.STALE if once:  # once more, if the key was forgotten since
                    self.events.refuse_duplicate(ids.partition_of_event(draft.id), once)
                case Saved.KEYED:  # and likewise
                    self.quota.give_back(draft, access)
                    refuse_taken_key(self.events, draft, access)
                    self.quota.take(draft, access)
                case Saved.MADE | Saved.STALE | Saved.GONE | Saved.MOVED | Saved.TAKEN:
                    raise Conflict(TAKEN)
                case _:
                    assert_never(saved)
        raise Conflict(CHANGING)

    def drafted(
        self,
        changes: EventChanges,
        access: Access,
        once: Once | None = None,
        partition: int | None = None,
        make_id: MakeId | None = None,
    ) -> Event:
        """The event that ``create`` would schedule and store; nothing is stored.

        It begins now if nothing says when. ``make_id`` names it, given its partition and its lane.
        """
        now_ms = self.clock.now_ms()
        given = in_key_space(in_space(changes.given, access), access)
        if "delay" not in given:
            given = {"start_time": now_ms, **given}
        partition = partition_for(given, once, self.events, self.partitions, partition)
        lane = self.lanes.of(access.subject)
        event_id = (once and once.event_id) or (make_id or self._new_id)(partition, lane)
        given = self.headers.encrypted(event_id, self.signing.encrypted(event_id, given))
        event = apply_changes(blank(event_id), given, now_ms)
        if not access.may_change(event.tags):
            raise Forbidden("This token may create events only with tags that are in its scope.")
        return event

    def _new_id(self, partition: int, lane: int) -> bytes:
        return self.new_ids.make(self.clock.now_us(), partition, lane)

    def get(self, event_id: str, access: Access) -> Event:
        """Read an event; raises ``NotFound``, also for one out of scope."""
        return visible_event(self.events, event_id, access)

    def list(self, query: EventQuery, access: Access) -> Page[Event]:
        """List those in scope, newest first; raises ``InvalidInput`` for a foreign cursor."""
        return self.lists.page(query, access)

    def update(
        self, event_id: str, changes: EventChanges, access: Access, if_match: int | None
    ) -> Event:
        """Change what was given, keep the rest; a new time or schedule counts at once.

        Raises ``NotFound``, ``Forbidden``, ``StaleVersion``, ``InvalidInput`` or ``Conflict``.
        """

        def write(before: Event) -> tuple[Saved, Event]:
            after = self.changed(before, changes, access)
            if after == before:
                return Saved.DONE, before
            return self.quota.occurrences.write(before, after, access, self.planner.replace)

        return self.rewrite(event_id, access, if_match, write)

    def changed(self, before: Event, changes: EventChanges, access: Access) -> Event:
        """The event as it would be after a change; nothing is stored. Raises ``Forbidden``."""
        given = in_space(meant(changes.given, before), access, before)
        given = self.signing.encrypted(before.id, given, before.hmac_secret)
        given = self.headers.encrypted(before.id, given, before)
        after = apply_changes(before, given, self.clock.now_ms())
        if not access.may_change(after.tags):
            raise Forbidden("This token may give an event only tags that are in its scope.")
        return after

    def delete(self, event_id: str, access: Access, if_match: int | None) -> None:
        """Delete an event, cancel what is open; raises as ``update``, but no ``InvalidInput``."""

        def write(before: Event) -> tuple[Saved, Event]:
            now_ms = self.clock.now_ms()
            came_ms = self.planner.came(before, now_ms)
            saved = self.events.delete(
                before,
                any_version=if_match is None,
                now_ms=now_ms,
                passed_ms=[at for at in came_ms if at != before.next_ms],
            )
            return saved, before

        self.quota.occurrences.forget(self.rewrite(event_id, access, if_match, write))

    def end(self, event_id: str, reason: str, access: Access) -> None:
        """End an event, cancel what is open; raises as ``delete``."""

        def write(before: Event) -> tuple[Saved, Event]:
            if before.status is EventStatus.INACTIVE:
                return Saved.DONE, before
            after = replace(before, status=EventStatus.INACTIVE)
            return self.planner.end(before, after, reason), after

        self.quota.occurrences.forget(self.rewrite(event_id, access, None, write))

    def rotate_secret(
        self,
        event_id: str,
        secret: str,
        until_ms: int,
        access: Access,
        if_match: int | None = None,
    ) -> Event:
        """Give an event a new signing secret; the old one signs beside it until a moment."""

        def write(before: Event) -> tuple[Saved, Event]:
            now_ms = self.clock.now_ms()
            stored = before.hmac_secret
            rotated = self.signing.rotated(before.id, stored, secret, until_ms, now_ms)
            return self.planner.replace(before, replace(before, hmac_secret=rotated))

        return self.rewrite(event_id, access, if_match, write)

    def deactivate(self, event_id: bytes) -> None:
        """End an active event whose receiver answered 410 Gone."""

        def deactivated(before: Event) -> Event | None:
            active = before.status is EventStatus.ACTIVE
            return replace(before, status=EventStatus.INACTIVE) if active else None

        self._maintain(event_id, deactivated, self.planner.end)

    def resume_due(self, event_id: bytes) -> None:
        """Resume an event whose pause has ended, as of the end of the pause.

        A one-time event that has run meanwhile is deactivated; an event that can't be scheduled any
        more is set aside.
        """

        def resumed(before: Event) -> Event | None:
            paused = before.status is EventStatus.PAUSED
            if not paused or before.options.paused_until_ms is None:
                return None
            options = before.options.changed({"pause": None})
            return before.changed(status=EventStatus.ACTIVE, options=options)

        def write(before: Event, after: Event) -> Saved:
            return self.go_on(
                before, after, min(self.clock.now_ms(), (before.options.paused_until_ms or 0) - 1)
            )

        self._maintain(event_id, resumed, write)

    def go_on(self, before: Event, after: Event, since_ms: int) -> Saved:
        """Have a paused event go on after a moment; it ends, or is set aside, if it can't."""
        try:
            return self.planner.replace(before, after, since_ms)[0]
        except Conflict:
            return self.planner.end(before, replace(after, status=EventStatus.INACTIVE))
        except InvalidInput as error:
            return self.planner.end(before, self._aside(after, error.message))

    def replan(self, event_id: bytes) -> None:
        """Reschedule an active event of a series after one of its calendars has changed."""

        def unchanged(before: Event) -> Event | None:
            is_series = before.status is EventStatus.ACTIVE and before.schedule is not None
            return before if is_series else None

        def write(before: Event, _after: Event) -> Saved:
            try:
                return self.planner.replan(before)
            except InvalidInput as error:
                return self.planner.end(before, self._aside(before, error.message))

        self._maintain(event_id, unchanged, write)

    def set_aside(self, event_id: bytes, reason: str) -> None:
        """Pause an active event whose next occurrence can't be computed, so that it harms no other.

        The reason is the pause's note, which whoever reads the event sees. Resuming tries again.
        """

        def aside(before: Event) -> Event | None:
            active = before.status is EventStatus.ACTIVE
            return self._aside(before, reason) if active else None

        self._maintain(event_id, aside, self.planner.end)

    def _aside(self, event: Event, reason: str) -> Event:
        log.warning("an event is set aside: %s", reason, extra={"event": ids.to_text(event.id)})
        self.figures.note_set_aside(event.id, self.clock.now_ms())
        pause = {"pause": {"note": f"Set aside: {reason}. Change it, then resume it."[:MAX_NOTE]}}
        return event.changed(status=EventStatus.PAUSED, options=event.options.changed(pause))

    def _maintain(
        self,
        event_id: bytes,
        change: Callable[[Event], Event | None],
        write: Callable[[Event, Event], Saved],
    ) -> None:
        """Change an event in the service's own name; if ``change`` returns ``None``, leave it."""
        for _ in range(WRITE_TRIES):
            (before,) = self.events.get_many([event_id])
            after = None if before is None else change(before)
            if before is None or after is None or is_written(write(before, after)):
                return
        log.warning(CHANGING, extra={"event": ids.to_text(event_id)})

    def rewrite(self, event_id: str, access: Access, if_match: int | None, write: Write) -> Event:
        """Have an event of the caller's written, read again if it has changed meanwhile."""
        for _ in range(WRITE_TRIES):
            before = self.get(event_id, access)
            if not access.may_change(before.tags):
                raise Forbidden(
                    "This token may not change an event that has tags out of its scope."
                )
            require_version(before, if_match)
            saved, after = write(before)
            if is_written(saved):
                return after
        raise Conflict(CHANGING)
