"""With what a process logs in to a server, beside what the server's URL says."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.domain.secret import SecretText


@dataclass(frozen=True, slots=True)
class Login:
    """Passwords that are not in the URL; empty: that of the URL, if it has one."""

    password: SecretText = field(default_factory=SecretText)
    """Of the user of the URL."""

    sentinel_user: str = ""
    sentinel_password: SecretText = field(default_factory=SecretText)
    """Of the Sentinels, which have users of their own."""


NO_LOGIN = Login()
