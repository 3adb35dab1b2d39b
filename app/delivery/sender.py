"""The sender: many requests at once, on libcurl's multi interface."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Any

import pycurl

from app.delivery.exchange import IDLE_S, KEPT_S, Exchange
from app.delivery.kept_connections import KeptConnections, peer_of
from app.delivery.request import Request
from app.delivery.resolver import ResolverProbe
from app.delivery.trust import trusted_certificates
from app.delivery.waiting import wait_for
from app.domain.addresses import TargetPolicy
from app.domain.outcome import LOCAL_FAULTS, MEMORY, Outcome, Timings

UNSENDABLE = "the target's URL or a header can't be sent"

MOST_ENDED = 16
"""How many outcomes one ``poll`` returns at most: the caller has other things to do as well."""

BLIND_WAIT_MS = 5
"""The longest wait when there are sockets that can't be polled."""


def _why_unsendable(error: Exception) -> tuple[str, str]:
    """The word and the sentence for a request that libcurl was not even given."""
    if isinstance(error, MemoryError) or (
        isinstance(error, pycurl.error) and error.args[0] == pycurl.E_OUT_OF_MEMORY
    ):
        return MEMORY, LOCAL_FAULTS[MEMORY]
    return "url", UNSENDABLE


class CurlSender:
    """Sends requests and returns their outcomes, in one thread; a failed request raises nothing.

    Connections and handles are reused. The loop calls ``perform``, which visits every request in
    flight, and not ``socket_action``, which calls Python three times for each request. Measured,
    ``perform`` is a quarter faster with 64 requests in flight, and a request that hangs costs it
    0.4 µs each time.

    A receiver may close a kept connection at the moment when the next request is under way. Nobody
    can tell whether it has read that request, so the attempt has failed (RFC 9112, section 9.3.1:
    what may change something is not sent again). A target that did so gets connections for one
    request each for a while.
    """

    def __init__(
        self,
        policy: TargetPolicy,
        max_in_flight: int,
        *,
        ca_file: str | None = None,
        own_port: int | None = None,
        kept_s: int = KEPT_S,
        idle_s: int = IDLE_S,
        max_connections: int | None = None,
        lookup: Callable[[str, None], object] = socket.getaddrinfo,
    ) -> None:
        """Make a sender for at most ``max_in_flight`` requests at once.

        ``ca_file`` is a PEM bundle of trusted authorities, the system's by default. Nothing is sent
        to ``own_port`` of this machine. A connection is used again until it is ``kept_s`` seconds
        old or has been idle for ``idle_s``; ``max_connections`` bounds those that are kept and in
        use together. ``lookup`` is what asks this host's name server whether it answers.
        """
        self._kept_s, self._idle_s = kept_s, idle_s
        self._own_port = own_port
        self._policy = policy
        self._max = max_in_flight
        self._ca_file = ca_file or trusted_certificates()
        self._idle: list[Exchange] = []
        self._active: dict[pycurl.Curl, Exchange] = {}
        self._kept = KeptConnections()
        self._new: list[Exchange] = []
        self._unsendable: list[tuple[Any, Outcome]] = []
        self._unresolved: list[tuple[Any, Outcome]] = []
        self._resolver = ResolverProbe(lookup)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, max_connections or 2 * max_in_flight)

    @property
    def in_flight(self) -> int:
        """How many requests are in flight."""
        return len(self._active) + len(self._unresolved)

    @property
    def room(self) -> int:
        """How many more requests may be started now."""
        return self._max - self.in_flight

    def start(self, token: Any, request: Request, *, due_us: int, now_us: int) -> None:
        """Start a request; ``poll`` returns its outcome with ``token``.

        ``due_us`` is when the attempt was to be made and ``now_us`` the present moment, both in
        microseconds since 1970. Raises ``RuntimeError`` if there is no room.
        """
        if self.in_flight >= self._max:
            raise RuntimeError("the sender is full: look at 'room' before starting")
        exchange = None
        try:
            exchange = self._idle.pop() if self._idle else self._new_exchange()
            kept = self._kept
            # (Without a body there is nothing that libcurl could not send again by itself.)
            fresh = not request.body or (kept.any_closing and kept.is_closing(peer_of(request.url)))
            exchange.begin(token, request, due_us, now_us, fresh=fresh)
            self._multi.add_handle(exchange.curl)
        except (pycurl.error, UnicodeError, TypeError, MemoryError) as error:
            if exchange is not None:
                self._idle.append(exchange)
            word, message = _why_unsendable(error)
            outcome = Outcome(Timings(due_us, now_us, now_us), error=word, error_message=message)
            self._unsendable.append((token, outcome))
            return
        self._active[exchange.curl] = exchange
        self._new.append(exchange)

    def _new_exchange(self) -> Exchange:
        made = Exchange(self._policy, self._ca_file, self._own_port)
        made.curl.setopt(pycurl.MAXLIFETIME_CONN, self._kept_s)
        made.curl.setopt(pycurl.MAXAGE_CONN, self._idle_s)
        return made

    def poll(self, max_wait_ms: float, also: Sequence[int] = ()) -> list[tuple[Any, Outcome]]:
        """Advance all requests and return those that ended; wait for at most ``max_wait_ms``.

        Returns early, perhaps with nothing, when a socket or one of the file descriptors ``also``
        has news.
        """
        ended = self._advance()
        if ended or max_wait_ms <= 0:
            return ended
        self._wait(max_wait_ms, also)
        return self._advance()

    def _advance(self) -> list[tuple[Any, Outcome]]:
        ended, self._unsendable = self._unsendable, []
        if self._new:
            self._avoid_closed()
        self._multi.perform()
        _, succeeded, failed = self._multi.info_read(MOST_ENDED)
        for curl in succeeded:
            ended.append(self._end(curl, 0))
        for curl, code, _ in failed:
            exchange = self._active[curl]
            if exchange.was_not_sent(code):
                # On a connection of its own, then.
                self._multi.remove_handle(curl)
                exchange.renew()
                self._multi.add_handle(curl)
            else:
                if code == pycurl.E_SEND_FAIL_REWIND:
                    self._kept.note_closing(peer_of(exchange.url))
                token, outcome = self._end(curl, code)
                if outcome.error == "dns":
                    self._resolver.ask()
                    self._unresolved.append((token, outcome))
                else:
                    ended.append((token, outcome))
        if self._unresolved:
            ended += self._judge_unresolved()
        return ended

    def _judge_unresolved(self) -> list[tuple[Any, Outcome]]:
        """Return the requests without an address, if it is known by now whose fault that is."""
        decided, fault = self._resolver.verdict()
        if not decided:
            return []
        judged, self._unresolved = self._unresolved, []
        if fault is None:
            return judged
        message = LOCAL_FAULTS[fault]
        return [
            (token, outcome._replace(error=fault, error_message=message))
            for token, outcome in judged
        ]

    def _avoid_closed(self) -> None:
        """Have the new requests to targets that have closed a connection not use another one."""
        closed = self._kept.closed()
        if closed:
            for exchange in self._new:
                if peer_of(exchange.url) in closed:
                    exchange.connect_fresh(fresh=True)
        self._new.clear()

    def _end(self, curl: pycurl.Curl, code: int) -> tuple[Any, Outcome]:
        exchange = self._active.pop(curl)
        if (fd := exchange.new_connection()) is not None:
            self._kept.add(fd, peer_of(exchange.url))
        self._multi.remove_handle(curl)
        outcome = exchange.finish(code)
        token, exchange.token = exchange.token, None
        self._idle.append(exchange)
        return token, outcome

    def _wait(self, max_wait_ms: float, also: Sequence[int]) -> None:
        readable, writable, _ = self._multi.fdset()
        wanted_ms = self._multi.timeout()
        if wanted_ms >= 0:
            max_wait_ms = min(max_wait_ms, wanted_ms)
        if len(readable) + len(writable) < len(self._active):
            # libcurl does not report sockets numbered 1024 and above.
            max_wait_ms = min(max_wait_ms, BLIND_WAIT_MS)
        wait_for([*readable, *also], writable, max_wait_ms)

    def abandon(self) -> list[Any]:
        """Break off all requests in flight and return their tokens.

        A receiver may have received, or may yet receive, an abandoned request.
        """
        tokens = []
        for curl, exchange in self._active.items():
            self._multi.remove_handle(curl)
            tokens.append(exchange.token)
            exchange.token = None
            self._idle.append(exchange)
        tokens += [token for token, _ in self._unresolved]
        self._active.clear()
        self._new.clear()
        self._unresolved.clear()
        return tokens

    def close(self) -> None:
        """Break off everything and free connections and handles. May be called twice."""
        self.abandon()
        for exchange in self._idle:
            exchange.curl.close()
        self._idle.clear()
        self._multi.close()
        self._kept.close()
