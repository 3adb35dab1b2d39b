"""Who may do what: the rights of a token, as a pure value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LEVELS = ("read", "write", "read_write", "admin")


@dataclass(frozen=True, slots=True)
class Access:
    """The rights that one request carries.

    ``scope`` is the set of tags that the token may touch; an ``admin`` touches every tag and
    events without tags.
    """

    subject: str
    level: str
    scope: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        """Whether every tag and every call is open."""
        return self.level == "admin"

    @property
    def can_read(self) -> bool:
        """Whether the token may read what is in its scope."""
        return self.level in ("read", "read_write", "admin")

    @property
    def can_write(self) -> bool:
        """Whether the token may change what is in its scope."""
        return self.level in ("write", "read_write", "admin")

    def sees(self, tags: Iterable[str]) -> bool:
        """Whether an event or occurrence with these tags exists for this token."""
        return self.is_admin or not self.scope.isdisjoint(tags)

    def may_change(self, tags: Iterable[str]) -> bool:
        """Whether an event with these tags may be made or changed: all in scope, at least one."""
        if self.is_admin:
            return True
        tags = list(tags)
        return bool(tags) and self.scope.issuperset(tags)


MASTER = Access(subject="master", level="admin")
"""What the master token grants; also used by the service itself."""


@dataclass(frozen=True, slots=True)
class Credential:
    """The token in whose name something goes on after its request; its end in ms UTC."""

    jti: str
    issued_s: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token as the registry knows it; the token itself is not in it. Times are ms UTC."""

    jti: str
    access: Access
    created_ms: int
    expires_ms: int
    purpose: str | None = None
    last_used_ms: int | None = None
