"""Sessions of the console: the token that somebody signed in with, sealed for a cookie.

Nothing is stored. Each request opens the cookie and judges the token anew, so that a session ends
with its token: when that is revoked, or expires.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.crypto.encryption import derived_key

SESSION_S = 12 * 3_600
"""How long a session lasts at most: a day's work."""

_PURPOSE = "console sessions"


class ConsoleSessions:
    """Seals and opens sessions (Fernet: AES-128-CBC with HMAC-SHA256, and the time of sealing)."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """``secrets``: the current one, then those whose sessions are still good."""
        keys = [derived_key(secret, _PURPOSE) for secret in secrets]
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
        self._key = keys[0]

    def seal(self, token: bytes, now_s: int) -> str:
        """Return the cookie's value for a token; ``now_s`` is in seconds since 1970, UTC."""
        return self._fernet.encrypt_at_time(token, now_s).decode()

    def open(self, value: str, now_s: int) -> bytes | None:
        """Return the token of a cookie; ``None`` if it is none of ours or too old."""
        try:
            return self._fernet.decrypt_at_time(value.encode(), SESSION_S, now_s)
        except (InvalidToken, UnicodeEncodeError):
            return None

    def form_token(self, value: str) -> str:
        """Return what a form of this session sends along: no other site knows it."""
        mac = hmac.digest(self._key, b"form\0" + value.encode("utf-8", "replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(mac[:18]).decode()

    def is_form_token(self, given: str, value: str) -> bool:
        """Whether a form was made for this session."""
        expected = self.form_token(value).encode()
        return hmac.compare_digest(given.encode("utf-8", "replace"), expected)
