"""What the service does in the background: bulk jobs, redeliveries and imports, as one kind."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from qhronos.cli import output
from qhronos.cli.exit_codes import ExitCode
from qhronos.cli.long_work import Bar, if_stopped
from qhronos.cli.output import tell
from qhronos.cli.waiting import Patience
from qhronos.errors import NotFound

if TYPE_CHECKING:
    from qhronos import Client

Kind = Literal["bulk", "redelivery", "import"]
KINDS: tuple[Kind, ...] = ("bulk", "redelivery", "import")


@dataclass(frozen=True, slots=True)
class Job:
    """A job of any kind; ``answer`` is what the service says of it."""

    kind: Kind
    answer: Mapping[str, Any]

    @property
    def raw(self) -> dict[str, Any]:
        """As JSON, with its kind."""
        return {"kind": self.kind, **self.answer}

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.answer["id"])

    @property
    def status(self) -> str:
        """``running``, or how it ended."""
        return str(self.answer["status"])

    @property
    def done(self) -> int:
        """How many of its items are over, whatever became of them."""
        names = {"bulk": ("done", "left_alone", "refused"), "redelivery": ("completed", "failed"),
                 "import": ("done",)}[self.kind]  # fmt: skip
        return sum(self.answer.get(name) or 0 for name in names)

    @property
    def total(self) -> int | None:
        """How many items there are; ``None`` if that is not known exactly."""
        return self.answer.get("total") if self.answer.get("total_is_exact", True) else None

    @property
    def created_at(self) -> datetime:
        """When it was asked for."""
        return datetime.fromisoformat(self.answer.get("created_at") or "1970-01-01T00:00:00Z")

    @property
    def what(self) -> str:
        """What it does, in a word or two."""
        words = {"bulk": self.answer.get("action"), "redelivery": "redeliver", "import": "import"}
        return str(words[self.kind])

    @property
    def went_well(self) -> bool:
        """Whether it did all that was asked for."""
        return self.status == "completed" and not (
            self.answer.get("failed") or self.answer.get("refused")
        )


def listed(client: Client, kinds: tuple[Kind, ...], limit: int) -> Iterator[Job]:
    """Go through the newest jobs of some kinds, newest first."""
    lists = {
        "bulk": client.bulk_jobs.list,
        "redelivery": client.occurrences.redeliveries,
        "import": client.events.import_jobs,
    }

    def each_of(kind: Kind) -> Iterator[Job]:
        return (Job(kind, one.raw) for one in lists[kind]())

    return islice(
        heapq.merge(*map(each_of, kinds), key=lambda one: one.created_at, reverse=True), limit
    )


def find(client: Client, job_id: str, kind: Kind | None = None) -> Job:
    """Read a job; of an unknown kind, each is asked. Raises ``NotFound``."""
    reads = {
        "bulk": client.bulk_jobs.get,
        "redelivery": client.occurrences.redelivery,
        "import": client.events.import_job,
    }
    for one in KINDS if kind is None else (kind,):
        try:
            return Job(one, reads[one](job_id).raw)
        except NotFound:
            continue
    raise NotFound(f"There is no job {job_id!r}: 'qhronos jobs list' has them.", status=404)


def cancel(client: Client, job: Job) -> Job:
    """Stop a job; what it has done stays so. Raises ``Conflict`` if it is over."""
    stop = {
        "bulk": client.bulk_jobs.cancel,
        "redelivery": client.occurrences.cancel_redelivery,
        "import": client.events.cancel_import,
    }[job.kind]
    return Job(job.kind, stop(job.id).raw)


def where(job: Job) -> str:
    """Say where to look for a job that goes on."""
    return f"'qhronos jobs show {job.id}' has it, 'qhronos jobs cancel {job.id}' stops it"


def follow(client: Client, job: Job, patience: Patience) -> Job:
    """Look at a job until it has ended, with a bar; raises ``NotOver``."""
    with (
        Bar(job.what, job.total) as bar,
        if_stopped(lambda: f"The job goes on: {where(job)}."),
    ):
        while True:
            bar.show(job.done, job.total, str(job.answer.get("phase") or job.what))
            if job.status != "running":
                return job
            patience.wait(where(job))
            job = find(client, job.id, job.kind)


SHOWN = (
    *("status", "phase", "filter", "source", "total", "retried", "completed", "failed"),
    *("done", "left_alone", "refused", "made", "updated", "unchanged", "cancelled"),
    *("reason", "created_at", "ended_at"),
)


def show(job: Job, as_json: bool) -> None:
    """Print a job."""
    if as_json:
        output.as_json(job.raw)
        return
    output.details({"id": job.id, "job": job.what} | {name: job.answer.get(name) for name in SHOWN})
    for one in job.answer.get("errors") or ():
        tell(f"{one['id']}: {one['error']}")


def end(client: Client, job: Job, wait: bool, timeout_s: float | None, as_json: bool) -> int:
    """End a command that has started a job: wait for it, if asked to, and print it."""
    if wait:
        job = follow(client, job, Patience(timeout_s))
    elif job.status == "running":
        tell(f"It goes on by itself: {where(job)}.")
    show(job, as_json)
    return ExitCode.NO if wait and not job.went_well else ExitCode.DONE
