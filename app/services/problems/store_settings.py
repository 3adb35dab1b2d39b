"""The store's own settings under which what was accepted may get lost, and what is nearly full."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from app.errors import StoreUnavailable
from app.services.problems.problem import Problem, ProblemCode, StatusFigures
from app.store.server_state import ServerState

_log = logging.getLogger(__name__)

KEEP_S = 10.0
"""How long what was found is good for: nobody asks the server more often."""

NEARLY_FULL = 0.9


def problems_of_all(states: Mapping[str, ServerState]) -> Iterator[Problem]:
    """Answer what is wrong with any node of a cluster, each kind once; "" is the only server."""
    found: dict[ProblemCode, list[tuple[str, Problem]]] = {}
    for node, state in states.items():
        for problem in problems_of(state):
            if not node:
                yield problem
            else:
                found.setdefault(problem.code, []).append((node, problem))
    for some in found.values():
        node, problem = some[0]
        more = f" (and {len(some) - 1} more)" if len(some) > 1 else ""
        yield Problem(
            problem.code,
            _of(f"A node{more} of the store", problem.message),
            _of(f"The node {node}{more} of the store", problem.message),
        )


def _of(subject: str, sentence: str) -> str:
    """Say of a node what a sentence says of the store."""
    for name, other in (("The store", subject), ("the store", subject[0].lower() + subject[1:])):
        if name in sentence:
            return sentence.replace(name, other, 1)
    return sentence


def problems_of(state: ServerState) -> Iterator[Problem]:
    """Answer what is wrong with a server; what it does not say is not held against it."""
    if state.replica and state.is_cut_off:
        yield Problem(
            ProblemCode.STORE_REPLICA,
            "The store is a replica that has lost its primary: start the primary or fail over to "
            "another one, and let QHRONOS_REDIS_URL lead there.",
        )
    elif state.replica:
        yield Problem(
            ProblemCode.STORE_REPLICA,
            "The store is a replica: what is written to it gets lost; let QHRONOS_REDIS_URL lead "
            "to the primary.",
        )
    if state.limited and state.policy not in (None, "noeviction"):
        lost = f" (it has thrown {state.evicted} keys away)" if state.evicted else ""
        yield Problem(
            ProblemCode.STORE_EVICTS,
            f"When the store is full it throws events away{lost}: set its maxmemory-policy, now "
            f"{state.policy}, to noeviction.",
        )
    for message, named in state.sentinel_faults:
        advice = "mend that, as else nothing takes over from a store that fails."
        yield Problem(
            ProblemCode.STORE_SENTINELS,
            f"{message[:1].upper()}{message[1:]}: {advice}",
            f"{named[:1].upper()}{named[1:]}: {advice}",
        )
    if lacks := _lacks(state):
        yield Problem(ProblemCode.STORE_NOT_DURABLE, lacks)
    if not state.can_write:
        yield Problem(
            ProblemCode.STORE_DISK,
            "The store can't write its files: see its log, and give it a disk with room that it "
            "may write to.",
        )
    if state.max_bytes and state.used_bytes and state.used_bytes > NEARLY_FULL * state.max_bytes:
        per_cent = 100 * state.used_bytes // state.max_bytes
        limit = "maxmemory" if state.limited else "the memory of its host"
        yield Problem(
            ProblemCode.STORE_MEMORY,
            f"The store uses {per_cent} % of {limit}, and takes no events when that is full: raise "
            "it, or keep less (QHRONOS_RETENTION_…).",
        )


def _lacks(state: ServerState) -> str:
    """Say what of its data a server does not keep on disk."""
    advice = "set its appendonly to yes and its appendfsync to always"
    if state.append_only:
        if state.fsync != "no":
            return ""
        return f"The store loses up to half a minute in a crash (appendfsync no): {advice}."
    if state.append_only is None:
        return ""
    if state.snapshots:
        return f"The store keeps snapshots alone, and a crash loses what came since: {advice}."
    if state.snapshots is None:
        return f"The store writes no append-only file: {advice}."
    return f"The store keeps nothing on disk, and a restart loses every event: {advice}."


@dataclass(slots=True)
class StoreSettingsCheck:
    """Looks at the server now and then; the log says what is new."""

    read: Callable[[], Mapping[str, ServerState]]
    monotonic: Callable[[], float] = time.monotonic
    _found: tuple[Problem, ...] = ()
    _good_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, _figures: StatusFigures | None = None) -> tuple[Problem, ...]:
        """Answer what was wrong a moment ago."""
        with self._lock:
            if self.monotonic() >= self._good_until:
                self._look()
            return self._found

    def _look(self) -> None:
        try:
            found = tuple(problems_of_all(self.read()))
        except StoreUnavailable:
            return
        self._good_until = self.monotonic() + KEEP_S
        known = {problem.code for problem in self._found}
        for problem in found:
            if problem.code not in known:
                _log.warning("%s", problem.message)
        self._found = found
