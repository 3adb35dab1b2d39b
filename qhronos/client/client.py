"""The client, for programs that wait for each answer.

``qhronos/client/async_client.py`` is made of this file, see ``tests/qhronos/client/twin.py``.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Self

import httpx

from qhronos.bulk_models import Forecast
from qhronos.client import calls
from qhronos.client.administration import (
    Alerts,
    Audit,
    Calendars,
    Flows,
    SigningSecrets,
    Slos,
    Tokens,
)
from qhronos.client.bulk import BulkJobs
from qhronos.client.configuration import Configuration
from qhronos.client.resources import Events, Occurrences
from qhronos.client.retries import Retries
from qhronos.client.sending import Sender
from qhronos.client.stream import QUIET_S, ChangeReader
from qhronos.errors import Unreachable
from qhronos.models import Breaker, Change, Event, Outlook, Status
from qhronos.stats_models import Stats


class Client:
    """One token's view of one instance; use it as a context manager, or close it.

    ::

        with Client("https://qhronos.example.com", token) as client:
            client.events.create(name="renewal", delay="2s", webhook="https://example.com/")
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        timeout_s: float = 30.0,
        retries: Retries | None = None,
        verify: ssl.SSLContext | bool = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """``url`` and ``token`` are QHRONOS_URL and QHRONOS_TOKEN of the environment by default.

        ``timeout_s`` is for each step of a request. ``verify`` is a context of TLS that knows your
        own authority. ``transport`` is for tests. Raises ``NotConfigured``.
        """
        found = Configuration.of(url, token)
        self.url = found.url
        http = httpx.Client(**found.for_httpx(timeout_s, transport, verify))
        self._sender = Sender(http, retries or Retries())
        self.events = Events(self._sender)
        self.occurrences = Occurrences(self._sender)
        self.tokens = Tokens(self._sender)
        self.calendars = Calendars(self._sender)
        self.flows = Flows(self._sender)
        self.signing_secrets = SigningSecrets(self._sender)
        self.bulk_jobs = BulkJobs(self._sender)
        self.audit = Audit(self._sender)
        self.alerts = Alerts(self._sender)
        self.slos = Slos(self._sender)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._sender.http.close()

    def status(self) -> Status:
        """Say how the instance is."""
        return self._sender.send(calls.get("/status", calls.one(Status)))

    def server_time(self) -> datetime | None:
        """Ask for the clock of the service; to the second, ``None`` if it does not say."""
        return self._sender.send(calls.get("/health", calls.sent_at))

    def breakers(self) -> tuple[Breaker, ...]:
        """Name the targets whose circuit breaker is open."""
        found: list[Breaker] = []
        following: calls.Call[calls.Page[Breaker]] | None = calls.listed("/breakers", Breaker)
        while following is not None:
            page = self._sender.send(following)
            found.extend(page.items)
            following = page.following
        return tuple(found)

    def forecast(self) -> Forecast:
        """Say what is planned for each minute of the next 24 hours, by target."""
        return self._sender.send(calls.get("/forecast", calls.one(Forecast)))

    def stats(
        self,
        *,
        from_: Any = None,
        to: Any = None,
        step: str | None = None,
        group_by: str | None = None,
        tag: str | None = None,
        target: str | None = None,
        status: Any = None,
        limit: int | None = None,
    ) -> Stats:
        """Say what became of deliveries, how late they were and what receivers took.

        ``step`` is ``minute``, ``hour`` or ``day``, ``group_by`` is ``tag``, ``target`` or
        ``status``.
        """
        asked = {"from": from_, "to": to, "step": step, "group_by": group_by, "tag": tag}
        asked |= {"target": target, "status": status, "limit": limit}
        return self._sender.send(calls.get("/stats", calls.one(Stats), asked))

    def explain(
        self, *, count: int | None = None, from_: Any = None, to: Any = None, **draft: Any
    ) -> Outlook:
        """Say what a schedule would do that is not saved.

        It is a ``text`` in words, or a ``schedule`` with a ``start_time``; also ``timezone``.
        """
        asked = {"count": count, "from_": from_, "to": to}
        return self._sender.send(calls.ask("/preview", calls.one(Outlook), draft, asked))

    def event_pages(self, **filters: Any) -> Iterator[calls.Page[Event]]:
        """Go through events a page at a time, as ``events.list`` does.

        The ``cursor`` of a page, given as a filter, goes on after it, also in another process.
        """
        following: calls.Call[calls.Page[Event]] | None = calls.listed("/events", Event, filters)
        while following is not None:
            page = self._sender.send(following)
            yield page
            following = page.following

    def audit_lines(self) -> Iterator[str]:
        """Go through the whole audit log, oldest first: one entry in JSON a line."""
        try:
            with self._sender.http.stream("GET", "/audit/export") as answer:
                if not answer.is_success:
                    answer.read()
                    raise calls.refused(answer)
                yield from answer.iter_lines()
        except httpx.TransportError as error:
            raise Unreachable(f"The audit log was cut off at {self.url} ({error}).") from error

    def changes(self, *, tags: Any = None, last_id: str | None = None) -> Iterator[Change]:
        """Hear what changes, from now on or from the change with ``last_id``.

        It ends when the connection does: raises ``Unreachable``, or just ends. Call it again with
        the ``id`` of the last change.
        """
        call = calls.get("/events/stream", lambda _: None, {"tags": tags})
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
        timeout = httpx.Timeout(10.0, read=QUIET_S)
        reader = ChangeReader()
        try:
            with self._sender.http.stream(
                "GET", call.path, params=list(call.params), headers=headers, timeout=timeout
            ) as answer:
                if not answer.is_success:
                    answer.read()
                    raise calls.refused(answer)
                for line in answer.iter_lines():
                    change = reader.feed(line)
                    if change is not None:
                        yield change
        except httpx.TransportError as error:
            raise Unreachable(f"The stream of {self.url} was cut off ({error}).") from error
