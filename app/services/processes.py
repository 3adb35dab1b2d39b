"""Who is there: every process announces itself in the store, and reads there who else is.

The count of workers comes from here and not from RQ: it is right while the broker is away, after
it was flushed, and seconds after a worker was killed.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import operator
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from app.clock import Clock
from app.domain.partition_count import Count
from app.domain.process import DELIVER, UP, ProcessFacts, process_from_json
from app.errors import ExitStatus, StoreUnavailable
from app.store.growth import PartitionNumbers
from app.store.key_notes import KeyRefused
from app.store.processes import Heard, ProcessStore

log = logging.getLogger(__name__)

EVERY_S = 4.0
"""How often a process says that it is alive: an idle instance does little else."""

WARN_EVERY = 4
"""With which of these its log says again what is wrong with its settings; the first is one."""

ALIVE_MS = 10_000
"""How long it counts as alive after it has said so."""

DOUBT_S = 1.0
"""By so much longer than ``EVERY_S`` this process may be silent and nobody wonders."""

MOST_S = 60.0
"""For how long a store that was silent excuses others, at most."""

RESTORED = (
    "a backup was restored into the store while this process ran: what it knows is of before, so "
    "it ends at once, and is to be started again"
)

_given: list[str] = []


def end_at_once() -> None:
    """End this process without finishing anything: what it would write is of another store."""
    os._exit(ExitStatus.FAILED)


def name_process(name: str) -> None:
    """Give this process a name, 8 bytes in hex, that another one knows; else it chooses one."""
    _given.append(name)


@dataclass(frozen=True, slots=True)
class Seen:
    """The processes that a look at the store has found."""

    alive: tuple[ProcessFacts, ...]
    silent: tuple[tuple[float, str], ...]
    """Of those that fell silent without a word: how many seconds ago they last spoke, and roles."""

    def up_s(self, own_s: float) -> float:
        """For how long the instance runs, by the oldest process; ``own_s`` is this one's age."""
        return max(own_s, *(one.gauges.get(UP, 0.0) for one in self.alive), 0.0)

    def died(self, own_s: float) -> frozenset[str]:
        """The roles of those that have died since the instance was started."""
        up_s = self.up_s(own_s)
        return frozenset(role for silent_s, role in self.silent if silent_s < up_s)


class Silence:
    """For how long the store took no sign of life of this process: it took none of others either.

    So they are not dead as soon as it answers again; they have yet to say that they are alive.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._spoke_s = math.inf
        self._last_s, self._ended_s = 0.0, -math.inf

    def spoke(self) -> None:
        """This process has said that it is alive."""
        now_s = self._monotonic()
        if (lasted_s := self._overdue_s(now_s)) > DOUBT_S:
            self._last_s, self._ended_s = lasted_s, now_s
        self._spoke_s = now_s

    def excuses_ms(self) -> int:
        """By how much longer than ``ALIVE_MS`` others count as alive now."""
        now_s = self._monotonic()
        excused_s = overdue_s if (overdue_s := self._overdue_s(now_s)) > DOUBT_S else 0.0
        if now_s < self._ended_s + ALIVE_MS / 1000:
            excused_s = max(excused_s, self._last_s)
        return int(min(excused_s, MOST_S) * 1000)

    def _overdue_s(self, now_s: float) -> float:
        return now_s - self._spoke_s - EVERY_S


@dataclass(frozen=True, slots=True)
class ProcessService:
    """The processes that are alive, this one among them once it announces itself."""

    store: ProcessStore
    clock: Clock
    own: ProcessFacts
    name: str = field(default_factory=lambda: _given[-1] if _given else secrets.token_hex(8))
    warn: Callable[[], object] = lambda: None
    """Raises what is wrong with this process's settings, for its log."""

    gauges: Callable[[], Mapping[str, float]] = dict
    """What this process measures of itself, each time that it says that it is alive."""

    push: Callable[[], object] = lambda: None
    """Tells the store what this process has counted; may raise ``StoreUnavailable``."""

    partitions: Count = 0
    """How many partitions this process looks into."""

    follow: Callable[[PartitionNumbers], bool] = lambda _numbers: False
    """Has this process go by how the store is cut; tells whether it looks into more than before."""

    begun_s: float = field(default_factory=time.monotonic)
    """When this process began, on the monotonic clock."""

    silence: Silence = field(default_factory=Silence)

    fence: Callable[[], object] = end_at_once
    """Called when a backup was restored under this process: it must not go on."""

    def announce(self) -> Heard:
        """Say that this process is alive; raises ``StoreUnavailable``.

        Returns what it hears of the store.
        """
        up_s = round(time.monotonic() - self.begun_s, 1)
        partitions = operator.index(self.partitions)
        facts = replace(self.own, gauges={**self.gauges(), UP: up_s}, partitions=partitions)
        until_ms = self.clock.now_ms() + ALIVE_MS
        heard = self.store.announce(self.name, facts.to_json(), until_ms)
        self.silence.spoke()
        return heard

    def announce_until(self, stop: threading.Event) -> None:
        """Say so again and again until told to stop, then that this process is gone."""
        with contextlib.suppress(StoreUnavailable):
            self.store.forget_silent(self.clock.now_ms())
        begun_with: str | None = None
        for number in itertools.count():
            if stop.is_set():
                break
            with contextlib.suppress(StoreUnavailable):  # whoever needs the store warns of it
                heard = self.announce()
                if begun_with is None:
                    begun_with = heard.restored
                elif heard.restored != begun_with:
                    log.error(RESTORED)
                    self.fence()
                    break
                if self.follow(heard.numbers):
                    self.announce()  # somebody waits for that
                self.push()
                if number % WARN_EVERY == 0:
                    self._warn()
            stop.wait(EVERY_S)
        with contextlib.suppress(StoreUnavailable):
            self.store.gone(self.name)

    def _warn(self) -> None:
        try:
            self.warn()
        except KeyRefused as error:  # again and again; the log leaves most of it out
            log.error("%s", error.message)  # noqa: TRY400 - a sentence for the operator

    def bury(self, names: Iterable[str]) -> None:
        """Say of processes that were seen to end that they are gone: nobody waits for them."""
        with contextlib.suppress(StoreUnavailable):
            for name in names:
                self.store.gone(name)

    def start(self, stop: threading.Event) -> threading.Thread:
        """Announce this process in a thread of its own until told to stop."""
        thread = threading.Thread(
            target=self.announce_until, args=(stop,), name="announce", daemon=True
        )
        thread.start()
        return thread

    def alive(self) -> list[ProcessFacts]:
        """Return those that are alive; raises ``StoreUnavailable``."""
        found = self.store.alive(self.clock.now_ms())
        return [process_from_json(facts) for facts in found.values()]

    def seen(self) -> Seen:
        """Return those that are alive, and those that died lately; raises ``StoreUnavailable``."""
        now_ms = self.clock.now_ms()
        since_ms = now_ms - self.silence.excuses_ms()
        known = [(until, process_from_json(said)) for until, said in self.store.known().values()]
        return Seen(
            tuple(one for until_ms, one in known if until_ms >= since_ms),
            tuple(
                ((now_ms - until_ms + ALIVE_MS) / 1000, one.role)
                for until_ms, one in known
                if until_ms < since_ms
            ),
        )

    def known_keys(self) -> list[frozenset[bytes]]:
        """Return the keys that each process can decrypt with; raises ``StoreUnavailable``."""
        return [frozenset(map(bytes.fromhex, one.known_keys)) for one in self.alive()]

    def is_alive(self, name: str) -> bool:
        """Whether a process is alive; raises ``StoreUnavailable``."""
        return name == self.name or self.store.is_alive(name, self.clock.now_ms())

    def others(self, role: str) -> int:
        """How many others of a role are alive; raises ``StoreUnavailable``."""
        found = self.store.alive(self.clock.now_ms())
        others = [process_from_json(facts) for name, facts in found.items() if name != self.name]
        return sum(other.role == role for other in others)

    def workers(self) -> int:
        """How many delivery workers are alive; raises ``StoreUnavailable``."""
        return sum(process.role == DELIVER for process in self.alive())
