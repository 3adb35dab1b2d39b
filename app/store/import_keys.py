"""The keys of imports; ``job_keys`` has those of their jobs, ``keys`` how to read this table.

qh:{p}:source:<source>            hash    UID → its parts, see ``imports``; what a source has
qh:{imports}:file:<id>            string  its file, compressed, while it runs (a day)
qh:{imports}:seen:<id>            set     UIDs that its file has, while it runs (a day)
qh:{imports}:lines:<id>           hash    position → what became of some entries, compressed
qh:{imports}:sources              zset    source → when to look for what is gone of it
qh:{imports}:held:<source>        string  who imports it now (10 minutes)
qh:{p}:held:<source>              string  the same on a cluster: what is written meanwhile is there
"""

from __future__ import annotations

from app.store.job_keys import IMPORTS
from app.store.keys import prefix

JOBS = IMPORTS.all
SOURCES = JOBS + b":sources"


def source(partition: int, name: bytes) -> bytes:
    """What a source has."""
    return prefix(partition) + b"source:" + name


def held(source_name: bytes) -> bytes:
    """Who imports a source now."""
    return JOBS + b":held:" + source_name


def held_in(partition: int, source_name: bytes) -> bytes:
    """The same on a cluster."""
    return prefix(partition) + b"held:" + source_name


def file(job_id: bytes) -> bytes:
    """The file of a job."""
    return JOBS + b":file:" + job_id


def seen(job_id: bytes) -> bytes:
    """The UIDs that the file of a job has."""
    return JOBS + b":seen:" + job_id


def lines(job_id: bytes) -> bytes:
    """What became of the entries of a job's file."""
    return JOBS + b":lines:" + job_id
