"""Several events at once: all are valid and allowed, or none is created."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from app.domain.access import Access
from app.domain.event import Event
from app.domain.ids import to_text
from app.errors import InvalidInput, QhronosError
from app.services.events import EventService
from app.services.previews import PreviewService
from app.services.queries import EventChanges


class ImportService:
    """Creates events in bulk."""

    def __init__(self, events: EventService, previews: PreviewService) -> None:
        self._events = events
        self._previews = previews

    def create_all(self, drafts: Sequence[tuple[str, EventChanges]], access: Access) -> list[Event]:
        """Create an event of each draft, in order; each has a name for messages.

        Raises what ``create`` raises for the first that can't be created, and then there is none
        (if the store goes away meanwhile: what it still took back).
        """
        for name, changes in drafts:
            try:
                self._events.drafted(changes, access)
                self._previews.of_draft(changes, 1, None, None)
            except InvalidInput as error:
                raise of_one(name, error) from None
        created: list[Event] = []
        try:
            for _, changes in drafts:
                created.append(self._events.create(changes, access))
        except QhronosError:
            for event in created:
                with contextlib.suppress(QhronosError):
                    self._events.delete(to_text(event.id), access, None)
            raise
        return created


def of_one(name: str, error: InvalidInput) -> InvalidInput:
    """Say of which of several things an error is."""
    fields = {f"{name}.{path}": said for path, said in error.fields.items()}
    return InvalidInput(f"{name}: {error.message}", fields=fields)
