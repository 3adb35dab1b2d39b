"""The attempt log of an occurrence: one line an attempt, the newest hundred of them.

    number,due,started,done,first byte,DNS,connect,TLS,status code,claimed,message

Due is in microseconds since 1970; started, done and first byte are microseconds after that, and
claimed is milliseconds after it. Nothing stands for what there is not. The message is JSON, and
left out with its comma if there is none. So most lines have less than 64 bytes.

Lines of before schema 4 are JSON lists in the order of number, the seven timings, status code,
message and when it was claimed, all moments since 1970. The last was left out once, and so was the
message of a success.
"""

from __future__ import annotations

import json
from dataclasses import replace

from app.domain.attempt import Attempt
from app.domain.outcome import Timings

_FIELDS = 10
"""How many stand before the message."""


def read_log(log: bytes | None) -> list[Attempt]:
    """Read the lines, oldest first."""
    return [read_line(line) for line in (log or b"").splitlines()]


def read_line(line: bytes) -> Attempt:
    """Read one line."""
    if line.startswith(b"["):
        number, *listed, status_code, message, at_ms = (*json.loads(line), None, None)[:11]
        return Attempt(number, Timings(*listed), status_code, message, at_ms)
    texts = line.rstrip().split(b",", _FIELDS)
    number, due, started, done, first, *phases, code, claimed = map(_number, texts[:_FIELDS])
    due_us = due or 0
    timings = Timings(
        due_us,
        due_us + (started or 0),
        due_us + (done or 0),
        None if first is None else due_us + first,
        *phases,
    )
    return Attempt(
        number or 0,
        timings,
        code,
        json.loads(texts[_FIELDS]) if len(texts) > _FIELDS else None,
        None if claimed is None else due_us // 1000 + claimed,
    )


def last_number(log: bytes) -> int:
    """The number of the last attempt that has a line."""
    return int(log.splitlines()[-1].strip(b"[]").partition(b",")[0])


def write_line(attempt: Attempt) -> bytes:
    """Write one line; the message is to be short enough."""
    due, started, done, first, *phases = attempt.timings
    claimed = attempt.claimed_ms
    numbers = (
        attempt.number,
        due,
        started - due,
        done - due,
        None if first is None else first - due,
        *phases,
        attempt.status_code,
        None if claimed is None else claimed - due // 1000,
    )
    text = ",".join(["" if one is None else str(one) for one in numbers])
    message = attempt.error_message
    if message is not None:
        text = f"{text},{json.dumps(message, ensure_ascii=False)}"
    return text.encode() + b"\n"


def with_message(line: bytes, message: str) -> bytes:
    """The line with the message of a failure that came later."""
    return write_line(replace(read_line(line), error_message=message))


def _number(text: bytes) -> int | None:
    return int(text) if text else None
