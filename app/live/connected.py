"""One connection that has said who it is."""

from __future__ import annotations

from app.api.http.credentials import Bearer
from app.live.groups import Key
from app.live.messages import ClientHook, TagListener
from app.live.socket import LiveSocket


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
        self.is_noted = True
        """Whether the store knows how much is pending, or will soon."""

    @property
    def jti(self) -> str | None:
        """The id of its token."""
        return None if self.bearer is None else self.bearer.jti
