"""The sender of a drain: HTTP by one sender, messages to live connections by another."""

from __future__ import annotations

from collections.abc import Sequence

from app.delivery.live_message import LiveMessage
from app.delivery.request import Request
from app.delivery.sender import CurlSender
from app.domain.outcome import Outcome
from app.engine.announcer import Announcer
from app.engine.live_sender import LiveSender
from app.engine.target_limits import InFlightRequest


class Senders:
    """A ``Sender`` of every kind of request. What begins is announced to listeners."""

    def __init__(self, http: CurlSender, live: LiveSender, announcer: Announcer) -> None:
        self._http = http
        self._live = live
        self._announcer = announcer

    @property
    def in_flight(self) -> int:
        """How many requests have no outcome yet."""
        return self._http.in_flight + self._live.in_flight

    def start(
        self, token: InFlightRequest, request: Request | LiveMessage, *, due_us: int, now_us: int
    ) -> None:
        """Start a request; ``poll`` returns its outcome with ``token``."""
        self._announcer.begins(token.claim)
        if isinstance(request, LiveMessage):
            self._live.start(token, request, due_us=due_us, now_us=now_us)
        else:
            self._http.start(token, request, due_us=due_us, now_us=now_us)

    def poll(
        self, max_wait_ms: float, also: Sequence[int]
    ) -> list[tuple[InFlightRequest, Outcome]]:
        """Wait for at most ``max_wait_ms`` and return the requests that ended; see ``Sender``."""
        ended = self._poll(max_wait_ms, also)
        for token, outcome in ended:
            self._announcer.ended(token.claim, outcome)
        return ended

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
        return self._http.abandon() + self._live.abandon()

    def close(self) -> None:
        """Close every connection."""
        self._announcer.close()
        self._live.abandon()
        self._http.close()
