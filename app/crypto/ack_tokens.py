"""Tokens that acknowledge deliveries: each attempt has its own, valid for that attempt only."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from app.crypto.encryption import derived_key
from app.domain.signing import ack_token

_MAX_LENGTH = 64
"""Characters; a longer text is no token of ours and is not computed with."""


class AckTokens:
    """Makes and checks tokens; none is stored."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """``secrets``: the current one, then those whose tokens receivers may still send."""
        self._keys = [derived_key(secret, "acknowledgements") for secret in secrets]

    def of(self, occurrence_id: bytes, attempt: int) -> str:
        """Return the token of an attempt."""
        return ack_token(self._keys[0], occurrence_id, attempt)

    def attempt_of(self, token: str, occurrence_id: bytes) -> int | None:
        """Return the attempt that a token is for; ``None`` if it is not of this occurrence."""
        number = token.partition(".")[0]
        if len(token) > _MAX_LENGTH or not (number.isascii() and number.isdecimal()):
            return None
        attempt, given = int(number), token.encode("utf-8", "replace")
        good = [
            hmac.compare_digest(given, ack_token(key, occurrence_id, attempt).encode())
            for key in self._keys
        ]
        return attempt if any(good) else None
