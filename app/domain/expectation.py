"""What an answer must be for its delivery to be done, if an event says so itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import InvalidInput

MAX_STATUSES = 20
MAX_TEXT = 1_024

READ_LIMIT = 65_536
"""Bytes of an answer's body that are read; what stands behind them is not looked for."""

_CLASS = re.compile(r"([2-5])xx", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Expectation:
    """Which answers are successes: these statuses, with this text in them if there is one."""

    statuses: frozenset[int]
    words: str
    """The statuses as they were given."""
    text: bytes = b""

    @property
    def is_default(self) -> bool:
        """Whether it is what holds for events that say nothing of it."""
        return not self.text and self.statuses == frozenset(SUCCESSES)

    def fault(self, status: int | None, body: bytes) -> tuple[str | None, str | None]:
        """The word and the sentence for an answer that is not what is expected, else ``None``.

        ``body`` is the beginning of the answer, as far as it was read.
        """
        if status not in self.statuses:
            return "status", f"the receiver answered {status}, and {self.words} is expected"
        if self.text and self.text not in body[:READ_LIMIT]:
            return "body", (
                f"the receiver answered {status} without the text that expect.body_contains asks "
                f"for in the first {READ_LIMIT} bytes"
            )
        return None, None


SUCCESSES = tuple(range(200, 300))


def parse_expect(value: Any) -> Expectation:
    """Read ``expect``, an object of ``status`` and ``body_contains``, checking all of it.

    Without ``status`` it is ``2xx``. Raises ``InvalidInput`` naming the field.
    """
    members = {"status", "body_contains"}
    if not isinstance(value, Mapping) or not value or not value.keys() <= members:
        raise InvalidInput.field(
            "expect", "must be an object with status, body_contains or both, and nothing else"
        )
    given = value.get("status")
    statuses, words = (SUCCESSES, "2xx") if given is None else _statuses(given)
    text = value.get("body_contains")
    if text is not None and (not isinstance(text, str) or not 1 <= len(text) <= MAX_TEXT):
        raise InvalidInput.field(
            "expect.body_contains", f"must be a text of 1 to {MAX_TEXT} characters"
        )
    return Expectation(frozenset(statuses), words, (text or "").encode())


def _statuses(given: Any) -> tuple[Sequence[int], str]:
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_STATUSES:
        raise InvalidInput.field(
            "expect.status", f'must be a list of 1 to {MAX_STATUSES} statuses, as in ["2xx", 404]'
        )
    found: list[int] = []
    for place, one in enumerate(given):
        if isinstance(one, str) and (match := _CLASS.fullmatch(one)):
            found += range(int(match[1]) * 100, int(match[1]) * 100 + 100)
        elif type(one) is int and 200 <= one <= 599:
            found.append(one)
        else:
            raise InvalidInput.field(
                f"expect.status.{place}", 'must be a number from 200 to 599, or "2xx" to "5xx"'
            )
    return found, " or ".join(str(one).lower() for one in given)
