"""The standing of the token that a request came with: whether it was revoked, and who asks that.

A request that creates an event has the script look that creates it, in the same step. Any other
asks before it writes, and before it is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Standing:
    """What is yet to be learnt of one request's token; ``issued_s`` is when it was made."""

    jti: str
    subject: str
    issued_s: int
    check: Callable[[], None]
    """Asks the store; raises ``Unauthenticated`` and ``StoreUnavailable``."""
    is_known: bool = False
    """Whether the store has said that it is good."""

    def ask(self) -> None:
        """See that the token is good, unless that is known; raises as ``check``."""
        if not self.is_known:
            self.check()
            self.is_known = True
