"""The ``Retry-After`` header (RFC 9110 section 10.2.3), read from receivers of any quality."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LIMIT_MS = 86_400_000
"""Longest wait that a receiver may ask for; more is cut to this."""

_SECONDS = re.compile(r"[0-9]+")
_DATE = re.compile(r"[A-Z][a-z]{2,8},? [\x20-\x7e]{10,40}")
"""Starts with a weekday, as all three forms of an HTTP date do (RFC 9110 section 5.6.7)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_retry_after(value: str | None, now_ms: int) -> int | None:
    """Return the wait in milliseconds, from 0 to ``LIMIT_MS``; ``None`` for no or no valid one.

    A date that has passed means at once. A wrong weekday is forgiven.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        # A number of ten digits is beyond the limit already; longer ones are not worth reading.
        return min(int(text.lstrip("0")[:10] or "0") * 1000, LIMIT_MS)
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    wait_ms = int((moment - _EPOCH).total_seconds()) * 1000 - now_ms
    return min(max(wait_ms, 0), LIMIT_MS)
