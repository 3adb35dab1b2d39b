"""Events in the store: written together with their scheduled occurrence, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from app.domain import ids
from app.domain.event import Event
from app.domain.once import KEPT_MS, AlreadyMade, Once
from app.domain.partition_count import Count, PartitionsNow
from app.errors import NotFound
from app.store import codec, keys, shards
from app.store.audit_intents import concerns, created_with_entry
from app.store.connection import StoreClient
from app.store.event_plans import Plan, Saved, added_call, delete_call, flow_of, save_call
from app.store.fields import EventField
from app.store.flow_gate import wake_flows
from app.store.homecoming import Homecoming
from app.store.new_events import new_event_call
from app.store.own_keys import holders
from app.store.pages import PageStore
from app.store.scripts import Scripts
from app.store.terms import NO_DECLARED, EventTerms
from app.store.whereabouts import forget_left, is_elsewhere, read_events
from app.store.withdrawals import NO_WITHDRAWAL, Withdrawal, judged_waiting

_GONE, _RETAGGED = -1, -2
"""What adding occurrences answers if it adds none."""

_JUDGED_AT_MOST = 4
"""How often occurrences that wait are asked about: more may come to wait meanwhile."""


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
        self._homecoming = Homecoming(client, scripts)
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
        if plan.scheduled_ms is not None:
            self._make_way(event, [plan.scheduled_ms], now_ms)
        return Saved(
            self._where_it_is(
                event.id,
                lambda: self._save(event, plan, before, now_ms, once, withdrawal),
                gone=Saved.GONE,
            )
        )

    def _save(
        self,
        event: Event,
        plan: Plan,
        before: Event | None,
        now_ms: int,
        once: Once | None,
        withdrawal: Withdrawal,
    ) -> Saved:
        written, args, fields = save_call(
            event, plan, before, now_ms, once, withdrawal, terms=self.terms
        )
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
        if partition != ids.first_partition_of(event_id):
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
        reply = self._where_it_is(
            event.id,
            lambda: self._scripts(
                "delete_event",
                *delete_call(event, any_version=any_version, now_ms=now_ms, passed_ms=passed_ms),
            ),
            gone=b"gone",
        )
        if reply != b"deleted":
            return Saved(reply.decode())
        forget_left(self._client, ids.partition_of_event(event.id), [event.id])
        self.wake_flow_of(event, now_ms)
        return Saved.DONE

    def _make_way(self, event: Event, times: Sequence[int], now_ms: int) -> None:
        """Have what the store has of these times beside the event; a skipped one gives way."""
        made = [ids.occurrence_id(event.id, at) for at in times]
        if ids.has_moved(event.id):
            self._homecoming.bring([one for one in made if ids.scheduled_ms(one) <= now_ms], now_ms)
            ids.found_in(ids.partition_of_event(event.id), made)
        self._pages.unpack_skipped(made, now_ms)

    def _where_it_is(self, event_id: bytes, ask: Callable[[], Any], gone: object) -> Any:
        """Ask the partition of an event; if it is gone from there, but has moved, the other one."""
        answer = ask()
        return ask() if answer == gone and is_elsewhere(self._client, event_id) else answer

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
        self._make_way(event, [scheduled_ms for scheduled_ms, _ in times], now_ms)
        added = self._where_it_is(
            event.id,
            lambda: int(self._scripts("add_occurrences", *added_call(event, times, now_ms))),
            gone=_GONE,
        )
        if added == _GONE:
            raise NotFound
        return None if added == _RETAGGED else added

    def progress(self, event_ids: Sequence[bytes]) -> list[tuple[bytes, int | None]]:
        """For each event, its plan and the last occurrence of its series that was claimed."""
        rows = read_events(self._client, event_ids, (EventField.PLAN, EventField.LAST))
        return [(plan or b"", None if last is None else int(last)) for plan, last in rows]

    def get(self, event_id: bytes) -> Event:
        """Read one event; raises ``NotFound``."""
        (event,) = self.get_many([event_id])
        if event is None:
            raise NotFound
        return event

    def get_many(self, event_ids: Sequence[bytes]) -> list[Event | None]:
        """Read several events in one round trip, in order; ``None`` where there is none."""
        rows = read_events(self._client, event_ids, codec.EVENT_FIELDS)
        return [
            codec.event_from_row(event_id, row)
            for event_id, row in zip(event_ids, rows, strict=True)
        ]
