"""The audit log at rest: a stream that is only ever added to, and segments of what is older."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain.audit import GENESIS, EntryText, link
from app.domain.once import KEPT_MS
from app.errors import StoreUnavailable
from app.store import keys
from app.store.audit_archive import AuditArchive
from app.store.audit_entries import entries_of, pack_entry
from app.store.audit_intents import NewEvent, for_all
from app.store.audit_segments import Position, StoredEntry
from app.store.connection import StoreClient
from app.store.open_intents import KNOWN_MS, OpenIntents
from app.store.partitions import by_partition, in_slices
from app.store.scripts import Argument, Scripts
from app.store.standing import Standing
from app.store.term_writes import TERMS
from app.store.token_keys import TokenKeys

TRIES = 200
"""How often entries are chained anew because another process was faster."""

BATCH = 40
"""Entries in one call, and events created with them: nobody else waits for two milliseconds."""

Entry = Mapping[str, Any] | EntryText
"""An entry that has no number yet, as JSON values or written."""


def _held_lock() -> threading.Lock:
    """A lock that another thread is to release; waiting for it costs a quarter of an event."""
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class _Ticket:
    """An entry on its way into the log."""

    entry: EntryText
    now_ms: int
    intent: str = ""
    number: int = 0
    settled: bool = False
    waits: threading.Lock = field(default_factory=_held_lock)
    """Let go of when it is settled, or has to lead."""
    failure: StoreUnavailable | None = None
    new: NewEvent | None = None
    """An event that is created in the same step."""
    standing: Standing | None = None
    """What is to be learnt of the token of who creates it."""
    word: str = "saved"
    """What the store said to that."""

    def settle(self) -> None:
        """Let its thread go on."""
        self.settled = True
        self.waits.release()


class AuditLog:
    """Adds and reads entries. Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts
        self.archive = AuditArchive(client, scripts)
        self._intents = OpenIntents(client)
        self.is_beside_events = not client.is_cluster  # they can be written in one step
        self._lock = threading.Lock()
        self._led = False
        self._waiting: deque[_Ticket] = deque()
        self._head = (0, GENESIS)

    def append(self, entry: Entry, now_ms: int, intent: str = "") -> int:
        """Add an entry and return its number; it is given that as ``seq``.

        The intent that it fulfils is deleted in the same step. Each entry holds the hash of the one
        before, so they are added one after another. Requests that come together share a round trip:
        one of them adds what all have brought.
        """
        ticket = _Ticket(_text(entry), now_ms, intent)
        self._pass(ticket)
        return ticket.number

    def create(
        self,
        new: NewEvent,
        entry: Entry,
        now_ms: int,
        intent: str = "",
        standing: Standing | None = None,
    ) -> str:
        """Create an event and add its entry, both or none; answers as ``save_event`` does.

        Only where ``is_beside_events``. Nothing is between them: no intent is needed. Requests that
        come together share the step. So does the question about the token, if there is one;
        ``revoked``: it is not good.
        """
        ticket = _Ticket(_text(entry), now_ms, intent, new=new, standing=standing)
        self._pass(ticket)
        if standing is not None:
            standing.is_known = ticket.word != "revoked"
        return ticket.word

    def _pass(self, ticket: _Ticket) -> None:
        """Have a ticket settled, with those that have come with it; raises its failure."""
        with self._lock:
            self._waiting.append(ticket)
            leads = not self._led
            self._led = True
        if not leads:
            ticket.waits.acquire()
        if not ticket.settled:
            self._lead()
        if ticket.failure is not None:
            raise ticket.failure

    def settle(self, intent: str, entry: Entry, now_ms: int) -> bool:
        """Add an entry that takes the place of an intent; returns ``False`` if that is gone."""
        is_added = self._add([_Ticket(_text(entry), now_ms, intent)], wanted=intent)
        if not is_added:
            self._intents.are_settled([intent])
        return is_added

    def open_intents(self) -> Iterator[tuple[str, int, str]]:
        """Read what requests were about to change: id, since when (ms) and JSON of each."""
        return self._intents.all()

    def withdraw(self, intent: str) -> None:
        """Delete an intent: nothing was changed."""
        self._intents.delete([intent])

    def _lead(self) -> None:
        """Add what waits, then hand the lead to the first of those that have come meanwhile."""
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH))]
        try:
            with for_all():
                self._settle_all(batch)
        finally:
            with self._lock:
                if self._waiting:
                    self._waiting[0].waits.release()
                else:
                    self._led = False

    def _settle_all(self, batch: Sequence[_Ticket]) -> None:
        """Settle each kind by itself: what has become of one does not concern the others."""
        try:
            if plain := [one for one in batch if one.new is None]:
                self._settle(plain, self._add)
            for some in by_partition(batch, _partition).values():
                if some[0].new is not None:
                    for few in in_slices(some, TERMS, _terms):
                        self._settle(few, self._create)
        finally:
            for one in batch:
                if not one.settled:
                    one.failure = StoreUnavailable()
                    one.settle()

    def _settle(
        self, batch: Sequence[_Ticket], settle: Callable[[Sequence[_Ticket]], object]
    ) -> None:
        try:
            settle(batch)
        except Exception as error:
            away = error if isinstance(error, StoreUnavailable) else StoreUnavailable()
            for ticket in batch:
                ticket.failure = away
            if error is not away:
                raise
        finally:
            for ticket in batch:
                ticket.settle()

    def _create(self, batch: Sequence[_Ticket]) -> None:
        """Create events of one partition with their entries."""
        request = os.urandom(16).hex()
        for _ in range(TRIES):
            number, digest = self._head
            previous, args = digest, list[Argument]()
            tokens: dict[tuple[str, str], int] = {}
            for ticket in batch:
                number, digest, entry = self._chained(ticket, number, digest)
                new = ticket.new or _NOTHING
                args += _asked(ticket.standing, tokens)
                args += [*new.head, *entry, len(new.fields), *new.fields]
            about = [
                key
                for jti, subject in tokens
                for key in (_TOKENS.revoked(jti), _TOKENS.barred(subject))
            ]
            reply = self._scripts(
                "create_events",
                [keys.AUDIT, keys.AUDIT_HEAD, keys.audit_done(request), keys.AUDIT_INTENTS, *about],
                [
                    keys.prefix(_partition(batch[0])),
                    batch[-1].now_ms,
                    batch[0].number,
                    previous,
                    KEPT_MS,
                    *args,
                ],
            )
            if reply[0] == b"created":
                self._head = (number, digest)
                return
            if reply[0] == b"moved":
                self._head = (int(reply[1]), reply[2].decode())
                continue
            for ticket, word in zip(batch, reply[1:], strict=True):
                ticket.word = "saved" if word == b"ok" else word.decode()
            batch = [one for one in batch if one.word == "saved"]
            if not batch:
                return
        raise StoreUnavailable("The audit log is being written by too many at once.")

    @staticmethod
    def _chained(ticket: _Ticket, number: int, digest: str) -> tuple[int, str, list[Argument]]:
        """Chain an entry to the one before; its number and hash, and what a script is given."""
        ticket.number = number + 1
        text = ticket.entry.numbered(ticket.number)
        own = link(digest, text)
        return ticket.number, own, [pack_entry(text, digest, own), own, ticket.intent]

    def _add(self, batch: Sequence[_Ticket], wanted: str = "") -> bool:
        request = os.urandom(16).hex()
        for _ in range(TRIES):
            number, digest = self._head
            previous, args = digest, list[Argument]()
            for ticket in batch:
                number, digest, entry = self._chained(ticket, number, digest)
                args += entry
            reply = self._scripts(
                "append_audit",
                [keys.AUDIT, keys.AUDIT_HEAD, keys.audit_done(request), *_INTENTS],
                [batch[0].number, previous, batch[-1].now_ms, wanted, KNOWN_MS, *args],
            )
            if reply[0] == b"added":
                self._head = (number, digest)
                self._intents.are_settled(one.intent for one in batch)
                return True
            if reply[0] == b"settled":
                return False
            self._head = (int(reply[1]), reply[2].decode())
        raise StoreUnavailable("The audit log is being written by too many at once.")

    def newest_first(self, before: Position | None, limit: int) -> list[StoredEntry]:
        """Read entries older than a position: up to a limit, or one segment. None: the end."""
        top = "+" if before is None else f"({before[0]}-{before[1]}"
        hot = entries_of(self._client.xrevrange(keys.AUDIT, top, "-", count=limit))
        return hot or self.archive.up_to(None if before is None else before[1] - 1)[::-1]

    def oldest_first(self, after: Position | None, limit: int) -> list[StoredEntry]:
        """Read entries newer than a position: up to a limit, or one segment. None: the end."""
        following = 1 if after is None else after[1] + 1
        if packed := self.archive.since(following):
            return packed
        bottom = "-" if after is None else f"({after[0]}-{after[1]}"
        hot = entries_of(self._client.xrange(keys.AUDIT, bottom, "+", count=limit))
        if hot and hot[0].position[1] == following:
            return hot
        # Those between may have been packed a moment ago.
        return self.archive.since(following) or hot


_NOTHING, _TOKENS = NewEvent(0, [], []), TokenKeys()
_INTENTS = keys.AUDIT_INTENTS, keys.AUDIT_SETTLED


def _text(entry: Entry) -> EntryText:
    return entry if isinstance(entry, EntryText) else EntryText.of(entry)


def _asked(standing: Standing | None, tokens: dict[tuple[str, str], int]) -> list[Argument]:
    """Which token the script is to look at, of those that are numbered here, and when it began."""
    if standing is None or standing.is_known:
        return [0, 0]
    number = tokens.setdefault((standing.jti, standing.subject), len(tokens) + 1)
    return [number, standing.issued_s]


def _partition(ticket: _Ticket) -> int:
    """The partition that a ticket is for; -1: none."""
    return -1 if ticket.new is None else ticket.new.partition


def _terms(ticket: _Ticket) -> int:
    return 0 if ticket.new is None else ticket.new.terms
