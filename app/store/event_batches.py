"""Many events written in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import redis

from app.domain.event import Event
from app.errors import Conflict, StoreUnavailable
from app.store.audit_intents import Command
from app.store.connection import StoreClient
from app.store.event_plans import Plan, flow_of, save_call
from app.store.events import EventStore
from app.store.scripts import ScriptCall, Scripts
from app.store.withdrawals import NO_WITHDRAWAL, Withdrawal

Fence = tuple[bytes, bytes]
"""A key and the value that it must have for a transaction to be made."""

OVERTAKEN = "Somebody else has taken over this import; what it had not written yet is theirs."


@dataclass(frozen=True, slots=True)
class Write:
    """An event as it is to be stored, with its plan; ``before`` as it was read, ``None``: new."""

    event: Event
    plan: Plan
    before: Event | None = None
    withdrawal: Withdrawal = NO_WITHDRAWAL

    @property
    def after(self) -> Event:
        """The event as it is once it is stored."""
        if self.plan.keep:
            return self.event
        following = None if self.plan.missed else self.plan.scheduled_ms
        return replace(self.event, next_ms=following)

    @property
    def leaves_flow(self) -> bool:
        """Whether others may have waited in its flow for what it had there."""
        before = self.before
        return before is not None and not (
            self.plan.keep and flow_of(before) == flow_of(self.event)
        )


NEW_TOGETHER = 250
"""How many new events are sent in one round trip; the store takes them in several steps."""


class EventBatches:
    """Writes many events; what keys their secrets have must be noted before."""

    def __init__(self, client: StoreClient, scripts: Scripts, events: EventStore) -> None:
        self._client = client
        self._scripts = scripts
        self._events = events

    def write(
        self,
        writes: Sequence[Write],
        now_ms: int,
        notes: Sequence[Command] = (),
        fence: Fence | None = None,
        request: bytes | None = None,
    ) -> list[bool]:
        """Write events of one partition in one transaction; returns which are written.

        A new one always is; a changed one is, if it is still as it was read. ``notes`` are commands
        of the same partition: nobody sees an event without them. Raises ``StoreUnavailable``; if
        the store had no room for one of them, the new ones are deleted again. Raises ``Conflict``,
        and nothing is written, if the key of the fence has another value.
        """
        if not writes and not notes:
            return []
        replies = self._transaction(writes, now_ms, notes, fence, request)
        pairs = [(one, reply == b"saved") for one, reply in zip(writes, replies, strict=False)]
        if any(isinstance(reply, Exception) for reply in replies):
            for one, is_saved in pairs:
                if is_saved and one.before is None:
                    self._events.delete(one.after, any_version=True, now_ms=now_ms)
            raise StoreUnavailable
        for one, is_saved in pairs:
            if is_saved and one.leaves_flow:
                self._events.wake_flow_of(one.before, now_ms)
        return [is_saved for _, is_saved in pairs]

    def create_each(
        self, writes: Sequence[Write], now_ms: int, request: bytes | None = None
    ) -> list[bool | StoreUnavailable]:
        """Write new events, each by itself; says of each whether it is stored.

        ``False``: there is another with its id. Some may be written and others not, if the store
        goes away or is full meanwhile: the answer for these is the error. With a ``request``, what
        was written under that name before, whatever has become of it since, counts as stored.
        """
        done: list[bool | StoreUnavailable] = []
        for start in range(0, len(writes), NEW_TOGETHER):
            some = writes[start : start + NEW_TOGETHER]
            try:
                replies = self._scripts.many(
                    "save_event", [self._call(one, now_ms, request) for one in some]
                )
            except StoreUnavailable as error:
                done += [error] * (len(writes) - start)
                break
            done += [_stored(reply, is_repeated=request is not None) for reply in replies]
        return done

    def _call(self, one: Write, now_ms: int, request: bytes | None) -> ScriptCall:
        written, args, fields = save_call(
            one.event,
            one.plan,
            one.before,
            now_ms,
            None,
            one.withdrawal,
            request,
            self._events.terms,
        )
        return written, [*args, b"", *fields]

    def _transaction(
        self,
        writes: Sequence[Write],
        now_ms: int,
        notes: Sequence[Command],
        fence: Fence | None,
        request: bytes | None,
    ) -> list[Any]:
        text = self._scripts.text("save_event")
        # Whatever the store has forgotten, it has forgotten for all calls of the transaction.
        self._client.script_load(text.source)
        pipe = self._client.pipeline(transaction=True)
        if fence is not None:
            pipe.watch(fence[0])  # type: ignore[no-untyped-call]
            if pipe.get(fence[0]) != fence[1]:
                pipe.reset()
                raise Conflict(OVERTAKEN)
            pipe.multi()
        for one in writes:
            written, args = self._call(one, now_ms, request)
            pipe.evalsha(text.sha, len(written), *written, *args)
        for command in notes:
            pipe.execute_command(*command)  # type: ignore[no-untyped-call]
        try:
            return pipe.execute(raise_on_error=False)
        except redis.exceptions.WatchError:
            raise Conflict(OVERTAKEN) from None


def _stored(reply: Any, *, is_repeated: bool) -> bool | StoreUnavailable:
    if isinstance(reply, Exception):
        return StoreUnavailable()
    return reply == b"saved" or (is_repeated and reply == b"stale")
