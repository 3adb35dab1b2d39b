"""What the script is given that creates an event together with its entry in the audit log."""

from __future__ import annotations

import os
from typing import Protocol

from app.domain import ids
from app.domain.event import Event
from app.domain.once import Once
from app.store import codec
from app.store.asked_by import marked
from app.store.audit_intents import NewEvent
from app.store.fields import EventField
from app.store.scripts import Argument
from app.store.terms import NO_DECLARED, TERM, EventTerms


class FirstOccurrence(Protocol):
    """What is known of the occurrence of a new event; see ``app.store.event_plans.Plan``."""

    @property
    def scheduled_ms(self) -> int | None:
        """Its time."""
        ...

    @property
    def due_ms(self) -> int:
        """When it is attempted."""
        ...

    @property
    def missed(self) -> str | None:
        """Why it is recorded as missed."""
        ...


def new_event_call(
    event: Event, plan: FirstOccurrence, once: Once | None, terms: EventTerms = NO_DECLARED
) -> NewEvent:
    """What ``create_events`` is given of an event, beside its entry in the audit log."""
    event = marked(event)
    planned = plan.scheduled_ms is not None
    # (A repeated call is recognised by its entries in the audit log.)
    fields = codec.event_to_fields(event, None) + terms.fields(event)
    if codec.is_going_on(event):
        fields += [EventField.PLAN, os.urandom(8)]
    if plan.scheduled_ms is not None and not plan.missed:
        fields += [EventField.NEXT, plan.scheduled_ms]
    every = terms.of_all(event)
    head: list[Argument] = [
        event.id,
        event.created_ms,
        codec.join_tags(event.tags),
        ids.occurrence_id(event.id, plan.scheduled_ms or 0) if planned else "",
        plan.scheduled_ms or 0,
        plan.due_ms,
        "missed" if plan.missed else "scheduled",
        plan.missed or "",
        once.name if once else "",
        event.id + once.digest if once else "",
        event.options.key_name or "",
        every,
    ]
    partition = ids.partition_of_event(event.id)
    return NewEvent(partition, head, fields, terms=len(every) // TERM)
