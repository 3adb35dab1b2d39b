"""Deletions that can be undone: an event is paused at once, and deleted a little later by upkeep.

Everything that says so is stored in the event itself, as a pause with an end. So it survives closed
browsers and restarts, and whoever resumes the event or pauses it anew has decided otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.clock import Clock
from app.domain.access import MASTER, Access
from app.domain.event import Event, EventStatus
from app.domain.ids import to_text
from app.domain.occurrence import Occurrence
from app.domain.pause import Deletion
from app.errors import Conflict, NotFound, QhronosError, StaleVersion, StoreUnavailable
from app.services.audit import Act, AuditService
from app.services.event_planner import DELETED
from app.services.events import EventService
from app.store.audit_intents import intending
from app.store.event_plans import Saved
from app.store.occurrences import OccurrenceStore

UNDO_MS = 30_000
"""How long a deletion can be undone; upkeep carries it out within some seconds after that."""

GIVEN_BACK = 100
"""How many of the newest occurrences are looked at for those that a deletion has cancelled."""

NOT_DELETED = "Nobody has asked to delete this event, or its deletion was undone already."

Tell = Callable[[str, dict[str, Any]], None]
"""Has those hear who listen, as in ``event.delete``; the event's id, name, tags and status."""

Redeliver = Callable[[Occurrence, Access], object]
"""Has an occurrence attempted that was cancelled."""


@dataclass(frozen=True, slots=True)
class DeletionService:
    """Asks for deletions, undoes them and carries them out; raises ``StoreUnavailable``."""

    service: EventService
    occurrences: OccurrenceStore
    redeliver: Redeliver
    audit: AuditService
    tell: Tell
    clock: Clock

    def ask(self, event_id: str, access: Access, actor: str, token: str | None) -> Event:
        """Pause an event and have it deleted after ``UNDO_MS``; returns it as it is until then.

        What is due and not yet sent ends as cancelled. Asking again changes nothing. Raises
        ``NotFound`` and ``Forbidden``.
        """

        def write(before: Event) -> tuple[Saved, Event]:
            if _deletion_of(before) is not None:
                return Saved.DONE, before
            now_ms = self.clock.now_ms()
            earlier = before.options.given.get("pause")
            asked = Deletion(now_ms, before.status.value, actor, token, earlier)
            pause = {"until_ms": now_ms + UNDO_MS, "deletion": asdict(asked)}
            options = before.options.changed({"pause": pause})
            after = before.changed(status=EventStatus.PAUSED, options=options)
            return self.service.planner.end(before, after, DELETED), after

        self.service.rewrite(event_id, access, None, write)
        return self.service.get(event_id, access)

    def undo(self, event_id: str, access: Access) -> Event:
        """Give an event back what it was; it goes on from the moment of the deletion.

        So what fell due since is delivered, late, as its misfire policy says, and what was
        cancelled is delivered again. Raises ``NotFound``, ``Forbidden``, and ``Conflict`` if no
        deletion is under way.
        """

        def write(before: Event) -> tuple[Saved, Event]:
            deletion = _deletion_of(before)
            if deletion is None:
                raise Conflict(NOT_DELETED)
            # First what was cancelled: as long as the deletion is there, a request that broke off
            # can be made again.
            self._give_back(before, deletion.asked_ms, access)
            options = before.options.changed({"pause": deletion.pause})
            after = before.changed(status=EventStatus(deletion.status), options=options)
            if after.status is EventStatus.ACTIVE:
                return self.service.go_on(before, after, deletion.asked_ms), after
            return self.service.planner.end(before, after), after

        self.service.rewrite(event_id, access, None, write)
        return self.service.get(event_id, access)

    def end_pause(self, event_id: bytes) -> None:
        """Do what is due at the end of a pause: resume the event, or delete it."""
        (event,) = self.service.events.get_many([event_id])
        pause = None if event is None else event.options.pause
        if event is None or pause is None or pause.deletion is None:
            self.service.resume_due(event_id)
        elif (pause.until_ms or 0) <= self.clock.now_ms():
            self._carry_out(event, pause.deletion)

    def _carry_out(self, event: Event, deletion: Deletion) -> None:
        """Delete an event as it was read, in the name of who asked; who was faster, wins."""
        act = Act(
            actor=deletion.actor,
            token=deletion.token,
            address=None,
            action="event.delete",
            object=to_text(event.id),
            before=_told(event),
            after=None,
            request="",
        )
        intent = self.audit.intent_of(lambda _about: act)
        try:
            with intending(intent):
                self.service.delete(to_text(event.id), MASTER, event.version)
        except (NotFound, StaleVersion):
            self.audit.withdraw(intent)
            return
        except QhronosError as error:
            if not isinstance(error, StoreUnavailable):
                self.audit.withdraw(intent)
            raise
        self.audit.record(act, intent)
        self.tell("event.delete", _told(event))

    def _give_back(self, event: Event, asked_ms: int, access: Access) -> None:
        """Have what a deletion has cancelled delivered after all."""
        for one in self._cancelled(event, asked_ms):
            try:
                self.redeliver(one, access)
            except (Conflict, NotFound):
                continue  # somebody else was faster

    def _cancelled(self, event: Event, asked_ms: int) -> Sequence[Occurrence]:
        """The occurrences that a deletion has cancelled, oldest first."""
        (found,) = self.occurrences.last_of([event], GIVEN_BACK)
        return [
            one
            for one in reversed(self.occurrences.get_many(found))
            if one is not None
            and one.error_message == DELETED
            and (one.completed_ms or 0) >= asked_ms
        ]


def _deletion_of(event: Event) -> Deletion | None:
    return event.options.pause.deletion if event.options.pause else None


def _told(event: Event) -> dict[str, Any]:
    return {
        "id": to_text(event.id),
        "name": event.name,
        "tags": list(event.tags),
        "status": event.status.value,
    }
