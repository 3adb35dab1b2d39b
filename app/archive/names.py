"""Where a file of the archive is, and what it is called.

    occurrences/p0003/2026-11-26/20261126T19-20261203T200004123-5f0c9a1be2d4.jsonl.zst
    what it     parti-  its slot (the hour in which they ended; of events, that with which the
    holds       tion    day begins), when it was written (ms), random digits

Names sort by slot, then by when they were written. The slot follows from a record, not from when it
is archived: what is archived twice is twice in one slot of one partition, so who reads remembers
the ids of one slot only. So the partition is that which ids name, also in a store that has fewer.
The random digits keep apart what is written at once.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

OCCURRENCES, EVENTS = "occurrences", "events"
SUFFIX = ".jsonl.zst"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

_NAME = re.compile(r"(\d{8}T\d\d)-\d{8}T\d{9}-[0-9a-f]{12}\.jsonl\.zst", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PARTITION = re.compile(r"p(\d{4})", re.ASCII)


def slot_of(ended_ms: int) -> str:
    """The slot of an occurrence that ended at a moment: an hour."""
    return _moment(ended_ms).strftime("%Y%m%dT%H")


def event_slot_of(changed_ms: int) -> str:
    """The slot of an event that last changed at a moment: the first hour of that day."""
    return slot_of(changed_ms // DAY_MS * DAY_MS)


def directory(holds: str, partition: int, slot: str) -> str:
    """Where the files of a slot are."""
    return f"{holds}/p{partition:04d}/{slot[:4]}-{slot[4:6]}-{slot[6:8]}"


def new_name(slot: str, now_ms: int) -> str:
    """A name that no file has."""
    written = _moment(now_ms).strftime("%Y%m%dT%H%M%S")
    return f"{slot}-{written}{now_ms % 1000:03d}-{secrets.token_hex(6)}{SUFFIX}"


def slot_in(name: str) -> str | None:
    """The slot in the name of a file; ``None``: it is none of ours, or not whole."""
    match = _NAME.fullmatch(name)
    return match[1] if match else None


def is_day(name: str) -> bool:
    """Whether a directory holds a day."""
    return _DAY.fullmatch(name) is not None


def partition_in(name: str) -> int | None:
    """The partition that a directory holds."""
    match = _PARTITION.fullmatch(name)
    return int(match[1]) if match else None


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC)
