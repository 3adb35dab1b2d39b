"""Redeliveries: dead letters that are due again, how they end, and the jobs that ask for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain import ids
from app.domain.access import MASTER, Access, Credential
from app.domain.redelivery_job import RedeliveryFilter, RedeliveryJob, RedeliveryRequest
from app.errors import StoreUnavailable
from app.store import codec, job_keys, keys
from app.store.asked_by import origin_of_added
from app.store.attempts import last_number
from app.store.connection import StoreClient
from app.store.fields import EventField, OccurrenceField
from app.store.homecoming import Homecoming
from app.store.jobs import JobStore, access_from, values_of
from app.store.pages import PageStore
from app.store.partitions import by_partition
from app.store.reading import Values
from app.store.scripts import Argument, Scripts
from app.store.short_forms import read_occurrences
from app.store.whereabouts import find_occurrences, read_events


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


class RedeliveryStore:
    """Makes ended occurrences due again and says how far that has come."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts
        self._pages = PageStore(client, scripts)
        self._homecoming = Homecoming(client, scripts)

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
        head: list[Argument] = [now_ms, request, scope, origin_of_added()]
        answers = self._redeliver_each(times, head)
        # What has moved: the event of what is here is elsewhere, or all of it is.
        away = [one for one, _ in times if answers[one] in ("gone", "unknown")]
        if away and ids.moved_among():
            found = {*find_occurrences(self._client, away)}
            found.update(self._homecoming.bring(away, now_ms))
            answers |= self._redeliver_each([one for one in times if one[0] in found], head)
        return [answers[one] for one, _ in times]

    def _redeliver_each(
        self, times: Sequence[tuple[bytes, int]], rest: Sequence[Argument]
    ) -> dict[bytes, str]:
        answers: dict[bytes, str] = {}
        grouped = by_partition(times, lambda pair: ids.partition_of_occurrence(pair[0]))
        for p, some in grouped.items():
            head = [keys.prefix(p), *rest]
            words = self._redeliver(p, head, some)
            if packed := [pair for pair in some if words[pair[0]] == "packed"]:
                self._pages.unpack([one for one, _ in packed])
                words |= self._redeliver(p, head, packed)
            if "packed" in words.values():
                raise StoreUnavailable("records go on being packed; try again")
            answers |= words
        return answers

    def _redeliver(
        self, partition: int, head: Sequence[Argument], times: Sequence[tuple[bytes, int]]
    ) -> dict[bytes, str]:
        args = [*head, *(value for pair in times for value in pair)]
        words = self._scripts("redeliver_occurrences", [keys.ended(partition)], args)
        return {one: word.decode() for (one, _), word in zip(times, words, strict=True)}

    def candidates(self, occurrence_ids: Sequence[bytes]) -> list[Candidate]:
        """Read what decides who may redeliver them."""
        fields = (OccurrenceField.EVENT, OccurrenceField.TAGS, OccurrenceField.COMPLETED)
        rows = read_occurrences(self._client, occurrence_ids, fields)
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
        rows = read_events(self._client, ordered, fields)
        return {
            event: None if version is None else codec.split_tags(tags)
            for event, (version, tags) in zip(ordered, rows, strict=True)
        }

    def rounds(self, occurrence_ids: Sequence[bytes]) -> list[Round | None]:
        """How far redeliveries have come, in order; ``None`` for one that has none."""
        rows = read_occurrences(self._client, occurrence_ids, _ROUND_FIELDS)
        cut_off = [
            one
            for one, (_, _, word, *_) in zip(occurrence_ids, rows, strict=True)
            if _is_cut_off(word)
        ]
        logs = read_occurrences(self._client, cut_off, _LOG_FIELDS)
        log_of = {one: log for one, (_, log) in zip(cut_off, logs, strict=True)}
        return [_round(row, log_of.get(one)) for one, row in zip(occurrence_ids, rows, strict=True)]


_LOG_FIELDS = (OccurrenceField.EVENT, OccurrenceField.LOG)
_ROUND_FIELDS = (
    OccurrenceField.EVENT,
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
    _, redelivery, status, attempts, deaths, tags = row
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


class RedeliveryJobStore(JobStore[RedeliveryJob]):
    """Reads and writes redelivery jobs."""

    keys = job_keys.REDELIVERIES

    def dump(self, job: RedeliveryJob) -> bytes:
        """Write a job as JSON."""
        return _dump(job)

    def load(self, job_id: bytes, raw: bytes) -> RedeliveryJob:
        """Read a job."""
        return _load(job_id, raw)


_STORED = {"request": "wish"}
"""Fields of a job that are stored under an older name."""


def _dump(job: RedeliveryJob) -> bytes:
    values = {_STORED.get(name, name): value for name, value in values_of(job).items()}
    if job.credential is None:
        del values["credential"]
    values["position"] = job.position and [job.position[0], job.position[1].hex()]
    values["planned"] = [[one.hex(), due_ms] for one, due_ms in job.planned]
    values["watched"] = [one.hex() for one in job.watched]
    return codec.dump_json(values)


def _load(job_id: bytes, raw: bytes) -> RedeliveryJob:
    values = json.loads(raw)
    request, position = values.pop("wish"), values["position"]
    chosen = request.pop("filter")
    chosen["tags"] = tuple(chosen["tags"])
    values |= {
        "request": RedeliveryRequest(RedeliveryFilter(**chosen), **request),
        "access": access_from(values["access"]),
        "position": position and (position[0], bytes.fromhex(position[1])),
        "planned": tuple((bytes.fromhex(one), due_ms) for one, due_ms in values["planned"]),
        "watched": tuple(bytes.fromhex(one) for one in values["watched"]),
    }
    if "credential" in values:  # absent: of the master token, or of an earlier version
        values["credential"] = Credential(**values["credential"])
    return RedeliveryJob(job_id, **values)
