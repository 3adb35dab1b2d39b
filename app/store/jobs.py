"""Jobs in the background, of any kind: how far they have come, and who has to go on with which."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar, cast

from app.domain.access import MASTER, Access, Credential
from app.domain.job import BackgroundJob
from app.store import codec
from app.store.connection import StoreClient
from app.store.fields import JobField
from app.store.job_keys import JobKeys
from app.store.reading import lowest_score, oldest_before, oldest_until, read_hashes
from app.store.scripts import Argument, Scripts

AnyJob = TypeVar("AnyJob", bound=BackgroundJob)


@dataclass(frozen=True, slots=True)
class Stamped(Generic[AnyJob]):
    """A job as it was read; it is written only if it still is."""

    job: AnyJob
    stamp: bytes


class JobStore(Generic[AnyJob]):
    """Reads and writes the jobs of a kind; those of one owner have an index of their own."""

    keys: JobKeys

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def owner_of(self, access: Access) -> str:
        """A word for the jobs that a token sees: those that were made with its own scope."""
        return owner_word(access)

    def dump(self, job: AnyJob) -> bytes:
        """Write a job as JSON."""
        raise NotImplementedError

    def load(self, job_id: bytes, raw: bytes) -> AnyJob:
        """Read a job."""
        raise NotImplementedError

    def belongings(self, job_id: bytes) -> tuple[bytes, ...]:
        """The keys that are deleted with a job."""
        return (self.keys.job(job_id),)

    def save(self, job: AnyJob, stamp: bytes, look_ms: int) -> bytes | None:
        """Write a job that was read under a stamp (``b""``: create it).

        ``look_ms`` says when to continue it. Returns the new stamp; ``None`` if the job has
        changed meanwhile, and then nothing is written.
        """
        fresh = secrets.token_hex(8).encode()
        owner = self.owner_of(job.access)
        args: list[Argument] = [job.id, stamp, fresh, job.created_ms]
        args += [look_ms if job.is_running else "", job.ended_ms or "", self.dump(job)]
        written = self._scripts(
            "save_job",
            [
                self.keys.job(job.id),
                self.keys.all,
                self.keys.of(owner),
                self.keys.running,
                self.keys.running_of(owner),
                self.keys.ended,
            ],
            args,
        )
        return fresh if written else None

    def get_many(self, job_ids: Sequence[bytes]) -> list[Stamped[AnyJob] | None]:
        """Read jobs in order; ``None`` where there is none."""
        fields = (JobField.STAMP, JobField.JOB)
        rows = read_hashes(self._client, map(self.keys.job, job_ids), fields)
        return [
            None if raw is None else Stamped(self.load(one, raw), stamp or b"")
            for one, (stamp, raw) in zip(job_ids, rows, strict=True)
        ]

    def waiting(self, now_ms: int, limit: int) -> list[bytes]:
        """Running jobs that are to be continued, the longest waiting first."""
        return oldest_until(self._client, self.keys.running, now_ms, limit)

    def first_look_ms(self) -> int | None:
        """When the first of the running jobs is to be continued, ms UTC; ``None``: none runs."""
        return lowest_score(self._client, self.keys.running)

    def look_again(self, job_id: bytes, look_ms: int) -> None:
        """Say when to continue a running job of which nothing has changed."""
        self._client.zadd(self.keys.running, {job_id: look_ms}, xx=True)

    def running(self, access: Access) -> int:
        """How many jobs of an owner run."""
        return int(self._client.zcard(self.keys.running_of(self.owner_of(access))))

    def forget_ended(self, before_ms: int, limit: int) -> int:
        """Forget jobs that ended before a moment; fewer than ``limit``: none is left."""
        old = oldest_before(self._client, self.keys.ended, before_ms, limit)
        self._forget(old)
        return len(old)

    def forget_surplus(self, access: Access, most: int, limit: int) -> None:
        """Forget jobs of an owner that have ended, the oldest of them, until so many are left."""
        own = self.keys.of(self.owner_of(access))
        surplus = int(self._client.zcard(own)) - most
        if surplus > 0:
            oldest = cast("list[bytes]", self._client.zrange(own, 0, limit - 1))
            jobs = zip(oldest, self.get_many(oldest), strict=True)
            ended = [one for one, stamped in jobs if stamped and not stamped.job.is_running]
            self._forget(ended[:surplus])

    def _forget(self, old: Sequence[bytes]) -> None:
        pipe = self._client.pipeline()
        for one, stamped in zip(old, self.get_many(old), strict=True):
            if stamped is not None:
                pipe.zrem(self.keys.of(self.owner_of(stamped.job.access)), one)
            pipe.delete(*self.belongings(one))
            pipe.zrem(self.keys.all, one)
            pipe.zrem(self.keys.ended, one)
        if old:
            pipe.execute()


def owner_word(access: Access, subject: str | None = None) -> str:
    """A word for a scope, and for a ``sub`` if one is given: another one for every other."""
    if access.is_admin:
        return "admin"
    own = b"" if subject is None else subject.encode() + b"\n"
    own += codec.join_tags(sorted(access.scope))
    return hashlib.blake2b(own, digest_size=16).hexdigest()


def values_of(job: Any) -> dict[str, Any]:
    """What is stored of a job, which is a dataclass; its store puts in JSON what only it has."""
    values = asdict(job)
    del values["id"]
    values["access"]["scope"] = sorted(job.access.scope)
    return values


def access_from(stored: Mapping[str, Any]) -> Access:
    """The rights of a job, as they are stored."""
    return Access(stored["subject"], stored["level"], frozenset(stored["scope"]))


def take_access(values: dict[str, Any]) -> tuple[Access, Credential | None]:
    """Take out of what is stored the rights of a job, and the token that they end with."""
    access, credential = values.pop("access"), values.pop("credential")
    if credential is None:
        return MASTER, None  # the master token is known by being this very value
    return access_from(access), Credential(**credential)
