"""Tells listeners what has changed, if anybody listens to it.

None of it is needed for what is recorded: if the store is away, listeners are told nothing, and
nobody else notices. Nothing is asked of the store while nothing changes. What changes is compared
with what is listened to a moment later, by a thread of its own: so a listener hears all that
happens after it was let in, and nobody waits for it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from app.clock import Clock
from app.domain.event import Event
from app.domain.ids import to_text
from app.domain.occurrence import Occurrence
from app.errors import StoreUnavailable
from app.store.codec import dump_json
from app.store.live import CHANGE, LiveEntry, LiveStore
from app.store.live_keys import EVERYTHING, HINTED

log = logging.getLogger(__name__)

BATCH = 128

PAUSE_S = 0.03
"""How long news wait for others, if anybody listens to anything: longer than an outcome waits to be
recorded."""

LONG_PAUSE_S = 0.05
"""How long they wait if nobody does: each look costs a little of the interpreter."""

HINT_S = 1.0
"""Who only wants to know that something changes is told so once in this time: it costs nothing,
however much is delivered."""

MOST = 20_000
"""How many are kept while the store is away; listeners are told of no more than that."""

FORGET_S = 30.0
"""After so long what is listened to is read again, without those who have gone."""

Make = Callable[[], LiveEntry | list[LiveEntry] | None]
"""Makes what listeners are told; ``None``: nothing."""


class LiveChanges:
    """What one process tells; any of its threads may."""

    def __init__(self, store: LiveStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: deque[tuple[Sequence[str] | None, Make]] = deque(maxlen=MOST)
        self._executor = ThreadPoolExecutor(1, "live-changes")
        self._is_at_work = False
        self._beginning = threading.Lock()
        self._closing = threading.Event()
        self._version: bytes | None = None
        self._interest: frozenset[str] = frozenset()
        self._read_s = 0.0
        self._hinted: set[str] = set()
        """The tags of what has changed since the last hint."""
        self._has_hint = False
        self._hinted_s = 0.0

    def put(self, tags: Sequence[str] | None, make: Make) -> None:
        """Tell this soon, if somebody listens; ``tags`` are its own, ``None`` if not known yet."""
        self._waiting.append((tags, make))
        if not self._is_at_work and self._begins():
            with contextlib.suppress(RuntimeError):  # this process ends, and tells nothing more
                self._executor.submit(self._work)

    def occurrence(self, one: Occurrence) -> None:
        """An occurrence has another status."""
        self.put(one.tags, partial(_entry, one))

    def occurrences(self, read: Callable[[], Iterable[Occurrence | None]]) -> None:
        """Many occurrences have other statuses; they are read only if somebody listens."""
        self.put(None, lambda: [_entry(one) for one in read() if one is not None])

    def written(self, action: str, event: Event) -> None:
        """An event was written, one of many; else as ``event``."""
        self.put(event.tags, partial(_written, action, event))

    def event(self, action: str, answer: bytes | Any) -> None:
        """An event was written, as in ``event.update``; ``answer`` is it as JSON, read or not."""
        self.put(None, partial(_event, action, answer))

    def close(self) -> None:
        """Tell what is to be told now, and end the thread; what changes later is not told."""
        self._closing.set()
        self._executor.shutdown()

    def _begins(self) -> bool:
        """Whether the work is not begun yet: one thread at a time is told so, and has to do it."""
        with self._beginning:
            is_first, self._is_at_work = not self._is_at_work, True
            return is_first

    def _work(self) -> None:
        while True:
            self._closing.wait(PAUSE_S if self._interest else LONG_PAUSE_S)
            if self._is_last():
                self._closing.set()
            # Whoever puts something from here on may begin this anew, and then goes on with it.
            self._is_at_work = False
            if not (self._waiting or self._has_hint) or not self._begins():
                return
            waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
            try:
                self._refresh()
                if self._interest:
                    self._tell(waiting)
                self._hint()
            except StoreUnavailable:
                self._has_hint = False
                if not self._closing.is_set():
                    log.warning("listeners are not told of changes while the store is away")
            except Exception:  # what changes must not depend on who listens
                log.exception("listeners could not be told of changes")

    def _is_last(self) -> bool:
        """Whether the process ends, and waits for this: it lets nothing more be begun."""
        try:
            self._executor.submit(int)
        except RuntimeError:
            return True
        return False

    def _refresh(self) -> None:
        version, now_s = self._store.interest_version(), time.monotonic()
        if version != self._version or (version and now_s > self._read_s + FORGET_S):
            self._interest = self._store.interest(self._clock.now_ms())
            self._version, self._read_s = version, now_s

    def _concerns(self, tags: Sequence[str] | None) -> bool:
        interest = self._interest
        return tags is None or EVERYTHING in interest or not interest.isdisjoint(tags)

    def _tell(self, waiting: Iterable[tuple[Sequence[str] | None, Make]]) -> None:
        entries = []
        for tags, make in waiting:
            made = make() if self._concerns(tags) else None
            for one in made if isinstance(made, list) else [made]:
                if one is not None and self._concerns(one.tags):
                    entries.append(one)
                if one is not None or tags is not None:
                    self._hinted.update(one.tags if one is not None else tags or ())
                    self._has_hint = True
        for start in range(0, len(entries), BATCH):
            self._store.tell(entries[start : start + BATCH], self._clock.now_ms())

    def _hint(self) -> None:
        if HINTED not in self._interest:
            self._has_hint = False
            self._hinted.clear()
        elif self._has_hint:
            now_s = time.monotonic()
            if now_s >= self._hinted_s + HINT_S or self._closing.is_set():
                tags, self._hinted, self._has_hint = self._hinted, set(), False
                self._hinted_s = now_s
                self._store.hint(sorted(tags))


def _entry(one: Occurrence) -> LiveEntry:
    return LiveEntry(one.tags, CHANGE, occurrence_change(one))


def _written(action: str, event: Event) -> LiveEntry | None:
    tags = list(event.tags)
    return _event(action, {"id": to_text(event.id), "tags": tags, "status": event.status.value})


def _event(action: str, answer: bytes | Any) -> LiveEntry | None:
    event = json.loads(answer) if isinstance(answer, bytes) else answer
    if not isinstance(event, dict) or not isinstance(event.get("tags"), list):
        return None
    told = {"type": action, "event_id": event.get("id"), "tags": event["tags"]}
    told["status"] = "deleted" if action == "event.delete" else event.get("status")
    return LiveEntry(event["tags"], CHANGE, dump_json(told))


def occurrence_change(one: Occurrence) -> bytes:
    """What is told of an occurrence whose status has changed."""
    return status_change(
        one.event_id,
        one.id,
        one.tags,
        one.status.value,
        one.attempt_count,
        one.status_code,
        one.error_message,
    )


def status_change(
    event_id: bytes,
    occurrence_id: bytes,
    tags: Sequence[str],
    status: str,
    attempt: int,
    status_code: int | None,
    error_message: str | None,
) -> bytes:
    """What is told of a status: JSON."""
    return json.dumps(
        {
            "type": "occurrence",
            "event_id": to_text(event_id),
            "occurrence_id": to_text(occurrence_id),
            "tags": list(tags),
            "status": status,
            "attempt_count": attempt,
            "status_code": status_code,
            "error_message": error_message,
        }
    ).encode()
