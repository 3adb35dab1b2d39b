"""What becomes of an event in the store, as it is asked for and as the scripts are given it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain import ids
from app.domain.event import Event
from app.domain.once import KEPT_MS, Once
from app.store import codec, keys
from app.store.asked_by import marked, origin_of_added
from app.store.former_names import FORMER_NAMES_MS, former_name
from app.store.scripts import Argument, ScriptCall
from app.store.sole_occurrences import sole_occurrence
from app.store.terms import NO_DECLARED, EventTerms, host_terms
from app.store.withdrawals import Withdrawal, passed


class Saved(StrEnum):
    """What a conditional write answers; all but the first have changed nothing."""

    DONE = "saved"
    GONE = "gone"
    STALE = "stale"
    MOVED = "moved"
    MADE = "made"
    KEYED = "keyed"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of an event's scheduled occurrence when the event is written.

    ``keep`` leaves it as it is. Otherwise it is replaced: by one at ``scheduled_ms`` that is
    attempted at ``due_ms``, by a record that it was ``missed`` (with that reason), or by nothing.
    """

    keep: bool = False
    scheduled_ms: int | None = None
    due_ms: int = 0
    missed: str | None = None


KEEP = Plan(keep=True)
NOTHING = Plan()


def flow_of(event: Event) -> bytes | None:
    """The flow that an event is in; ``None``: in none."""
    flow = event.options.flow
    return None if flow is None else flow.name(event.action.target).encode()


def save_call(
    event: Event,
    plan: Plan,
    before: Event | None,
    now_ms: int,
    once: Once | None,
    withdrawal: Withdrawal,
    request: bytes | None = None,
    terms: EventTerms = NO_DECLARED,
) -> tuple[list[bytes], list[bytes | str | int], list[bytes | str | int]]:
    """The keys of ``save_event``, its arguments before those that wait, and the fields after.

    ``request`` names the call, if another with the same name shall find it done.
    """
    event = marked(event)
    partition = ids.partition_of_event(event.id)
    request = request or secrets.token_bytes(8)
    old_next = before.next_ms if before else None
    planned = plan.scheduled_ms is not None
    args: list[bytes | str | int] = [
        keys.prefix(partition),
        event.id,
        before.version if before else 0,
        "" if old_next is None else old_next,
        request,
        now_ms,
        event.created_ms,
        codec.join_tags(event.tags),
        "keep" if plan.keep else "replace",
        "" if old_next is None else ids.occurrence_id(event.id, old_next),
        ids.occurrence_id(event.id, plan.scheduled_ms or 0) if planned else "",
        plan.scheduled_ms or 0,
        plan.due_ms,
        "missed" if plan.missed else "scheduled",
        plan.missed or "",
        event.id + once.digest if once else "",
        KEPT_MS,
        withdrawal.reason,
        1 if withdrawal.is_recorded else 0,
        1 if event.schedule is not None else 0,
        "all" if withdrawal.keeps is None else "judged",
        passed(event.id, withdrawal.passed_ms),
        former_name(before, event, now_ms),
        FORMER_NAMES_MS,
        (before is None and event.options.key_name) or "",
        b"" if before is None else host_terms(before.action.target),
        terms.of_all(event),
        sole_occurrence(before) or "",
    ]
    fields = codec.event_to_fields(event, request) + terms.fields(event)
    written = [keys.event(partition, event.id)]
    if once is not None:
        written.append(keys.made(partition, once.name))
    return written, args, fields


def delete_call(
    event: Event, *, any_version: bool, now_ms: int, passed_ms: Sequence[int]
) -> ScriptCall:
    """What ``delete_event`` is given."""
    partition, next_ms = ids.partition_of_event(event.id), event.next_ms
    args: list[Argument] = [
        keys.prefix(partition),
        event.id,
        event.version,
        "" if next_ms is None else next_ms,
        "" if next_ms is None else ids.occurrence_id(event.id, next_ms),
        now_ms,
        "its event was deleted",
        codec.join_tags(event.tags),
        passed(event.id, passed_ms),
        former_name(event, None, now_ms),
        FORMER_NAMES_MS,
        host_terms(event.action.target),
        1 if any_version else 0,
        sole_occurrence(event) or "",
    ]
    return [keys.event(partition, event.id)], args


def added_call(event: Event, times: Sequence[tuple[int, int]], now_ms: int) -> ScriptCall:
    """What ``add_occurrences`` is given: each as (scheduled, due), ms UTC."""
    partition, tags = ids.partition_of_event(event.id), codec.join_tags(event.tags)
    args: list[Argument] = [keys.prefix(partition), event.id, tags, now_ms, origin_of_added()]
    for scheduled_ms, due_ms in times:
        args += [ids.occurrence_id(event.id, scheduled_ms), scheduled_ms, due_ms]
    return [keys.event(partition, event.id)], args
