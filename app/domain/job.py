"""What every job in the background has, whatever it does; as a protocol."""

from __future__ import annotations

from typing import Protocol, Self

from app.domain.access import Access, Credential

RUNNING = "running"


class BackgroundJob(Protocol):
    """A request that goes on after its answer, with the access of who made it. Times are ms UTC."""

    @property
    def id(self) -> bytes:
        """Its id."""
        ...

    @property
    def access(self) -> Access:
        """The rights it has at every step."""
        ...

    @property
    def credential(self) -> Credential | None:
        """The token with which it ends; ``None``: the master token."""
        ...

    @property
    def created_ms(self) -> int:
        """When it was made."""
        ...

    @property
    def ended_ms(self) -> int | None:
        """When it ended."""
        ...

    @property
    def status(self) -> str:
        """``running``, or how it ended."""
        ...

    @property
    def is_running(self) -> bool:
        """Whether anything is left to do."""
        ...

    def ended(self, status: str, now_ms: int, reason: str | None = None) -> Self:
        """The job, ended; what it has done stays."""
        ...
