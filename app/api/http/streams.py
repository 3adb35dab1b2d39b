"""Answers that go on for long: they end when the token that asked for them is good no more."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Iterable, Iterator

from app.api.http.auth import bearer
from app.api.http.context import services

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often a token is looked at while an answer goes on."""


def while_token_is_good(pieces: Iterable[str]) -> Iterator[str]:
    """Return the pieces of an answer; breaks the connection off if its token has ended.

    The status was sent before, so that nothing else tells the caller that something is missing.
    """
    asker, tokens = bearer(), services().tokens

    def guarded() -> Iterator[str]:
        looked_at = time.monotonic()
        for piece in pieces:
            now = time.monotonic()
            if asker.credential is not None and now - looked_at >= LOOK_S:
                looked_at = now
                if reason := tokens.end_of(asker.credential, asker.access.subject):
                    log.warning("an answer is broken off: %s", reason, extra={"token": asker.jti})
                    # The server takes it for a caller who is gone, and hangs up.
                    raise ConnectionResetError(errno.ECONNRESET, reason)
            yield piece

    return guarded()
