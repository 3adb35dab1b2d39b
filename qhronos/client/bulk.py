"""One action on many events, in the background.

``qhronos/client/async_bulk.py`` is made of this file, see ``tests/qhronos/client/twin.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qhronos.bulk_models import BulkCount, BulkJob
from qhronos.client import calls
from qhronos.client.resources import Resource


class BulkJobs(Resource):
    """``client.bulk_jobs``: delete, pause, resume or retag all events that a filter means."""

    def count(self, action: str, filter_: Mapping[str, Any], **options: Any) -> BulkCount:
        """Say how many events ``start`` would be about, and name some."""
        body = {"action": action, "filter": filter_, **options, "dry_run": True}
        return self._send(calls.ask("/events/bulk", calls.one(BulkCount), body))

    def start(
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
        return self._send(calls.post("/events/bulk", read, body, key=idempotency_key))

    def get(self, job_id: str) -> BulkJob:
        """Say how far a job has come."""
        return self._send(calls.get(calls.path("bulk-jobs", job_id), calls.one(BulkJob)))

    def list(self) -> Iterator[BulkJob]:
        """Go through the jobs, newest first."""
        return self._each(calls.listed("/bulk-jobs", BulkJob))

    def cancel(self, job_id: str) -> BulkJob:
        """Stop a job. What it has changed stays so."""
        path = calls.path("bulk-jobs", job_id, "cancel")
        return self._send(calls.post(path, calls.one(BulkJob)))
