"""Verifies the chain of the audit log, from its published rule alone.

It is written apart from the service, so that it checks the service instead of agreeing with it:
the hash of an entry is SHA-256 of the previous hash in hex and the entry as JSON with sorted names,
no spaces and ASCII only (docs/security.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

BEFORE_THE_FIRST = "0" * 64


class Broken(Exception):
    """The log does not hold together."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A stretch of the log that holds together."""

    entries: int
    first: int
    last: int
    newest: str


def check(lines: Iterable[str], known: str | None = None) -> Chain:
    """Verify entries, one in JSON a line, from whichever they begin with; raises ``Broken``."""
    count, first, last = 0, 0, 0
    newest, is_there = BEFORE_THE_FIRST, known is None
    for number, text in enumerate(lines, 1):
        try:
            entry = json.loads(text)
            previous, digest, seq = (
                str(entry.pop("prev")),
                str(entry.pop("hash")),
                int(entry["seq"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Broken(f"The chain breaks at line {number}: it is not an entry.") from None
        if count == 0:
            first, last = seq, seq - 1
            newest = BEFORE_THE_FIRST if seq == 1 else previous
        if seq != last + 1:
            raise Broken(
                f"The chain breaks at line {number}: {seq} stands where {last + 1} belongs."
            )
        canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"))
        if previous != newest or digest != _hash(previous, canonical):
            raise Broken(
                f"The chain breaks at line {number}: entry {seq} or the one before changed."
            )
        count, last, newest = count + 1, seq, digest
        is_there = is_there or known in (previous, digest)
    if not is_there:
        raise Broken("The entry with the known hash is missing: the log was cut off before it.")
    return Chain(count, first, last, newest)


def _hash(previous: str, entry: str) -> str:
    return hashlib.sha256((previous + entry).encode()).hexdigest()
