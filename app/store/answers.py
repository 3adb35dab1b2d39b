"""Answers to requests that have an idempotency key, so that the same answer is given again.

The key is in the form of ``keys``, and it lasts a day::

    qh:{p}:answer:<key>               string  see below

Its value is one of these::

    ? <until, 13 digits> <by, 8> <at, 16 digits, us> <seed, 16> <digest, 16> <process, 8>  under way
    = <digest, 16> <the answer, encrypted>                                                 done

If what goes by its name can't be in all partitions, how many there are for new events stands behind
the process, in 4 digits: whoever takes it over puts what it makes where the first has put it.

A request that nobody does any more (its process is gone, or the time is over) is taken over by who
sends it again, with the moment and the seed of the first: what it makes can have the same ids. So
one that was taken for gone, and is only slow, makes nothing a second time. An earlier version does
not say which process it is.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from app.domain.ids import names_reach, place_of
from app.domain.once import KEPT_MS, Once, Repetition
from app.domain.partition_count import Count, PartitionsNow
from app.store import keys
from app.store.scripts import Argument, Scripts

HELD_MS = 60_000
"""After so long a request is given up: no process takes so long for one."""

_DIGEST = 16
_DONE = 1 + _DIGEST
_BY = slice(14, 22)
_AT = slice(22, 38)
_SEED = slice(38, 54)
_END = slice(54, 54 + _DIGEST)
_PROCESS = slice(54 + _DIGEST, 54 + _DIGEST + 8)
_PARTITIONS = slice(54 + _DIGEST + 8, None)


@dataclass(frozen=True, slots=True)
class Begun:
    """What stands under a key: it is ours to do (``repetition``), done (``answer``) or neither."""

    digest: bytes
    repetition: Repetition | None = None
    answer: bytes | None = None


class AnswerStore:
    """Notes which requests are done, and their answers. Every call raises ``StoreUnavailable``."""

    _partitions = PartitionsNow()

    def __init__(
        self,
        scripts: Scripts,
        partitions: Count,
        process: bytes = bytes(8),
        is_alive: Callable[[bytes], bool] = lambda _process: True,
    ) -> None:
        """``partitions`` take new events.

        ``process`` is the name of this one; ``is_alive`` asks for another one.
        """
        self._scripts = scripts
        self._partitions = partitions
        self._process = process
        self._is_alive = is_alive

    def begin(self, once: Once, now_ms: int, now_us: int) -> Begun:
        """Begin a request, unless it was begun before by a process that is still there."""
        until, by = b"%013d" % (now_ms + HELD_MS), secrets.token_bytes(8)
        mine = secrets.token_bytes(16) + once.digest + self._process
        partitions = self._partitions
        count = None if names_reach(partitions) else partitions
        fresh = b"?%b%b%016d%b%b" % (until, by, now_us, mine, _digits(count))

        def ask(gone: bytes) -> tuple[bool, bytes]:
            args: list[Argument] = [fresh, now_ms, until, by, KEPT_MS, gone, self._process]
            is_ours, found = self._scripts("begin_answer", [self._key(once)], args)
            return bool(is_ours), found

        is_ours, found = ask(b"")
        other = found[_PROCESS] if found.startswith(b"?") else b""
        if not is_ours and other and other != self._process and not self._is_alive(other):
            is_ours, found = ask(found[_BY])
        if not found.startswith(b"?"):
            return Begun(found[1:_DONE], answer=found[_DONE:])
        digest = found[_END]
        if not is_ours:
            return Begun(digest)
        count = int(found[_PARTITIONS] or 0) or None
        return Begun(digest, Repetition(int(found[_AT]), found[_SEED], found[_BY], count))

    def keep(self, once: Once, repetition: Repetition, answer: bytes) -> None:
        """Keep the answer of a request for a day."""
        self._end(once, repetition, b"=" + once.digest + answer)

    def forget(self, once: Once, repetition: Repetition) -> None:
        """Forget a request that has changed nothing: the key can be used again."""
        self._end(once, repetition, b"")

    def give_up(self, once: Once, repetition: Repetition) -> None:
        """Let who sends the request again do it: whether it has changed something is not known."""
        by = repetition.by
        mine = repetition.seed + once.digest + self._process
        count = _digits(repetition.partitions)
        value = b"?%013d%b%016d%b%b" % (0, by, repetition.at_us, mine, count)
        self._end(once, repetition, value)

    def _end(self, once: Once, repetition: Repetition, value: bytes) -> None:
        args: list[Argument] = [repetition.by, value, KEPT_MS]
        self._scripts("end_answer", [self._key(once)], args)

    def _key(self, once: Once) -> bytes:
        partition = place_of(zlib.crc32(once.name), self._partitions)
        return keys.prefix(partition) + b"answer:" + once.name


def _digits(partitions: int | None) -> bytes:
    return b"" if partitions is None else b"%04d" % partitions
