"""The keys of imports; ``keys`` has all others, and how to read this table.

qh:{p}:source:<source>            hash    UID → its parts, see ``imports``; what a source has
qh:{imports}                      zset    job → created; every import in the background
qh:{imports}:job:<id>             hash    see ``fields``
qh:{imports}:file:<id>            string  its file, compressed, while it runs (a day)
qh:{imports}:seen:<id>            set     UIDs that its file has, while it runs (a day)
qh:{imports}:lines:<id>           hash    position → what became of some entries, compressed
qh:{imports}:running              zset    job → when to continue it
qh:{imports}:ended                zset    job → ended; what retention reads
qh:{imports}:of:<owner>           zset    job → created; those of one owner
qh:{imports}:of:<owner>:running   zset    job → created; and of these, those that run
qh:{imports}:sources              zset    source → when to look for what is gone of it
qh:{imports}:held:<source>        string  who imports it now (10 minutes)
"""

from __future__ import annotations

from app.store.keys import prefix

JOBS = b"qh:{imports}"
RUNNING = JOBS + b":running"
ENDED = JOBS + b":ended"
SOURCES = JOBS + b":sources"


def source(partition: int, name: bytes) -> bytes:
    """What a source has."""
    return prefix(partition) + b"source:" + name


def held(source_name: bytes) -> bytes:
    """Who imports a source now."""
    return JOBS + b":held:" + source_name


def job(job_id: bytes) -> bytes:
    """A job."""
    return JOBS + b":job:" + job_id


def file(job_id: bytes) -> bytes:
    """The file of a job."""
    return JOBS + b":file:" + job_id


def seen(job_id: bytes) -> bytes:
    """The UIDs that the file of a job has."""
    return JOBS + b":seen:" + job_id


def lines(job_id: bytes) -> bytes:
    """What became of the entries of a job's file."""
    return JOBS + b":lines:" + job_id


def jobs_of(owner: str) -> bytes:
    """The jobs of one owner."""
    return JOBS + b":of:" + owner.encode()


def running_of(owner: str) -> bytes:
    """The jobs of one owner that run."""
    return jobs_of(owner) + b":running"
