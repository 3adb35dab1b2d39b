"""When an event fires next: its schedule, its status and the misfire rule, put together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.domain.event import Event, EventStatus
from app.domain.recurrence import Recurrence, compile_schedule
from app.store.codec import dump_json
from app.store.events import NOTHING, Plan

MISFIRE_GRACE_MS = 300_000
"""How late an occurrence may be and still count as on its way; older ones were missed."""

MISSED_RECORDED = 100
"""How many missed occurrences of one gap get a record each."""

TOO_LATE = "it was due more than the misfire grace before anybody could deliver it"


@lru_cache(maxsize=4096)
def _compiled(plan_json: bytes, start_ms: int, timezone: str | None) -> Recurrence:
    return compile_schedule(json.loads(plan_json), start_ms, timezone)


def recurrence_of(schedule: Mapping[str, Any], start_ms: int, timezone: str | None) -> Recurrence:
    """The rule of a series, compiled once per definition; raises ``InvalidInput``."""
    return _compiled(dump_json(schedule), start_ms, timezone)


def next_of(event: Event, after_ms: int) -> int | None:
    """The first occurrence strictly after a moment, ms UTC; ``None``: there is none."""
    if event.schedule is None:
        return event.start_ms if event.start_ms > after_ms else None
    rule = recurrence_of(event.schedule, event.start_ms, event.timezone)
    return rule.next_after(max(after_ms, event.start_ms - 1))


def plan_of(event: Event, now_ms: int) -> Plan:
    """What is to be scheduled for an event that was just created, changed or resumed.

    A series goes on with its next future occurrence. A one-time event that is past fires at once
    within the misfire grace, and is recorded as missed beyond it.
    """
    if event.status is not EventStatus.ACTIVE:
        return NOTHING
    if event.schedule is None:
        if event.start_ms < now_ms - MISFIRE_GRACE_MS:
            return Plan(scheduled_ms=event.start_ms, missed=TOO_LATE)
        return Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
    following = next_of(event, now_ms)
    if following is None:
        return NOTHING
    return Plan(scheduled_ms=following, due_ms=following)


@dataclass(frozen=True, slots=True)
class Continuation:
    """How a series goes on: its next occurrence (``None``: the end), and those it passed over."""

    next_ms: int | None
    missed_ms: tuple[int, ...] = ()


def continuation(rule: Recurrence, claimed_ms: int, now_ms: int) -> Continuation:
    """What follows a claimed occurrence.

    After a time in which nobody was there, the claimed occurrence fires once for all that are
    older than the misfire grace; those are recorded as missed (the oldest ``MISSED_RECORDED`` of
    them), and the series goes on from the grace.
    """
    horizon = now_ms - MISFIRE_GRACE_MS
    following = rule.next_after(claimed_ms)
    if following is None or following >= horizon:
        return Continuation(following)
    missed = tuple(rule.upcoming(claimed_ms, MISSED_RECORDED, horizon - 1))
    return Continuation(rule.next_after(horizon - 1), missed)
