"""What the API has, as methods: events and occurrences.

It is made of its twin, see ``tests/qhronos/client/twin.py``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, TypeVar

from qhronos.bulk_models import Backfill, RotatedSecret
from qhronos.client import calls
from qhronos.client.batches import answered, batches
from qhronos.client.sending import AsyncSender
from qhronos.models import (
    Attempt,
    Created,
    Event,
    ImportJob,
    ImportLine,
    Occurrence,
    Planned,
    RedeliveryJob,
)

T = TypeVar("T")


class AsyncResource:
    """A part of the API."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def _send(self, call: calls.Call[T]) -> T:
        return await self._sender.send(call)

    async def _each(self, call: calls.Call[calls.Page[T]]) -> AsyncIterator[T]:
        """Go through a list to its end, a page at a time."""
        following: calls.Call[calls.Page[T]] | None = call
        while following is not None:
            page = await self._send(following)
            for one in page.items:
                yield one
            following = page.following


class AsyncEvents(AsyncResource):
    """``client.events``: what is delivered, when and where."""

    async def create(
        self,
        event: Mapping[str, Any] | None = None,
        /,
        *,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Event:
        """Create an event from the fields of the API, as in ``create(name="x", delay="2s", …)``.

        It is created once, however often it has to be sent: by ``idempotency_key``, or by one that
        is made for this call.
        """
        body = {**(event or {}), **fields}
        return await self._send(calls.post("/events", calls.event, body, key=idempotency_key))

    async def create_many(
        self,
        events: Iterable[Mapping[str, Any]],
        *,
        atomic: bool = False,
        idempotency_key: str | None = None,
    ) -> AsyncIterator[Created]:
        """Create any number of events, a thousand in a request; tell what became of each, in order.

        One that is refused does not stop the others. With ``atomic`` all of them, at most 1,000,
        are created or none is. Nothing is sent until the answer is gone through.
        """
        for batch in batches(events, atomic=atomic, key=idempotency_key):
            for one in await self._send(answered(batch)):
                yield one

    async def get(self, event_id: str) -> Event:
        """Read an event."""
        return await self._send(calls.get(calls.path("events", event_id), calls.event))

    async def get_by_key(self, key: str) -> Event:
        """Read the event that has a key of yours."""
        return await self._send(calls.get(calls.path("events", "by-key", key), calls.event))

    async def put(self, key: str, *, if_match: str | None = None, **fields: Any) -> Event:
        """Create the event that has a key of yours, or change it."""
        path = calls.path("events", "by-key", key)
        return await self._send(calls.put(path, calls.event, fields, if_match=if_match))

    async def update(self, event_id: str, *, if_match: str | None = None, **fields: Any) -> Event:
        """Change what is given, and keep the rest; ``None`` clears a field.

        With ``if_match``, the ``etag`` of an event, raises ``StaleVersion`` if it has changed.
        """
        path = calls.path("events", event_id)
        return await self._send(calls.put(path, calls.event, fields, if_match=if_match))

    async def difference(self, event_id: str, **fields: Any) -> Mapping[str, Any]:
        """Say which occurrences ``update`` would have ``added``, ``removed`` and ``moved``."""
        path = calls.path("events", event_id)
        return await self._send(calls.put(path, calls.document, fields, params={"dry_run": True}))

    async def delete(self, event_id: str, *, if_match: str | None = None) -> None:
        """Delete an event. Its records stay readable."""
        return await self._send(calls.delete(calls.path("events", event_id), if_match=if_match))

    async def delete_by_key(self, key: str) -> None:
        """Delete the event that has a key of yours."""
        return await self._send(calls.delete(calls.path("events", "by-key", key)))

    def list(self, **filters: Any) -> AsyncIterator[Event]:
        """Go through the events that fit the filters of ``GET /events``, newest first."""
        return self._each(calls.listed("/events", Event, filters))

    def occurrences(self, event_id: str, *, limit: int | None = None) -> AsyncIterator[Occurrence]:
        """Go through an event's occurrences, newest scheduled first; ``limit`` is of a page."""
        path = calls.path("events", event_id, "occurrences")
        return self._each(calls.listed(path, Occurrence, {"limit": limit}))

    async def pause(self, event_id: str, *, until: Any = None, note: str | None = None) -> Event:
        """Schedule nothing more, until somebody resumes it or that time comes."""
        body = {name: one for name, one in (("until", until), ("note", note)) if one is not None}
        return await self._send(
            calls.post(calls.path("events", event_id, "pause"), calls.event, body)
        )

    async def resume(self, event_id: str) -> Event:
        """Go on with the next future occurrence."""
        return await self._send(calls.post(calls.path("events", event_id, "resume"), calls.event))

    async def trigger(self, event_id: str, *, idempotency_key: str | None = None) -> Occurrence:
        """Deliver now, beside the schedule."""
        path = calls.path("events", event_id, "trigger")
        return await self._send(calls.post(path, calls.one(Occurrence), key=idempotency_key))

    async def preview(
        self, event_id: str, *, count: int | None = None, from_: Any = None, to: Any = None
    ) -> tuple[Planned, ...]:
        """Say when an event will fire: ten times, or ``count``."""
        path = calls.path("events", event_id, "preview")
        asked = {"count": count, "from_": from_, "to": to}
        return await self._send(calls.get(path, calls.several(Planned), asked))

    async def import_calendar(
        self, file: bytes, **asked: Any
    ) -> ImportJob | tuple[ImportLine, ...]:
        """Make or change an event of each entry of an iCalendar file; a large one makes a job."""
        return await self._send(calls.calendar_file(file, asked))

    async def import_job(self, job_id: str) -> ImportJob:
        """Say how far an import has come."""
        return await self._send(calls.get(calls.path("imports", job_id), calls.one(ImportJob)))

    def import_jobs(self) -> AsyncIterator[ImportJob]:
        """Go through imports in the background, newest first."""
        return self._each(calls.listed("/imports", ImportJob))

    async def cancel_import(self, job_id: str) -> ImportJob:
        """Stop an import. What it has written stays."""
        path = calls.path("imports", job_id, "cancel")
        return await self._send(calls.post(path, calls.one(ImportJob)))

    def import_lines(self, job_id: str) -> AsyncIterator[ImportLine]:
        """Go through what became of each entry."""
        return self._each(calls.listed(calls.path("imports", job_id, "entries"), ImportLine))

    async def count_to_backfill(self, event_id: str, *, from_: Any, to: Any) -> Backfill:
        """Say how many occurrences ``backfill`` would add."""
        path = calls.path("events", event_id, "backfill")
        body = {"from": from_, "to": to}
        return await self._send(calls.ask(path, calls.one(Backfill), body, {"dry_run": True}))

    async def backfill(
        self, event_id: str, *, from_: Any, to: Any, idempotency_key: str | None = None
    ) -> Backfill:
        """Add the occurrences that the schedule would have had in a past range."""
        path = calls.path("events", event_id, "backfill")
        body = {"from": from_, "to": to}
        return await self._send(calls.post(path, calls.one(Backfill), body, key=idempotency_key))

    async def rotate_secret(
        self,
        event_id: str,
        *,
        secret: str | None = None,
        overlap: Any = None,
        idempotency_key: str | None = None,
    ) -> RotatedSecret:
        """Give an event another signing secret; without ``secret`` the service makes one.

        The one before signs beside it for ``overlap``, a day by default.
        """
        path = calls.path("events", event_id, "rotate-secret")
        body = calls.filters({"secret": secret, "overlap": overlap})
        return await self._send(
            calls.post(path, calls.one(RotatedSecret), body, key=idempotency_key)
        )

    async def rotate_secrets(
        self,
        tags: Iterable[str],
        *,
        secret: str | None = None,
        overlap: Any = None,
        idempotency_key: str | None = None,
    ) -> RotatedSecret:
        """Give all events with these tags, at most 1,000, one new secret; see ``rotate_secret``."""
        body = calls.filters({"secret": secret, "overlap": overlap})
        read, asked = calls.one(RotatedSecret), {"tags": tuple(tags)}
        call = calls.post("/events/rotate-secret", read, body, key=idempotency_key, params=asked)
        return await self._send(call)


class AsyncOccurrences(AsyncResource):
    """``client.occurrences``: events at one time, and what became of them."""

    async def get(self, occurrence_id: str) -> Occurrence:
        """Read an occurrence."""
        path = calls.path("occurrences", occurrence_id)
        return await self._send(calls.get(path, calls.one(Occurrence)))

    def list(self, **filters: Any) -> AsyncIterator[Occurrence]:
        """Go through the occurrences that fit the filters of ``GET /occurrences``.

        At least one is needed: ``tags``, ``status``, ``event_id``, ``from_``, ``to``.
        """
        return self._each(calls.listed("/occurrences", Occurrence, filters))

    async def attempts(self, occurrence_id: str) -> tuple[Attempt, ...]:
        """Read its newest hundred attempts, oldest first."""
        path = calls.path("occurrences", occurrence_id, "attempts")
        return await self._send(calls.get(path, calls.several(Attempt)))

    async def redeliver(
        self, occurrence_id: str, *, as_new: bool = False, idempotency_key: str | None = None
    ) -> Occurrence:
        """Deliver again what is over; ``as_new`` gives it another ``webhook-id``."""
        path = calls.path("occurrences", occurrence_id, "retry")
        body = {"webhook_id": "new" if as_new else "same"}
        return await self._send(calls.post(path, calls.one(Occurrence), body, key=idempotency_key))

    async def count_to_redeliver(self, **filters: Any) -> int:
        """Say how many ``redeliver_many`` would redeliver."""
        body = {"filter": calls.filters(filters), "dry_run": True}
        return await self._send(calls.ask("/occurrences/retry", calls.count, body))

    async def redeliver_many(
        self,
        *,
        order: str | None = None,
        rate: str | None = None,
        stop_at_error_rate: float | None = None,
        idempotency_key: str | None = None,
        **filters: Any,
    ) -> RedeliveryJob:
        """Redeliver all that fit the filters, in the background."""
        chosen = {"order": order, "rate": rate, "stop_at_error_rate": stop_at_error_rate}
        given = {name: one for name, one in chosen.items() if one is not None}
        body = {"filter": calls.filters(filters), **given}
        read = calls.one(RedeliveryJob)
        return await self._send(calls.post("/occurrences/retry", read, body, key=idempotency_key))

    async def redelivery(self, job_id: str) -> RedeliveryJob:
        """Say how far a job has come."""
        return await self._send(calls.get(calls.path("retries", job_id), calls.one(RedeliveryJob)))

    def redeliveries(self) -> AsyncIterator[RedeliveryJob]:
        """Go through such jobs, newest first."""
        return self._each(calls.listed("/retries", RedeliveryJob))

    async def cancel_redelivery(self, job_id: str) -> RedeliveryJob:
        """Stop a job. What it has redelivered stays so."""
        path = calls.path("retries", job_id, "cancel")
        return await self._send(calls.post(path, calls.one(RedeliveryJob)))

    async def acknowledge(self, webhook_id: str, ack_token: str) -> Occurrence:
        """Complete what a receiver has answered with ``Qhronos-Ack: required``."""
        path = calls.path("occurrences", webhook_id, "ack")
        return await self._send(calls.of_delivery(path, ack_token, {}))

    async def refuse(
        self, webhook_id: str, ack_token: str, *, error: str = "", retry: bool = True
    ) -> Occurrence:
        """Say that such a delivery failed, why, and whether it is to be tried again."""
        path = calls.path("occurrences", webhook_id, "nack")
        body = {"retry": retry, **({"error": error} if error else {})}
        return await self._send(calls.of_delivery(path, ack_token, body))
