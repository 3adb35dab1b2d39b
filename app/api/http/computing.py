"""How much one tenant may have an API process compute: schedules that are costly, by their steps.

A limit on requests counts a costly preview like any other, and a few of those at once would take
all processors from deliveries. What most requests compute, ``FREE`` steps, counts for nothing.
Beyond it each tenant has a share, which fills up again; the operator's own token has no bound.

And beyond it requests take turns, whoever sends them: one computes, a few wait, more are refused.
Threads that compute share one processor and one interpreter. Many of them at once would finish no
sooner, and each would hold up every request that computes nothing.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

from flask import Flask, Response, g

from app.api.http.auth import access
from app.domain import budget
from app.domain.access import MASTER
from app.domain.shares import Shares
from app.errors import TooBusy, Unauthenticated
from app.planning.limits import WRITING

FREE = 10_000
"""What one request may compute for nothing, in steps."""

MOST = 4 * WRITING
"""What one tenant may compute at once, in steps: so many of the worst requests."""

EVERY = 1_000
PAUSE_S = 0.001
"""How often a costly request lets others have the interpreter and the processor, in steps, and for
how long: it takes about half of a processor. A thread that computes on and on lets go of the
interpreter only when it is made to, and then competes with those that waited."""

STEPS_A_SECOND = 100_000
"""How fast a share fills up: a tenth of one processor or less."""


WAIT_S = 10.0
"""How long a request waits for its turn: a turn is a tenth of a second, so that is for emergencies
such as a store that has gone away in the midst of one."""

OF_ONE_TENANT = 2
"""How many costly requests of one tenant are computed or wait."""


class Turns:
    """One costly request at a time in this process, and a bounded number that wait for it."""

    def __init__(self, places: int) -> None:
        """``places`` is how many threads may compute or wait for it."""
        self._places = places
        self._inside: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def take(self, tenant: str) -> None:
        """Wait for a turn, in the order of the lock; raises ``TooBusy`` if too many wait."""
        with self._lock:
            if self._inside.total() >= self._places or self._inside[tenant] >= OF_ONE_TENANT:
                raise TooBusy
            self._inside[tenant] += 1
        if not self._turn.acquire(timeout=WAIT_S):
            self._leave(tenant)
            raise TooBusy

    def give_back(self, tenant: str) -> None:
        """End a turn."""
        self._turn.release()
        self._leave(tenant)

    def _leave(self, tenant: str) -> None:
        with self._lock:
            self._inside[tenant] -= 1
            if not self._inside[tenant]:
                del self._inside[tenant]


class StepShares:
    """The shares of all tenants in one process, in steps."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` counts seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._shares = Shares[str](MOST, STEPS_A_SECOND)

    def take(self, tenant: str, steps: int) -> None:
        """Take steps from a share; raises ``TooBusy`` if it has not so many."""
        with self._lock:
            now_s = self._clock()
            if self._shares.left(tenant, now_s) < steps:
                raise TooBusy
            self._shares.take(tenant, steps, now_s)

    def give_back(self, tenant: str, steps: int) -> None:
        """Put back what was not used after all."""
        with self._lock:
            self._shares.give_back(tenant, steps, self._clock())


class _Counted:
    """One request: it takes what the worst costs, and gives the rest back when it has ended."""

    def __init__(self, shares: StepShares, turns: Turns) -> None:
        self._shares = shares
        self._turns = turns
        self._tenant: str | None = None
        self._turn_of: str | None = None
        self._spent, self._token = budget.count(FREE, self._take)

    def _take(self) -> int:
        """Be asked for more than what is free: take a turn, or pause within it."""
        if self._turn_of is not None:
            time.sleep(PAUSE_S)
            return EVERY
        try:
            asker = access()
        except Unauthenticated:
            return 0
        if asker is not MASTER:
            self._shares.take(asker.subject, WRITING)
            self._tenant = asker.subject
        turn_of = self._tenant or ""
        self._turns.take(turn_of)
        self._turn_of = turn_of
        return EVERY

    def end(self) -> None:
        budget.count_no_more(self._token)
        if self._turn_of is not None:
            self._turns.give_back(self._turn_of)
        if self._tenant is not None:
            spent = budget.UNLIMITED - self._spent.left
            self._shares.give_back(self._tenant, WRITING - spent)


def register_shares(app: Flask, threads: int) -> None:
    """Count what each request computes; half of so many threads are kept for what is cheap."""
    shares, turns = StepShares(), Turns(max(1, threads // 2))

    def begin() -> Response | None:
        g.counted = _Counted(shares, turns)
        return None

    def end(_error: BaseException | None) -> None:
        counted = g.pop("counted", None)
        if counted is not None:
            counted.end()

    app.before_request(begin)
    app.teardown_request(end)
