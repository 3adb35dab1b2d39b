"""The keys of jobs in the background; ``keys`` has all others, and how to read this table.

``<jobs>`` is ``{retries}``, ``{imports}`` or ``{bulk}``.

qh:<jobs>                         zset    job → created; every job of a kind
qh:<jobs>:job:<id>                hash    see ``fields``
qh:<jobs>:running                 zset    job → when to continue it
qh:<jobs>:ended                   zset    job → ended; what retention reads
qh:<jobs>:of:<owner>              zset    job → created; those that the same tokens see
qh:<jobs>:of:<owner>:running      zset    job → created; and of these, those that run
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobKeys:
    """The keys of one kind of jobs; ``all`` is the index of every one of them."""

    all: bytes

    @property
    def running(self) -> bytes:
        """Those that run."""
        return self.all + b":running"

    @property
    def ended(self) -> bytes:
        """Those that have ended."""
        return self.all + b":ended"

    def job(self, job_id: bytes) -> bytes:
        """A job."""
        return self.all + b":job:" + job_id

    def of(self, owner: str) -> bytes:
        """Those of one owner."""
        return self.all + b":of:" + owner.encode()

    def running_of(self, owner: str) -> bytes:
        """Those of one owner that run."""
        return self.of(owner) + b":running"


REDELIVERIES = JobKeys(b"qh:{retries}")
IMPORTS = JobKeys(b"qh:{imports}")
BULK = JobKeys(b"qh:{bulk}")
