"""Every error that the client raises on purpose; each says in one sentence what to change.

QhronosError
├── NotConfigured       no address or no token is known
├── InvalidSignature    a delivery that may not be trusted
├── Unreachable         nobody answers, or the answer is cut off
└── ApiError            the service answered with an error
    ├── Invalid         400, 413, 415: what was sent can't be accepted
    ├── Unauthenticated 401
    ├── Forbidden       403
    ├── NotFound        404
    ├── Conflict        409
    ├── StaleVersion    412: ``if_match`` names another version
    ├── RateLimited     429
    └── Unavailable     5xx: the service, or a proxy before it, can't at the moment
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class QhronosError(Exception):
    """Something went wrong; ``str`` of it is one sentence."""


class NotConfigured(QhronosError):
    """No address or no token is known."""


class InvalidSignature(QhronosError):
    """A delivery is not signed with the secret, or is too old: answer it with 401."""


class Unreachable(QhronosError):
    """Nobody answers, or the answer is cut off."""


class ApiError(QhronosError):
    """The service answered with an error.

    ``fields`` has what is wrong with each field, by its dotted path. ``retry_after_s`` is how long
    the service asks to wait, if it does. ``document`` is the whole answer.
    """

    def __init__(
        self,
        sentence: str,
        *,
        status: int,
        document: Mapping[str, Any] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.document: Mapping[str, Any] = document or {}
        self.fields: Mapping[str, Sequence[str]] = self.document.get("fields") or {}
        self.retry_after_s = retry_after_s


class Invalid(ApiError):
    """What was sent can't be accepted (400, 405, 413, 415)."""


class Unauthenticated(ApiError):
    """The token is missing, unreadable, expired or revoked (401)."""


class Forbidden(ApiError):
    """The token is good, but may not do this (403)."""


class NotFound(ApiError):
    """The id names nothing that the token may see (404)."""


class Conflict(ApiError):
    """The request contradicts what is stored (409)."""


class StaleVersion(ApiError):
    """``if_match`` names another version than the stored one (412)."""


class RateLimited(ApiError):
    """The token has sent too many requests (429)."""


class Unavailable(ApiError):
    """The service, or a proxy before it, can't answer at the moment (5xx)."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: StaleVersion,
    429: RateLimited,
}


def error_for(status: int) -> type[ApiError]:
    """The class of error for a status of HTTP."""
    return _BY_STATUS.get(status) or (Unavailable if status >= 500 else Invalid)
