"""Events in the store: written together with their scheduled occurrence, or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import cast

from app.domain import ids
from app.domain.event import Event
from app.domain.once import KEPT_MS, AlreadyMade, Once
from app.domain.partition_count import Count, PartitionsNow
from app.errors import NotFound
from app.store import codec, keys, shards
from app.store.asked_by import marked, origin_of_added
from app.store.audit_intents import concerns, created_with_entry
from app.store.connection import StoreClient
from app.store.fields import EventField
from app.store.flow_gate import wake_flows
from app.store.former_names import FORMER_NAMES_MS, former_name
from app.store.new_events import new_event_call
from app.store.own_keys import holders
from app.store.pages import PageStore
from app.store.reading import read_hashes
from app.store.scripts import Scripts
from app.store.sole_occurrences import sole_occurrence
from app.store.terms import NO_DECLARED, EventTerms, host_terms
from app.store.withdrawals import NO_WITHDRAWAL, Withdrawal, judged_waiting, passed


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


_GONE, _RETAGGED = -1, -2
"""What adding occurrences answers if it adds none."""

_JUDGED_AT_MOST = 4
"""How often occurrences that wait are asked about: more may come to wait meanwhile."""

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


class EventStore:
    """Reads and writes events of every partition."""

    _partitions = PartitionsNow()

    def __init__(
        self,
        client: StoreClient,
        scripts: Scripts,
        partitions: Count,
        terms: EventTerms = NO_DECLARED,
    ) -> None:
        self._client = client
        self._scripts = scripts
        self._partitions = partitions
        self._pages = PageStore(client, scripts)
        self.terms = terms

    def save(
        self,
        event: Event,
        plan: Plan,
        before: Event | None,
        now_ms: int,
        once: Once | None = None,
        withdrawal: Withdrawal = NO_WITHDRAWAL,
    ) -> Saved:
        """Write ``event``; ``before`` is what the caller read (``None`` creates).

        Nothing is written if the stored event is no longer ``before``, if ``once`` has made one, or
        if the planned occurrence of a series exists already (``TAKEN``).
        """
        concerns(ids.to_text(event.id))
        if before is None:
            next_ms = None if plan.missed else plan.scheduled_ms
            word = created_with_entry(
                lambda: replace(event, next_ms=next_ms),
                lambda: new_event_call(event, plan, once, self.terms),
            )
            if word is not None:
                return Saved(word)
        written, args, fields = save_call(
            event, plan, before, now_ms, once, withdrawal, terms=self.terms
        )
        if plan.scheduled_ms is not None:
            self._pages.unpack_skipped([ids.occurrence_id(event.id, plan.scheduled_ms)], now_ms)
        judged = b""
        for _ in range(_JUDGED_AT_MOST):
            reply = self._scripts("save_event", written, [*args, judged, *fields])
            if isinstance(reply, bytes):
                saved = Saved(reply.decode())
                kept = plan.keep and before is not None and flow_of(before) == flow_of(event)
                if saved is Saved.DONE and not kept:
                    self.wake_flow_of(before, now_ms)
                return saved
            judged = judged_waiting(reply, withdrawal)
        return Saved.MOVED

    def note_keys(self, events: Iterable[Event]) -> None:
        """Note with which keys secrets of new events are encrypted, before they are written."""

    def refuse_duplicate(self, partition: int, once: Once | None) -> None:
        """Raise ``AlreadyMade`` if ``once`` has made an event, as far as a partition knows."""
        if once is None:
            return
        found = cast("bytes | None", self._client.get(keys.made(partition, once.name)))
        if found is not None:
            raise AlreadyMade(found[:16], found[16:])

    def remember(self, partition: int, event_id: bytes, once: Once) -> None:
        """Note in another partition than the event's what ``once`` has made."""
        if partition != ids.partition_of_event(event_id):
            key = keys.made(partition, once.name)
            self._client.set(key, event_id + once.digest, nx=True, px=KEPT_MS)

    def any_of(self, partitions: Count) -> int:
        """One of so many partitions, for what may be in any; see ``Shards.any``."""
        return shards.Shards(self._client, partitions).any()

    def keyed(self, names: Sequence[str]) -> list[Event | None]:
        """The events that have these keys of their users, in order; ``None``: there is none."""
        found = holders(self._client, self._partitions, names)
        events = iter(self.get_many([one for one in found if one is not None]))
        return [None if one is None else next(events) for one in found]

    def delete(
        self, event: Event, *, any_version: bool, now_ms: int, passed_ms: Sequence[int] = ()
    ) -> Saved:
        """Delete an event as it was read; see ``Saved`` for the answers.

        ``passed_ms`` are times that its series had come to; see ``Withdrawal``.
        """
        partition = ids.partition_of_event(event.id)
        next_ms = event.next_ms
        reply = self._scripts(
            "delete_event",
            [keys.event(partition, event.id)],
            [
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
            ],
        )
        if reply != b"deleted":
            return Saved(reply.decode())
        self.wake_flow_of(event, now_ms)
        return Saved.DONE

    def wake_flow_of(self, event: Event | None, now_ms: int) -> None:
        """Have the flow looked at in which others may have waited for what the event had in it."""
        flow = None if event is None else flow_of(event)
        if flow is not None:
            wake_flows(self._client, self._partitions, [flow], now_ms)

    def add_occurrences(
        self, event: Event, times: Sequence[tuple[int, int]], now_ms: int
    ) -> int | None:
        """Add occurrences beside the schedule, as (scheduled, due); all times are ms UTC.

        Returns how many were new; ``None`` if the event has other tags than when it was read, and
        then nothing has changed. Raises ``NotFound``.
        """
        partition = ids.partition_of_event(event.id)
        args: list[bytes | str | int] = [
            keys.prefix(partition),
            event.id,
            codec.join_tags(event.tags),
            now_ms,
            origin_of_added(),
        ]
        made = [ids.occurrence_id(event.id, scheduled_ms) for scheduled_ms, _ in times]
        self._pages.unpack_skipped(made, now_ms)
        for one, (scheduled_ms, due_ms) in zip(made, times, strict=True):
            args += [one, scheduled_ms, due_ms]
        added = int(self._scripts("add_occurrences", [keys.event(partition, event.id)], args))
        if added == _GONE:
            raise NotFound
        return None if added == _RETAGGED else added

    def progress(self, event_ids: Sequence[bytes]) -> list[tuple[bytes, int | None]]:
        """For each event, its plan and the last occurrence of its series that was claimed."""
        hashes = map(keys.event_of, event_ids)
        rows = read_hashes(self._client, hashes, (EventField.PLAN, EventField.LAST))
        return [(plan or b"", None if last is None else int(last)) for plan, last in rows]

    def get(self, event_id: bytes) -> Event:
        """Read one event; raises ``NotFound``."""
        (event,) = self.get_many([event_id])
        if event is None:
            raise NotFound
        return event

    def get_many(self, event_ids: Sequence[bytes]) -> list[Event | None]:
        """Read several events in one round trip, in order; ``None`` where there is none."""
        rows = read_hashes(self._client, map(keys.event_of, event_ids), codec.EVENT_FIELDS)
        return [
            codec.event_from_row(event_id, row)
            for event_id, row in zip(event_ids, rows, strict=True)
        ]
