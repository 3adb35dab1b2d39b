"""Sends messages to clients that are connected, through the store.

A message is sent when the store has passed it on to the process that has the connection. What the
client says of it comes later, as an acknowledgement does (see ``acknowledgements``).
"""

from __future__ import annotations

import time
from collections import deque
from typing import NamedTuple

from app.clock import Clock
from app.delivery.live_message import LiveMessage
from app.domain.outcome import CLIENT_BUSY, NO_CLIENT, PUT_OFF, Outcome, Timings
from app.engine.target_limits import InFlightRequest
from app.errors import StoreUnavailable
from app.store.channel import Channel
from app.store.connection import STORE_RETRY_MS
from app.store.live import BUSY, PASSED_ON, ClientMessage, offer_call

BATCH = 64
"""How many messages one call offers."""


class _Sending(NamedTuple):
    """A message that is being sent; the moments are microseconds."""

    token: InFlightRequest
    message: LiveMessage
    due_us: int
    started_us: int


class LiveSender:
    """Sends messages in the order in which they are started, some with each call of the store."""

    def __init__(self, channel: Channel, clock: Clock) -> None:
        self._channel = channel
        self._clock = clock
        self._waiting: deque[_Sending] = deque()
        self._sent: list[_Sending] = []
        self._not_before_s = 0.0

    @property
    def in_flight(self) -> int:
        """How many messages have no outcome yet."""
        return len(self._waiting) + len(self._sent)

    def filenos(self) -> tuple[int, ...]:
        """What to wait for."""
        fileno = self._channel.fileno() if self._channel.busy else None
        return () if fileno is None else (fileno,)

    def start(
        self, token: InFlightRequest, message: LiveMessage, *, due_us: int, now_us: int
    ) -> None:
        """Send a message soon; ``poll`` returns its outcome with ``token``."""
        self._waiting.append(_Sending(token, message, due_us, now_us))

    def poll(self) -> list[tuple[InFlightRequest, Outcome]]:
        """Go on, without waiting; returns the messages that ended, with outcomes."""
        if time.monotonic() < self._not_before_s:
            return []
        ended: list[tuple[InFlightRequest, Outcome]] = []
        try:
            if self._sent:
                answers = self._channel.receive()
                if answers is None:
                    return []
                now_us = self._clock.now_us()
                ended = [
                    (one.token, _outcome(one, int(answer), now_us))
                    for one, answer in zip(self._sent, answers, strict=True)
                ]
                self._sent = []
            if self._waiting:
                self._sent = [
                    self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))
                ]
                self._channel.send(offer_call([_offered(one.message) for one in self._sent]))
        except StoreUnavailable:
            # The call stays, and is made again; nothing can be recorded meanwhile anyway.
            self._not_before_s = time.monotonic() + STORE_RETRY_MS / 1000
        return ended

    def abandon(self) -> list[InFlightRequest]:
        """Break everything off; returns the tokens. Some of it may have been sent."""
        tokens = [one.token for one in (*self._sent, *self._waiting)]
        self._sent = []
        self._waiting.clear()
        self._channel.close()
        return tokens


def _offered(message: LiveMessage) -> ClientMessage:
    return ClientMessage(message.client_name, message.tags, message.content)


def _outcome(one: _Sending, answer: int, now_us: int) -> Outcome:
    timings = Timings(one.due_us, one.started_us, now_us)
    if answer == PASSED_ON:
        return Outcome(timings, ack_required=True, ack_ms=one.message.timeout_ms)
    if answer == BUSY:
        return Outcome(timings, error=CLIENT_BUSY, error_message=PUT_OFF[CLIENT_BUSY])
    name = one.message.client_name
    return Outcome(
        timings,
        error=NO_CLIENT,
        error_message=f"no client is connected as {name} whose token may have it",
    )
