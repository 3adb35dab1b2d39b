"""Bulk jobs as they are stored."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from app.domain.access import MASTER, Access, Credential
from app.domain.bulk_job import BulkAction, BulkFilter, BulkJob, BulkRequest
from app.domain.tag_expressions import TagClause
from app.store import codec, job_keys
from app.store.jobs import JobStore


class BulkJobStore(JobStore[BulkJob]):
    """Reads and writes bulk jobs."""

    keys = job_keys.BULK

    def dump(self, job: BulkJob) -> bytes:
        """Write a job as JSON."""
        values: dict[str, Any] = asdict(job)
        del values["id"]
        values["access"]["scope"] = sorted(job.access.scope)
        values["position"] = job.position and [job.position[0], job.position[1].hex()]
        values["planned"] = [one.hex() for one in job.planned]
        return codec.dump_json(values)

    def load(self, job_id: bytes, raw: bytes) -> BulkJob:
        """Read a job."""
        values = json.loads(raw)
        request, access, position = (values.pop(one) for one in ("request", "access", "position"))
        credential = values.pop("credential")
        return BulkJob(
            job_id,
            _request(request),
            # The master token is known by being this very value.
            MASTER
            if credential is None
            else Access(access["subject"], access["level"], frozenset(access["scope"])),
            None if credential is None else Credential(**credential),
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
    )
