"""Redeliveries: dead letters that are due again, how they end, and the jobs that ask for them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from app.domain import ids
from app.domain.access import MASTER, Access, Credential
from app.domain.redelivery_job import RedeliveryFilter, RedeliveryJob, RedeliveryRequest
from app.store import codec, keys
from app.store.attempts import last_number
from app.store.connection import StoreClient
from app.store.fields import EventField, JobField, OccurrenceField
from app.store.partitions import by_partition
from app.store.reading import Values, lowest_score, oldest_before, oldest_until, read_hashes
from app.store.scripts import Argument, Scripts


@dataclass(frozen=True, slots=True)
class Candidate:
    """An occurrence that may be redelivered; ``event_tags`` ``None``: its event was deleted."""

    id: bytes
    tags: tuple[str, ...]
    event_tags: tuple[str, ...] | None
    ended_ms: int | None


@dataclass(frozen=True, slots=True)
class Round:
    """How far the last redelivery of an occurrence has come.

    ``tried``: how many attempts have ended. Those whose worker died are not counted, unless the
    occurrence has failed of that; nor is one that was under way when the occurrence was cancelled.
    """

    request: str
    status: str
    tried: int
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stamped:
    """A job as it was read; it is written only if it still is."""

    job: RedeliveryJob
    stamp: bytes


class RedeliveryStore:
    """Makes ended occurrences due again and says how far that has come."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def redeliver(
        self,
        times: Iterable[tuple[bytes, int]],
        request: str,
        now_ms: int,
        access: Access = MASTER,
    ) -> list[str]:
        """Make ended occurrences due again, given as (occurrence, when it is due).

        Answers in order: ``retried``, or why not: ``completed``, ``open``, ``early`` (its time has
        not come), ``gone`` (its event is, or ``access`` may not change both) or ``unknown``.
        Repeated with the same ``request``, it answers the same.
        """
        scope = b"\n" if access.is_admin else codec.join_tags(sorted(access.scope))
        times = list(times)
        answers: dict[bytes, str] = {}
        grouped = by_partition(times, lambda pair: ids.partition_of_occurrence(pair[0]))
        for p, some in grouped.items():
            args: list[Argument] = [keys.prefix(p), now_ms, request, scope]
            for one, due_ms in some:
                args += [one, due_ms]
            words = self._scripts("redeliver_occurrences", [keys.ended(p)], args)
            answers |= {one: word.decode() for (one, _), word in zip(some, words, strict=True)}
        return [answers[one] for one, _ in times]

    def candidates(self, occurrence_ids: Sequence[bytes]) -> list[Candidate]:
        """Read, in two round trips, what decides who may redeliver them."""
        hashes = map(keys.occurrence_of, occurrence_ids)
        fields = (OccurrenceField.EVENT, OccurrenceField.TAGS, OccurrenceField.COMPLETED)
        rows = read_hashes(self._client, hashes, fields)
        tags_of = self._tags_of({event for event, _, _ in rows if event is not None})
        return [
            Candidate(
                one,
                codec.split_tags(tags),
                tags_of[event],
                None if ended is None else int(ended),
            )
            for one, (event, tags, ended) in zip(occurrence_ids, rows, strict=True)
            if event is not None
        ]

    def _tags_of(self, events: Iterable[bytes]) -> dict[bytes, tuple[str, ...] | None]:
        """The tags of events; ``None`` for one that is gone."""
        ordered = sorted(events)
        fields = (EventField.VERSION, EventField.TAGS)
        rows = read_hashes(self._client, map(keys.event_of, ordered), fields)
        return {
            event: None if version is None else codec.split_tags(tags)
            for event, (version, tags) in zip(ordered, rows, strict=True)
        }

    def rounds(self, occurrence_ids: Sequence[bytes]) -> list[Round | None]:
        """How far redeliveries have come, in order; ``None`` for one that has none."""
        hashes = [keys.occurrence_of(one) for one in occurrence_ids]
        rows = read_hashes(self._client, hashes, _ROUND_FIELDS)
        cut_off = [
            key for key, (_, word, *_) in zip(hashes, rows, strict=True) if _is_cut_off(word)
        ]
        logs = read_hashes(self._client, cut_off, (OccurrenceField.LOG,)) if cut_off else ()
        log_of = {key: log for key, (log,) in zip(cut_off, logs, strict=True)}
        return [_round(row, log_of.get(key)) for key, row in zip(hashes, rows, strict=True)]


_ROUND_FIELDS = (
    OccurrenceField.REDELIVERY,
    OccurrenceField.STATUS,
    OccurrenceField.ATTEMPTS,
    OccurrenceField.DEATHS,
    OccurrenceField.TAGS,
)


def _is_cut_off(status: bytes | None) -> bool:
    """Whether an attempt may have been begun that never has an outcome: only the log knows."""
    return status == b"cancelled"


def _round(row: Values, log: bytes | None) -> Round | None:
    redelivery, status, attempts, deaths, tags = row
    if redelivery is None:
        return None
    before, _, request = redelivery.decode().split(":")
    word = (status or b"scheduled").decode()
    ended = int(attempts or 0)
    if _is_cut_off(status):
        ended = last_number(log) if log else 0
    elif word == "dispatched":
        ended -= 1
    died = 0 if word in ("failed", "cancelled") else int(deaths or 0)
    return Round(request, word, ended - int(before) - died, codec.split_tags(tags))


class RedeliveryJobStore:
    """Reads and writes redelivery jobs; those of one scope have an index of their own."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def save(self, job: RedeliveryJob, stamp: bytes, look_ms: int) -> bytes | None:
        """Write a job that was read under a stamp (``b""``: create it).

        ``look_ms`` says when to continue it. Returns the new stamp; ``None`` if the
        job has changed meanwhile, and then nothing is written.
        """
        fresh = secrets.token_hex(8).encode()
        scope = scope_of(job.access)
        args: list[Argument] = [job.id, stamp, fresh, job.created_ms]
        args += [look_ms if job.is_running else "", job.ended_ms or "", _dump(job)]
        written = self._scripts(
            "save_job",
            [
                keys.redelivery_job(job.id),
                keys.REDELIVERIES,
                keys.redeliveries_of(scope),
                keys.REDELIVERIES_RUNNING,
                keys.redeliveries_running_of(scope),
                keys.REDELIVERIES_ENDED,
            ],
            args,
        )
        return fresh if written else None

    def get_many(self, job_ids: Sequence[bytes]) -> list[Stamped | None]:
        """Read jobs in order; ``None`` where there is none."""
        fields = (JobField.STAMP, JobField.JOB)
        rows = read_hashes(self._client, map(keys.redelivery_job, job_ids), fields)
        return [
            None if raw is None else Stamped(_load(one, raw), stamp or b"")
            for one, (stamp, raw) in zip(job_ids, rows, strict=True)
        ]

    def waiting(self, now_ms: int, limit: int) -> list[bytes]:
        """Running jobs that are to be continued, the longest waiting first."""
        return oldest_until(self._client, keys.REDELIVERIES_RUNNING, now_ms, limit)

    def first_look_ms(self) -> int | None:
        """When the first of the running jobs is to be continued, ms UTC; ``None``: none runs."""
        return lowest_score(self._client, keys.REDELIVERIES_RUNNING)

    def look_again(self, job_id: bytes, look_ms: int) -> None:
        """Say when to continue a running job of which nothing has changed."""
        self._client.zadd(keys.REDELIVERIES_RUNNING, {job_id: look_ms}, xx=True)

    def running(self, access: Access) -> int:
        """How many jobs of a scope run."""
        return int(self._client.zcard(keys.redeliveries_running_of(scope_of(access))))

    def forget_ended(self, before_ms: int, limit: int) -> int:
        """Forget jobs that ended before a moment; fewer than ``limit``: none is left."""
        old = oldest_before(self._client, keys.REDELIVERIES_ENDED, before_ms, limit)
        self._forget(old)
        return len(old)

    def forget_surplus(self, access: Access, most: int, limit: int) -> None:
        """Forget jobs of a scope that have ended, the oldest of them, until so many are left."""
        of_scope = keys.redeliveries_of(scope_of(access))
        surplus = int(self._client.zcard(of_scope)) - most
        if surplus > 0:
            oldest = cast("list[bytes]", self._client.zrange(of_scope, 0, limit - 1))
            jobs = zip(oldest, self.get_many(oldest), strict=True)
            ended = [one for one, stamped in jobs if stamped and not stamped.job.is_running]
            self._forget(ended[:surplus])

    def _forget(self, old: Sequence[bytes]) -> None:
        pipe = self._client.pipeline()
        for one, stamped in zip(old, self.get_many(old), strict=True):
            if stamped is not None:
                pipe.zrem(keys.redeliveries_of(scope_of(stamped.job.access)), one)
            pipe.delete(keys.redelivery_job(one))
            pipe.zrem(keys.REDELIVERIES, one)
            pipe.zrem(keys.REDELIVERIES_ENDED, one)
        if old:
            pipe.execute()


def scope_of(access: Access) -> str:
    """A word for the jobs that a token sees: those that were made with its own scope."""
    if access.is_admin:
        return "admin"
    return hashlib.blake2b(codec.join_tags(sorted(access.scope)), digest_size=16).hexdigest()


_STORED = {"request": "wish"}
"""Fields of a job that are stored under an older name."""


def _dump(job: RedeliveryJob) -> bytes:
    values: dict[str, Any] = {_STORED.get(name, name): value for name, value in asdict(job).items()}
    del values["id"]
    values["access"]["scope"] = sorted(job.access.scope)
    if job.credential is None:
        del values["credential"]
    values["position"] = job.position and [job.position[0], job.position[1].hex()]
    values["planned"] = [[one.hex(), due_ms] for one, due_ms in job.planned]
    values["watched"] = [one.hex() for one in job.watched]
    return codec.dump_json(values)


def _load(job_id: bytes, raw: bytes) -> RedeliveryJob:
    values = json.loads(raw)
    request, access, position = values.pop("wish"), values["access"], values["position"]
    chosen = request.pop("filter")
    chosen["tags"] = tuple(chosen["tags"])
    values |= {
        "request": RedeliveryRequest(RedeliveryFilter(**chosen), **request),
        "access": Access(access["subject"], access["level"], frozenset(access["scope"])),
        "position": position and (position[0], bytes.fromhex(position[1])),
        "planned": tuple((bytes.fromhex(one), due_ms) for one, due_ms in values["planned"]),
        "watched": tuple(bytes.fromhex(one) for one in values["watched"]),
    }
    if "credential" in values:  # absent: of the master token, or of an earlier version
        values["credential"] = Credential(**values["credential"])
    return RedeliveryJob(job_id, **values)
