"""Which instance, and with which token."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from qhronos.errors import NotConfigured
from qhronos.installation import version

URL_VARIABLE, TOKEN_VARIABLE = "QHRONOS_URL", "QHRONOS_TOKEN"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The address and the token, checked."""

    url: str
    token: str = field(repr=False)

    @classmethod
    def of(cls, url: str | None, token: str | None) -> Configuration:
        """Take what is given, else what the environment has; raises ``NotConfigured``."""
        url = (url or os.environ.get(URL_VARIABLE, "")).strip().rstrip("/")
        token = (token or os.environ.get(TOKEN_VARIABLE, "")).strip()
        if not url:
            raise NotConfigured(f"Say where Qhronos is: give a url, or set {URL_VARIABLE}.")
        if not is_address(url):
            raise NotConfigured(
                "The address of Qhronos has to be like https://qhronos.example.com, without a user."
            )
        if not token:
            raise NotConfigured(f"Say who you are: give a token, or set {TOKEN_VARIABLE}.")
        if not token.isascii() or not token.isprintable():
            raise NotConfigured("The token has a character that no token has: copy it once more.")
        return cls(url, token)

    def for_httpx(self, timeout_s: float, transport: Any, verify: Any) -> dict[str, Any]:
        """The arguments of a client of httpx."""
        chosen: dict[str, Any] = {"transport": transport} if transport else {"verify": verify}
        return {
            "base_url": self.url,
            "timeout": timeout_s,
            "headers": {
                "Authorization": f"Bearer {self.token}",
                "User-Agent": f"qhronos-python/{version()}",
            },
            **chosen,
        }


def is_address(url: str) -> bool:
    """Whether a text is an address: a scheme of HTTP, a host, no user, no query."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return known and not (parts.query or parts.fragment or parts.username or parts.password)
