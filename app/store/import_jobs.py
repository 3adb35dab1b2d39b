"""Import jobs: their files, how far they have come, and what became of each entry."""

from __future__ import annotations

import hashlib
import json
import secrets
import zlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from app.domain.access import MASTER, Access, Credential
from app.domain.import_job import ImportJob
from app.domain.imports import ImportLine, ImportRequest
from app.store import codec, import_keys
from app.store.connection import StoreClient
from app.store.fields import JobField
from app.store.reading import lowest_score, oldest_before, oldest_until, read_hashes
from app.store.scripts import Argument, Scripts

FILE_MS = 86_400_000
"""How long a file is kept if its job does not end: that is for jobs whose creation failed."""


@dataclass(frozen=True, slots=True)
class StampedImport:
    """A job as it was read; it is written only if it still is."""

    job: ImportJob
    stamp: bytes


class ImportJobStore:
    """Reads and writes import jobs; those of one owner have an index of their own."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def save(self, job: ImportJob, stamp: bytes, look_ms: int) -> bytes | None:
        """Write a job that was read under a stamp (``b""``: create it).

        ``look_ms`` says when to continue it. Returns the new stamp; ``None`` if the job has
        changed meanwhile, and then nothing is written.
        """
        fresh = secrets.token_hex(8).encode()
        owner = circle_of(job.access)
        args: list[Argument] = [job.id, stamp, fresh, job.created_ms]
        args += [look_ms if job.is_running else "", job.ended_ms or "", _dump(job)]
        written = self._scripts(
            "save_job",
            [
                import_keys.job(job.id),
                import_keys.JOBS,
                import_keys.jobs_of(owner),
                import_keys.RUNNING,
                import_keys.running_of(owner),
                import_keys.ENDED,
            ],
            args,
        )
        return fresh if written else None

    def get_many(self, job_ids: Sequence[bytes]) -> list[StampedImport | None]:
        """Read jobs in order; ``None`` where there is none."""
        fields = (JobField.STAMP, JobField.JOB)
        rows = read_hashes(self._client, map(import_keys.job, job_ids), fields)
        return [
            None if raw is None else StampedImport(_load(one, raw), stamp or b"")
            for one, (stamp, raw) in zip(job_ids, rows, strict=True)
        ]

    def waiting(self, now_ms: int, limit: int) -> list[bytes]:
        """Running jobs that are to be continued, the longest waiting first."""
        return oldest_until(self._client, import_keys.RUNNING, now_ms, limit)

    def first_look_ms(self) -> int | None:
        """When the first of the running jobs is to be continued, ms UTC; ``None``: none runs."""
        return lowest_score(self._client, import_keys.RUNNING)

    def look_again(self, job_id: bytes, look_ms: int) -> None:
        """Say when to continue a running job of which nothing has changed."""
        self._client.zadd(import_keys.RUNNING, {job_id: look_ms}, xx=True)

    def running(self, access: Access) -> int:
        """How many jobs of an owner run."""
        return int(self._client.zcard(import_keys.running_of(circle_of(access))))

    def keep_file(self, job_id: bytes, data: bytes) -> None:
        """Keep the file of a job."""
        self._client.set(import_keys.file(job_id), zlib.compress(data), px=FILE_MS)

    def file(self, job_id: bytes) -> bytes | None:
        """Read the file of a job; ``None`` if it is not kept any more."""
        found = cast("bytes | None", self._client.get(import_keys.file(job_id)))
        return None if found is None else zlib.decompress(found)

    def drop_file(self, job_id: bytes) -> None:
        """Delete what is needed only while a job runs."""
        self._client.delete(import_keys.file(job_id), import_keys.seen(job_id))

    def note_seen(self, job_id: bytes, uids: Collection[bytes]) -> None:
        """Note UIDs that the file has."""
        if uids:
            pipe = self._client.pipeline()
            pipe.sadd(import_keys.seen(job_id), *uids)
            pipe.pexpire(import_keys.seen(job_id), FILE_MS)
            pipe.execute()

    def have_seen(self, job_id: bytes, uids: Sequence[bytes]) -> list[bool]:
        """Whether the file has each of these UIDs."""
        if not uids:
            return []
        found = self._client.smismember(import_keys.seen(job_id), list(uids))
        return [bool(one) for one in cast("list[int]", found)]

    def put_lines(self, job_id: bytes, place: str, lines: Sequence[ImportLine]) -> None:
        """Keep what became of the entries at a place; those that were there are replaced."""
        text = json.dumps([_line(one) for one in lines], ensure_ascii=False).encode()
        self._client.hset(import_keys.lines(job_id), place, zlib.compress(text))

    def lines(self, job_id: bytes) -> list[ImportLine]:
        """Read what became of the entries, in the order of their places."""
        found = cast("dict[bytes, bytes]", self._client.hgetall(import_keys.lines(job_id)))
        return [
            _line_from(one)
            for place in sorted(found)
            for one in json.loads(zlib.decompress(found[place]))
        ]

    def forget_ended(self, before_ms: int, limit: int) -> int:
        """Forget jobs that ended before a moment; fewer than ``limit``: none is left."""
        old = oldest_before(self._client, import_keys.ENDED, before_ms, limit)
        pipe = self._client.pipeline()
        for one, stamped in zip(old, self.get_many(old), strict=True):
            if stamped is not None:
                pipe.zrem(import_keys.jobs_of(circle_of(stamped.job.access)), one)
            pipe.delete(import_keys.job(one), import_keys.lines(one), import_keys.file(one))
            pipe.zrem(import_keys.JOBS, one)
            pipe.zrem(import_keys.ENDED, one)
        if old:
            pipe.execute()
        return len(old)


def circle_of(access: Access) -> str:
    """A word for the jobs that a token sees: those of its own ``sub`` and scope."""
    if access.is_admin:
        return "admin"
    tags = codec.join_tags(sorted(access.scope))
    own = access.subject.encode() + b"\n" + tags
    return hashlib.blake2b(own, digest_size=16).hexdigest()


def _line(line: ImportLine) -> list[Any]:
    event_id = None if line.event_id is None else line.event_id.hex()
    place = [line.uid, line.recurrence_id, line.line]
    return [line.outcome, line.name, *place, event_id, line.reason, line.notices]


def _line_from(values: list[Any]) -> ImportLine:
    outcome, name, uid, recurrence_id, line, event_id, reason, notices = values
    raw = None if event_id is None else bytes.fromhex(event_id)
    return ImportLine(outcome, name, uid, recurrence_id, line, raw, reason, tuple(notices))


def _dump(job: ImportJob) -> bytes:
    values: dict[str, Any] = asdict(job)
    del values["id"]
    values["access"]["scope"] = sorted(job.access.scope)
    return codec.dump_json(values)


def _load(job_id: bytes, raw: bytes) -> ImportJob:
    values = json.loads(raw)
    request, access, credential = (values.pop(one) for one in ("request", "access", "credential"))
    request["tags"] = tuple(request["tags"])
    return ImportJob(
        job_id,
        ImportRequest(**request),
        # The master token is known by being this very value.
        MASTER
        if credential is None
        else Access(access["subject"], access["level"], frozenset(access["scope"])),
        None if credential is None else Credential(**credential),
        **values,
    )
