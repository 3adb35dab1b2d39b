"""The sender of a drain: HTTP by one sender, messages to live connections by another.

The canary has a sender of its own. It goes to this machine, where the guard lets no other request
go; so its connections must not be used again for others.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.delivery.live_message import LiveMessage
from app.delivery.request import Request
from app.delivery.sender import CurlSender
from app.domain.action import CANARY
from app.domain.outcome import Outcome
from app.engine.announcer import Announcer
from app.engine.live_sender import LiveSender
from app.engine.target_limits import InFlightRequest

CANARY_LOOK_MS = 5
"""How often to look for the answer to a canary: while one is under way, a moment in a minute."""


class Senders:
    """A ``Sender`` of every kind of request. What begins is announced to listeners."""

    def __init__(
        self,
        http: CurlSender,
        live: LiveSender,
        announcer: Announcer,
        canary: CurlSender | None = None,
    ) -> None:
        """``canary`` sends the canary, if it is on."""
        self._http = http
        self._canary = canary
        self._live = live
        self._announcer = announcer

    @property
    def in_flight(self) -> int:
        """How many requests have no outcome yet."""
        canary = 0 if self._canary is None else self._canary.in_flight
        return self._http.in_flight + self._live.in_flight + canary

    def start(
        self, token: InFlightRequest, request: Request | LiveMessage, *, due_us: int, now_us: int
    ) -> None:
        """Start a request; ``poll`` returns its outcome with ``token``."""
        canary = self._canary
        if canary and isinstance(request, Request) and token.claim.action.kind == CANARY:
            canary.start(token, request, due_us=due_us, now_us=now_us)
            return
        self._announcer.begins(token.claim)
        if isinstance(request, LiveMessage):
            self._live.start(token, request, due_us=due_us, now_us=now_us)
        else:
            self._http.start(token, request, due_us=due_us, now_us=now_us)

    def poll(
        self, max_wait_ms: float, also: Sequence[int]
    ) -> list[tuple[InFlightRequest, Outcome]]:
        """Wait for at most ``max_wait_ms`` and return the requests that ended; see ``Sender``."""
        canaries: list[tuple[InFlightRequest, Outcome]] = []
        if self._canary is not None and self._canary.in_flight:
            canaries = self._canary.poll(0)
            max_wait_ms = 0 if canaries else min(max_wait_ms, CANARY_LOOK_MS)
        ended = self._poll(max_wait_ms, also)
        for token, outcome in ended:
            self._announcer.ended(token.claim, outcome)
        return canaries + ended

    def _poll(
        self, max_wait_ms: float, also: Sequence[int]
    ) -> list[tuple[InFlightRequest, Outcome]]:
        if not self._live.in_flight:
            return self._http.poll(max_wait_ms, also)
        if ended := self._live.poll():
            return ended + self._http.poll(0, also)
        return self._http.poll(max_wait_ms, (*also, *self._live.filenos())) + self._live.poll()

    def abandon(self) -> list[InFlightRequest]:
        """Break off every request in flight; returns their tokens."""
        canaries = [] if self._canary is None else self._canary.abandon()
        return self._http.abandon() + self._live.abandon() + canaries

    def close(self) -> None:
        """Close every connection."""
        self._announcer.close()
        self._live.abandon()
        self._http.close()
        if self._canary is not None:
            self._canary.close()
