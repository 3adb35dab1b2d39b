"""Sessions of the console: the token that somebody signed in with, sealed for a cookie.

Nothing is stored. Each request opens the cookie and judges the token anew, so that a session ends
with its token: when that is revoked, or expires. A link that signs in holds its token in the same
way, with a name by which it is known that it was used.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.crypto.encryption import derived_key

SESSION_S = 12 * 3_600
"""How long a session lasts at most: a day's work."""

LINK_S = 600
"""How long a link that signs in is good."""

REMEMBERED_S = LINK_S + 60
"""How long it must be known that one was used: the clock of who made it may be a minute ahead."""

_PURPOSE = "console sessions"
_SESSION, _LINK = b"session ", b"link "
_NAME_LENGTH = 32


class SignInLink(NamedTuple):
    """What a link that signs in holds: its name, to be used once, and the token."""

    name: str
    token: bytes


class ConsoleSessions:
    """Seals and opens sessions (Fernet: AES-128-CBC with HMAC-SHA256, and the time of sealing)."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """``secrets``: the current one, then those whose sessions are still good."""
        keys = [derived_key(secret, _PURPOSE) for secret in secrets]
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
        self._key = keys[0]

    def seal(self, token: bytes, now_s: int) -> str:
        """Return the cookie's value for a token; ``now_s`` is in seconds since 1970, UTC."""
        return self._fernet.encrypt_at_time(_SESSION + token, now_s).decode()

    def open(self, value: str, now_s: int) -> bytes | None:
        """Return the token of a cookie; ``None`` if it is none of ours or too old."""
        return self._open(_SESSION, value, SESSION_S, now_s)

    def seal_link(self, token: bytes, now_s: int) -> str:
        """Return what a link that signs in with a token has in its address."""
        named = secrets.token_hex(_NAME_LENGTH // 2).encode() + token
        return self._fernet.encrypt_at_time(_LINK + named, now_s).decode()

    def open_link(self, value: str, now_s: int) -> SignInLink | None:
        """Return what a link holds; ``None`` if it is none of ours or too old."""
        named = self._open(_LINK, value, LINK_S, now_s)
        if named is None:
            return None
        return SignInLink(named[:_NAME_LENGTH].decode(), named[_NAME_LENGTH:])

    def _open(self, kind: bytes, value: str, age_s: int, now_s: int) -> bytes | None:
        try:
            opened = self._fernet.decrypt_at_time(value.encode(), age_s, now_s)
        except (InvalidToken, UnicodeEncodeError):
            return None
        return opened[len(kind) :] if opened.startswith(kind) else None

    def form_token(self, value: str) -> str:
        """Return what a form of this session sends along: no other site knows it."""
        mac = hmac.digest(self._key, b"form\0" + value.encode("utf-8", "replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(mac[:18]).decode()

    def is_form_token(self, given: str, value: str) -> bool:
        """Whether a form was made for this session."""
        expected = self.form_token(value).encode()
        return hmac.compare_digest(given.encode("utf-8", "replace"), expected)
