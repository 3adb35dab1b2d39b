"""The audit log: who changed what, when and from where, as a hash chain that shows tampering."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from app.clock import Clock
from app.domain.audit import EntryText, line
from app.domain.times import to_rfc3339
from app.errors import StoreUnavailable, Unauthenticated
from app.services.audit_states import state_text
from app.services.cursors import Cursors
from app.services.tokens import REVOKED
from app.store.audit import AuditLog
from app.store.audit_intents import Intent, NewEvent
from app.store.audit_segments import Position, StoredEntry

PAGE = 500
"""Entries in one read of the store, of those that are not packed."""

PACK_S = 0.5
"""How long one run packs: it is called for every five seconds while there is something to pack, by
who also has series to repair."""

MAX_LOOKED_AT = 10_000
"""Entries that one request searches for its filter; the cursor continues from there."""

OPEN_MS = 120_000
"""No request takes so long: an intent that is older has lost it."""

MAX_SETTLED = 500
"""Intents of which one run makes entries."""

NAMED = 200
"""How many events one entry names: as many as an entry has room for."""

MASTER_NAME = "master token"
"""The actor of what the operator does."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Act:
    """A change that a caller made. ``before`` and ``after`` are JSON, ``None`` for nothing."""

    actor: str
    token: str | None
    address: str | None
    action: str
    object: str | None
    before: Any
    after: Any
    request: str


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries to list, newest first, from where and how many at most."""

    object: str | None = None
    action: str | None = None
    actor: str | None = None
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class AuditService:
    """Writes and reads the log. Every call raises ``StoreUnavailable``."""

    log: AuditLog
    cursors: Cursors
    clock: Clock
    retention_ms: int
    max_bytes: int = 0
    """0: any."""

    def record(self, act: Act, intent: Intent | None = None) -> int:
        """Add an entry, secrets masked, for an intent if there was one; returns its number."""
        now_ms = self.clock.now_ms()
        noted = "" if intent is None else intent.name
        return self.log.append(_entry(act, now_ms), now_ms, noted)

    def intent_of(self, describe: Callable[[str | None], Act]) -> Intent:
        """Make the intent of a request, described when it is about to write.

        ``describe`` is given what will be changed, if only the write itself knows that.
        """
        now_ms = self.clock.now_ms()
        return Intent(lambda about: _entry(describe(about), now_ms).unnumbered(), now_ms)

    def create_with(self, intent: Intent, describe: Callable[[Any], Act]) -> None:
        """Have the event that a request creates written in one step with its entry.

        ``describe`` is given the event as it will be. Raises ``Unauthenticated`` there if the
        request's token is no good any more. On a cluster the two are in different slots: there it
        is written like any other change, between its intent and its entry.
        """
        if not self.log.is_beside_events:
            return

        def create(event: Any, new: NewEvent) -> str:
            now_ms = self.clock.now_ms()
            entry = _entry(describe(event), now_ms)
            word = self.log.create(new, entry, now_ms, intent.name, intent.standing)
            if word == "revoked":
                raise Unauthenticated(REVOKED)
            intent.is_recorded = word == "saved"
            return word

        intent.create = create

    def withdraw(self, intent: Intent) -> None:
        """Take an intent back: the request has changed nothing, as far as anybody knows.

        If that is in doubt, or the store is away, an entry of unknown outcome is made of it.
        """
        if intent.is_noted and not intent.is_doubtful:
            with contextlib.suppress(StoreUnavailable):
                self.log.withdraw(intent.name)

    def settle(self) -> int:
        """Make entries of intents whose requests must be over; returns how many.

        Their process ended, or the store was away: whether the change was made is unknown.
        """
        settled = 0
        now_ms = self.clock.now_ms()
        for intent, since_ms, text in self.log.open_intents():
            if settled == MAX_SETTLED:
                break
            if since_ms < now_ms - OPEN_MS:
                settled += self.log.settle(intent, _unknown(text), now_ms)
        return settled

    def page(self, query: AuditQuery) -> tuple[list[str], str | None]:
        """Read entries as JSON, newest first, and the cursor of the next page (``None``: the end).

        A page may have fewer entries than its limit although more follow, because no index finds
        the entries of a filter. Raises ``InvalidInput`` for a wrong cursor.
        """
        context = f"audit {query.object!r} {query.action!r} {query.actor!r}"
        position = _position_of(self.cursors.decode(query.cursor, context))
        is_any = query.object is None and query.action is None and query.actor is None
        found: list[str] = []
        looked = 0
        while looked < MAX_LOOKED_AT:
            page = self.log.newest_first(position, query.limit if is_any else PAGE)
            if not page:
                return found, None
            for entry in page:
                looked, position = looked + 1, entry.position
                if is_any or _matches(query, entry.text):
                    found.append(_written(entry))
                    if len(found) == query.limit:
                        return found, self.cursors.encode(_cursor_entry(position), context)
        return found, self.cursors.encode(_cursor_entry(position), context) if position else None

    def export(self) -> Iterator[str]:
        """Yield all entries as pages of lines, oldest first; the first is read at once."""
        page = self.log.oldest_first(None, PAGE)
        return self._pages(page)

    def pack(self) -> int:
        """Pack old entries, for a moment; returns how many."""
        until = time.monotonic() + PACK_S
        packed = 0
        while count := self.log.archive.pack_oldest():
            packed += count
            if time.monotonic() >= until:
                break
        return packed

    def forget_old(self, now_ms: int) -> int:
        """Delete what is older than the retention, and of the oldest what is too much.

        Returns how many entries were deleted. Of those that were too much the log says so itself,
        in an entry that is there before they go.
        """
        forgotten = self.log.archive.forget(now_ms - self.retention_ms)
        if forgotten or not self.max_bytes:
            return forgotten
        beyond = self.log.archive.beyond(self.max_bytes)
        if beyond is None:
            return 0
        first, last = beyond
        _log.warning(
            "the oldest entries of the audit log are deleted: it has reached "
            "QHRONOS_AUDIT_MAX_BYTES",
            extra={"first": first, "last": last},
        )
        self.record(
            Act(
                actor="retention",
                token=None,
                address=None,
                action="audit.drop",
                object=None,
                before={"first": first, "last": last},
                after={"max_bytes": self.max_bytes},
                request="",
            )
        )
        return self.log.archive.drop(last)

    def _pages(self, page: list[StoredEntry]) -> Iterator[str]:
        while page:
            yield "".join(_written(entry) + "\n" for entry in page)
            page = self.log.oldest_first(page[-1].position, PAGE)


def _entry(act: Act, now_ms: int) -> EntryText:
    names = {
        "at": to_rfc3339(now_ms),
        "actor": act.actor,
        "token": act.token,
        "address": act.address,
        "action": act.action,
        "object": act.object,
        "request": act.request,
    }
    return EntryText.made(names, state_text(act.before), state_text(act.after))


def _unknown(intent: str) -> EntryText:
    try:
        entry = json.loads(intent)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        _log.error("an intent in the store is none of ours: %s", intent)
        entry = dict.fromkeys(Act.__slots__) | {"at": None, "action": "unknown"}
    return EntryText.of({**entry, "outcome": "unknown"})


def _matches(query: AuditQuery, text: str) -> bool:
    entry = json.loads(text)
    return all(
        wanted in (None, entry.get(name))
        for name, wanted in (
            ("object", query.object),
            ("action", query.action),
            ("actor", query.actor),
        )
    )


def _written(entry: StoredEntry) -> str:
    return line(entry.text, entry.previous, entry.digest)


def _cursor_entry(position: Position) -> tuple[int, bytes]:
    return position[0], position[1].to_bytes(16, "big")


def _position_of(entry: tuple[int, bytes] | None) -> Position | None:
    return None if entry is None else (entry[0], int.from_bytes(entry[1], "big"))
