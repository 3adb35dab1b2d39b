"""Import jobs: their files, how far they have come, and what became of each entry."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Sequence
from typing import Any, cast

from app.domain.access import Access
from app.domain.import_job import ImportJob
from app.domain.imports import ImportLine, ImportRequest
from app.store import codec, import_keys, job_keys
from app.store.jobs import JobStore, owner_word, take_access, values_of

FILE_MS = 86_400_000
"""How long a file is kept if its job does not end: that is for jobs whose creation failed."""


class ImportJobStore(JobStore[ImportJob]):
    """Reads and writes import jobs, their files and what became of the entries."""

    keys = job_keys.IMPORTS

    def owner_of(self, access: Access) -> str:
        """A word for the jobs that a token sees: those of its own ``sub`` and scope."""
        return owner_word(access, access.subject)

    def dump(self, job: ImportJob) -> bytes:
        """Write a job as JSON."""
        return codec.dump_json(values_of(job))

    def load(self, job_id: bytes, raw: bytes) -> ImportJob:
        """Read a job."""
        values = json.loads(raw)
        request = values.pop("request")
        request["tags"] = tuple(request["tags"])
        return ImportJob(job_id, ImportRequest(**request), *take_access(values), **values)

    def belongings(self, job_id: bytes) -> tuple[bytes, ...]:
        """The keys that are deleted with a job."""
        return self.keys.job(job_id), import_keys.lines(job_id), import_keys.file(job_id)

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


def _line(line: ImportLine) -> list[Any]:
    event_id = None if line.event_id is None else line.event_id.hex()
    place = [line.uid, line.recurrence_id, line.line]
    return [line.outcome, line.name, *place, event_id, line.reason, line.notices]


def _line_from(values: list[Any]) -> ImportLine:
    outcome, name, uid, recurrence_id, line, event_id, reason, notices = values
    raw = None if event_id is None else bytes.fromhex(event_id)
    return ImportLine(outcome, name, uid, recurrence_id, line, raw, reason, tuple(notices))
