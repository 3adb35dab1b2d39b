"""A message to a client that is connected: what it is sent, and for how long it may be silent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class LiveMessage(NamedTuple):
    """What goes to one of the connections of a client."""

    client_name: str
    tags: Sequence[str]
    occurrence_id: str
    attempt: int
    text: bytes
    """The message, JSON."""
    timeout_ms: int
    """How long the client may take to acknowledge it."""

    @property
    def content(self) -> bytes:
        """As it goes through the store; ``read_passed`` reads it."""
        return b"%s\n%d\n%d\n%s" % (
            self.occurrence_id.encode(),
            self.attempt,
            self.timeout_ms,
            self.text,
        )


class Passed(NamedTuple):
    """What a process is to pass on to one of its connections."""

    number: int
    """Which connection."""
    client_name: str
    occurrence_id: str
    attempt: int
    timeout_ms: int
    text: bytes


def read_passed(raw: bytes) -> Passed:
    """Read a message's content behind the number of a connection and the name of its client."""
    number, name, occurrence_id, attempt, timeout_ms, text = raw.split(b"\n", 5)
    return Passed(
        int(number), name.decode(), occurrence_id.decode(), int(attempt), int(timeout_ms), text
    )
