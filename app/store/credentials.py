"""With which user and password a connection logs in; from a file, they are read for each anew.

So a password can be changed while everything runs: connections that are open stay so, and new ones
take what the file has now. One that the server refuses is tried again with what it has then.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from redis.credentials import CredentialProvider

from app.domain.secret import FileSecret, SecretText
from app.setting_readers import text_file


class LoginCredentials(CredentialProvider):
    """A user, or none, and a password; see the client's ``CredentialProvider``."""

    def __init__(self, user: str, password: SecretText) -> None:
        self._user = user
        self._password = password

    @property
    def may_change(self) -> bool:
        """Whether the password is read from a file."""
        return isinstance(self._password, FileSecret)

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """User and password, or the password alone."""
        password = self._read()
        return (self._user, password) if self._user else (password,)

    def _read(self) -> str:
        known = self._password
        if isinstance(known, FileSecret):
            # (Where it can't be read it is being written: what was known may still be right.)
            with contextlib.suppress(OSError, ValueError):
                self._password = FileSecret.of(text_file(Path(known.path)), known.path)
        return str(self._password)
