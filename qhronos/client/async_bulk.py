"""One action on many events, in the background.

It is made of its twin, see ``tests/qhronos/client/twin.py``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from qhronos.bulk_models import BulkCount, BulkJob
from qhronos.client import calls
from qhronos.client.async_resources import AsyncResource


class AsyncBulkJobs(AsyncResource):
    """``client.bulk_jobs``: delete, pause, resume or retag all events that a filter means."""

    async def count(self, action: str, filter_: Mapping[str, Any], **options: Any) -> BulkCount:
        """Say how many events ``start`` would be about, and name some."""
        body = {"action": action, "filter": filter_, **options, "dry_run": True}
        return await self._send(calls.ask("/events/bulk", calls.one(BulkCount), body))

    async def start(
        self,
        action: str,
        filter_: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> BulkJob:
        """Start a job, as in ``start("retag", {"tags": ["a"]}, add_tags=["b"])``.

        ``until`` and ``note`` are for ``pause``, ``add_tags`` and ``remove_tags`` for ``retag``.
        """
        body = {"action": action, "filter": filter_, **options}
        read = calls.one(BulkJob)
        return await self._send(calls.post("/events/bulk", read, body, key=idempotency_key))

    async def get(self, job_id: str) -> BulkJob:
        """Say how far a job has come."""
        return await self._send(calls.get(calls.path("bulk-jobs", job_id), calls.one(BulkJob)))

    def list(self) -> AsyncIterator[BulkJob]:
        """Go through the jobs, newest first."""
        return self._each(calls.listed("/bulk-jobs", BulkJob))

    async def cancel(self, job_id: str) -> BulkJob:
        """Stop a job. What it has changed stays so."""
        path = calls.path("bulk-jobs", job_id, "cancel")
        return await self._send(calls.post(path, calls.one(BulkJob)))
