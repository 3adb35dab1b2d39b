"""Intents: what a request is about to change, noted in the store before the change is made.

A change and its entry in the audit log are two writes, and a process or the store may end between
them. So the first write of a request takes the intent with it, ahead of itself, on the same
connection: no change is without its intent. The step that adds the entry deletes the intent. What
is left after a while stands for a change that nobody can tell the outcome of.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from app.store import keys
from app.store.standing import Standing

Command = tuple[str | bytes, ...]

READING = frozenset(
    {
        *("EXISTS", "GET", "MGET", "PING", "TIME", "INFO", "SCRIPT LOAD", "MEMORY USAGE"),
        *("HGET", "HMGET", "HGETALL", "HKEYS", "HLEN", "HEXISTS", "HSCAN"),
        *("ZCARD", "ZCOUNT", "ZLEXCOUNT", "ZMSCORE", "ZRANGE", "ZRANGEBYLEX", "ZRANGEBYSCORE"),
        *("ZREVRANGE", "ZREVRANGEBYLEX", "ZREVRANGEBYSCORE", "ZSCAN", "ZSCORE"),
        *("XLEN", "XRANGE", "XREVRANGE", "SCAN", "TYPE", "SMEMBERS", "MULTI", "EXEC"),
    }
)
"""Commands that change nothing; any other may."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A new event as the script that creates it is given it: arguments, and fields of its hash."""

    partition: int
    head: list[bytes | str | int]
    fields: list[bytes | str | int]
    terms: int = 0
    """How many entries it has in the index of terms: what a call of the script costs."""


@dataclass(slots=True, eq=False)
class Intent:
    """What one request is about to change."""

    describe: Callable[[str | None], str]
    """Writes it as JSON, given what it is about (``None``: that is not known)."""
    since_ms: int
    about: str | None = None
    id: str = ""
    """Made when it is noted: most are not."""
    place: int | None = None
    """On a cluster, the number of the place where it is; see ``open_intents``."""
    create: Callable[[Any, NewEvent], str] | None = None
    """Writes a new event, given it in both forms, in one step with its entry in the audit log;
    answers as ``Saved``. ``None``: that is written by itself."""
    is_recorded: bool = False
    """Whether the entry is written."""
    is_noted: bool = False
    """Whether it may be in the store."""
    is_doubtful: bool = False
    """Whether something may have been changed though the request is refused."""
    standing: Standing | None = None
    """What is yet to be learnt of the token before anything is written; ``None``: nothing."""

    @property
    def name(self) -> str:
        """What it is called by who settles it; empty: it is not noted."""
        if not self.is_noted:
            return ""
        return self.id if self.place is None else f"{self.id}@{self.place}"

    def note(self) -> Command:
        """Return the command that notes it, which is now under way."""
        self.id = self.id or os.urandom(8).hex()
        self.is_noted = True
        value = f"{self.since_ms} {self.describe(self.about)}"
        return ("HSET", keys.AUDIT_INTENTS, self.id, value)


_current: ContextVar[Intent | None] = ContextVar("intent", default=None)


def created_with_entry(event: Callable[[], Any], new: Callable[[], NewEvent]) -> str | None:
    """Have a new event written with its entry; ``None``: that is not for this request."""
    intent = _current.get()
    if intent is None or intent.create is None or intent.is_recorded:
        return None
    return intent.create(event(), new())


@contextmanager
def for_all() -> Iterator[None]:
    """Take the request's intent off what is done within: it is done for several requests."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def intending(intent: Intent) -> Iterator[None]:
    """Have the first write of what is done within take an intent with it."""
    token = _current.set(intent)
    try:
        yield
    finally:
        _current.reset(token)


def concerns(about: str) -> None:
    """Say what the request is about to change, unless that is known."""
    intent = _current.get()
    if intent is not None and intent.about is None:
        intent.about = about


def ahead_of(command: str | bytes) -> Command | None:
    """Return the command that goes ahead of another: none if that only reads, or is not first.

    What follows once the entry is written belongs to it, and needs no intent.

    Nothing goes ahead of the store's word that the request's token is good: raises what
    ``Standing.ask`` does.
    """
    intent = _current.get()
    if intent is None or intent.is_noted or intent.is_recorded or command in READING:
        return None
    if intent.standing is not None:
        intent.standing.ask()
    return intent.note()


def noted_at(place: int) -> None:
    """Say where on a cluster the request's intent is."""
    intent = _current.get()
    if intent is not None:
        intent.place = place


def doubt() -> None:
    """Say that the request may have changed something, even if it is going to be refused.

    So it is when a command is repeated whose answer was lost, and when it is one of many.
    """
    intent = _current.get()
    if intent is not None:
        intent.is_doubtful = True
