"""What an answer says: its status line, its wishes in headers, and its body. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] +[1-5][0-9]{2}[ \t\r\n]")

_LONGEST_CHARACTER = 4
"""Bytes of a character in UTF-8, at most."""


def has_valid_status(lines: Sequence[bytes]) -> bool:
    """Whether the status is three digits from 100 to 599 (RFC 9110, section 15).

    ``lines`` are those of the headers, of interim answers (1xx) first.
    """
    if not lines:
        return False
    last = lines[0]
    if last[9:10] == b"1":
        last = next(line for line in reversed(lines) if line.startswith(b"HTTP/"))
    return _STATUS_LINE.match(last) is not None


def wishes(lines: Sequence[bytes]) -> tuple[str | None, bool, bool]:
    """Read the headers Retry-After, Webhook-Delivery and Qhronos-Ack of the answer.

    Returns the first as it is, whether not to try again, and whether to wait for an ack.
    """
    headers = b"".join(lines)
    lower = headers.lower()
    if (
        b"\nretry-after:" not in lower
        and b"\nwebhook-delivery:" not in lower
        and b"\nqhronos-ack:" not in lower
    ):
        return None, False, False
    # Interim answers say nothing about the delivery.
    start = max(lower.rfind(b"\nhttp/"), 0)
    fields = _fields(headers[start:])
    return (
        fields.get("retry-after"),
        fields.get("webhook-delivery", "").lower() == "abort-message",
        fields.get("qhronos-ack", "").lower() == "required",
    )


def cut_text(text: bytes, limit: int) -> bytes:
    """At most so many bytes of a text, none of its characters cut in two, if it is UTF-8."""
    end = limit
    while end > limit - _LONGEST_CHARACTER and text[end : end + 1] and text[end] >> 6 == 0b10:
        end -= 1
    return text[: end if end > limit - _LONGEST_CHARACTER else limit]


def _fields(block: bytes) -> dict[str, str]:
    """Parse header lines: names in lower case, values cut to 256 characters."""
    fields: dict[str, str] = {}
    for line in block.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.lower(), value.strip()[:256])
    return fields
