"""One connection that has said who it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.api.http.credentials import Bearer
from app.live.groups import Key
from app.live.messages import ClientHook, TagListener
from app.live.socket import LiveSocket
from app.store.live_keys import EVERYTHING, HINTED


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a stream is asked to have: everything after a position, of some tags, or of all.

    ``only_hints``: nothing but that something has changed, from now on.
    """

    bearer: Bearer
    tags: frozenset[str]
    after: bytes | None
    only_hints: bool = False

    @property
    def interest(self) -> frozenset[str]:
        """What has to be told for it."""
        access = self.bearer.access
        if self.only_hints:
            return frozenset({HINTED})
        if self.tags:
            return self.tags
        return frozenset({EVERYTHING}) if access.is_admin else access.scope

    def is_hinted_at(self, tags: Sequence[str]) -> bool:
        """Whether it is to be told that something of these tags has changed."""
        wanted = not self.tags or not self.tags.isdisjoint(tags)
        return self.only_hints and wanted and self.bearer.access.sees(tags)


class Connected:
    """A client or a listener; ``number`` is its name in this process."""

    def __init__(self, socket: LiveSocket, number: int, first: ClientHook | TagListener) -> None:
        self.socket = socket
        self.number = number
        self.first = first
        self.bearer: Bearer | None = None
        """Whose token it has; ``None`` until that is known."""
        self.group: Key | None = None
        """What it listens to."""
        self.pending: dict[str, tuple[int, float]] = {}
        """What a client was sent and has not acknowledged: the attempt, and until when it may, by
        the occurrence's id."""
        self.early: list[bytes] = []
        """What came for it before it had its own answer."""
        self.said: list[str] = []
        """What it said before it had its own answer; its socket sees to it that it is not much."""
        self.is_noted = True
        """Whether the store knows how much is pending, or will soon."""

    @property
    def jti(self) -> str | None:
        """The id of its token."""
        return None if self.bearer is None else self.bearer.jti
