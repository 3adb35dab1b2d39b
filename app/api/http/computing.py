"""How much one tenant may have an API process compute: schedules that are costly, by their steps.

A limit on requests counts a costly preview like any other, and a few of those at once would take
all processors from deliveries. What most requests compute, ``FREE`` steps, counts for nothing.
Beyond it each tenant has a share, which fills up again; the operator's own token has no bound.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from flask import Flask, Response, g

from app.api.http.auth import access
from app.domain import budget
from app.domain.access import MASTER
from app.errors import TooBusy, Unauthenticated
from app.planning.limits import WRITING

FREE = 10_000
"""What one request may compute for nothing, in steps."""

MOST = 4 * WRITING
"""What one tenant may compute at once, in steps: so many of the worst requests."""

STEPS_A_SECOND = 100_000
"""How fast a share fills up: a tenth of one processor or less."""


class Shares:
    """The shares of all tenants in one process, in steps."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` counts seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._owed: dict[str, tuple[float, float]] = {}
        """Steps that a tenant has used of its share, and when that was so."""

    def take(self, tenant: str, steps: int) -> None:
        """Take steps from a share; raises ``TooBusy`` if it has not so many."""
        with self._lock:
            now = self._clock()
            owed = self._owes(tenant, now)
            if owed + steps > MOST:
                raise TooBusy
            if len(self._owed) > 1_000:
                self._forget_full(now)
            self._owed[tenant] = (owed + steps, now)

    def give_back(self, tenant: str, steps: int) -> None:
        """Put back what was not used after all."""
        with self._lock:
            now = self._clock()
            self._owed[tenant] = (max(self._owes(tenant, now) - steps, 0.0), now)

    def _owes(self, tenant: str, now: float) -> float:
        owed, since = self._owed.get(tenant, (0.0, now))
        return max(owed - (now - since) * STEPS_A_SECOND, 0.0)

    def _forget_full(self, now: float) -> None:
        for tenant in [one for one in self._owed if not self._owes(one, now)]:
            del self._owed[tenant]


class _Counted:
    """One request: it takes what the worst costs, and gives the rest back when it has ended."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._tenant: str | None = None
        self._spent, self._token = budget.count(FREE, self._take)

    def _take(self) -> None:
        try:
            asker = access()
        except Unauthenticated:
            return
        if asker is MASTER:
            return
        self._shares.take(asker.subject, WRITING)
        self._tenant = asker.subject

    def end(self) -> None:
        budget.count_no_more(self._token)
        if self._tenant is not None:
            spent = budget.UNLIMITED - self._spent.left
            self._shares.give_back(self._tenant, WRITING - spent)


def register_shares(app: Flask) -> None:
    """Count what each request computes."""
    shares = Shares()

    def begin() -> Response | None:
        g.counted = _Counted(shares)
        return None

    def end(_error: BaseException | None) -> None:
        counted = g.pop("counted", None)
        if counted is not None:
            counted.end()

    app.before_request(begin)
    app.teardown_request(end)
