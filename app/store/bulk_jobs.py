"""Bulk jobs as they are stored."""

from __future__ import annotations

import json
from typing import Any

from app.domain.bulk_job import BulkAction, BulkFilter, BulkJob, BulkRequest
from app.domain.pause import Pause
from app.domain.tag_expressions import TagClause
from app.store import codec, job_keys
from app.store.jobs import JobStore, take_access, values_of


class BulkJobStore(JobStore[BulkJob]):
    """Reads and writes bulk jobs."""

    keys = job_keys.BULK

    def dump(self, job: BulkJob) -> bytes:
        """Write a job as JSON."""
        values = values_of(job)
        values["position"] = job.position and [job.position[0], job.position[1].hex()]
        values["planned"] = [one.hex() for one in job.planned]
        if job.begins_ms is None:  # which earlier versions do not know
            del values["begins_ms"]
        return codec.dump_json(values)

    def load(self, job_id: bytes, raw: bytes) -> BulkJob:
        """Read a job."""
        values = json.loads(raw)
        request, position = values.pop("request"), values.pop("position")
        return BulkJob(
            job_id,
            _request(request),
            *take_access(values),
            planned=tuple(map(bytes.fromhex, values.pop("planned"))),
            position=position and (position[0], bytes.fromhex(position[1])),
            refusals=tuple((one, reason) for one, reason in values.pop("refusals")),
            **values,
        )


def _request(values: dict[str, Any]) -> BulkRequest:
    chosen = values["filter"]
    chosen["tags"] = tuple(chosen["tags"])
    chosen["metadata"] = tuple((name, value) for name, value in chosen["metadata"])
    chosen["clauses"] = tuple(
        TagClause(tuple(has), tuple(lacks)) for has, lacks in chosen["clauses"]
    )
    return BulkRequest(
        BulkAction(values["action"]),
        BulkFilter(**chosen),
        tuple(values["add"]),
        tuple(values["remove"]),
        Pause(**values.get("pause", {})),
    )
