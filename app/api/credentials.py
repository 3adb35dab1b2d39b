"""Tokens: what a bearer token grants, and the making of JWTs.

Flask-JWT-Extended writes and reads them; what it would let pass (no ``exp``, no ``jti``, no
``type``, a foreign audience, an end in a million years) is refused here. Whatever is wrong with
a token, the caller learns only that it is not valid.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import InvalidTokenError, PyJWTError

from app.api.tags import read_tag
from app.clock import Clock
from app.config import Settings
from app.domain.access import LEVELS, MASTER, Access
from app.errors import InvalidInput, Unauthenticated

ISSUER = "qhronos"
LEEWAY_MS = 10_000
"""How far two hosts' clocks may disagree about the end of a token."""

LONGEST_MS = 3_653 * 86_400_000
"""Ten years: longer than any key should stay in use."""

_CLAIMS = frozenset({"sub", "access", "scope", "iat", "exp", "jti", "iss", "type"})
_LIBRARY_LEEWAY_SECONDS = 86_400
"""The library goes by this host's clock and this module by the service's, so it decides."""

_REMEMBERED = 1_024
"""How many tokens each process keeps verified, about half a megabyte."""

NOT_VALID = "This token is not valid or has expired; send a valid one."


@dataclass(frozen=True, slots=True)
class Grant:
    """What a new token is to allow, until ``expires_ms`` (ms since 1970, UTC)."""

    subject: str
    level: str
    scope: tuple[str, ...]
    expires_ms: int


@dataclass(frozen=True, slots=True)
class _Verified:
    access: Access
    expires_ms: int
    begins_ms: int


class Credentials:
    """Judges the tokens of one application."""

    def __init__(self, app: Flask, settings: Settings, clock: Clock) -> None:
        """Configure the library on ``app`` with the secrets in ``settings``."""
        self._master = settings.master_token.encode()
        self._clock = clock
        # A signature that was good stays good; only the time has to be looked at again.
        self._verified = lru_cache(_REMEMBERED)(_verify)
        app.config.update(
            JWT_SECRET_KEY=settings.jwt_secret,
            JWT_ALGORITHM="HS256",
            JWT_DECODE_ALGORITHMS=["HS256"],
            JWT_TOKEN_LOCATION=["headers"],
            JWT_ENCODE_ISSUER=ISSUER,
            JWT_DECODE_ISSUER=ISSUER,
            JWT_ENCODE_NBF=False,
            JWT_COOKIE_CSRF_PROTECT=False,
            JWT_DECODE_LEEWAY=_LIBRARY_LEEWAY_SECONDS,
        )
        JWTManager(app).decode_key_loader(lambda _, claims: _key_for(claims, settings.jwt_secret))

    def access_of(self, token: bytes) -> Access:
        """Return what a token grants; raises ``Unauthenticated``."""
        if self._master and hmac.compare_digest(token, self._master):
            return MASTER
        try:
            verified = self._verified(token.decode("ascii"))
        except UnicodeDecodeError:
            raise Unauthenticated(NOT_VALID) from None
        now = self._clock.now_ms()
        ends_too_late = verified.expires_ms > now + LONGEST_MS + LEEWAY_MS
        expired = verified.expires_ms <= now - LEEWAY_MS
        if expired or ends_too_late or verified.begins_ms > now + LEEWAY_MS:
            raise Unauthenticated(NOT_VALID)
        return verified.access

    def issue(self, grant: Grant) -> str:
        """Return a new JWT. Its end is cut to whole seconds."""
        claims = {
            "access": grant.level,
            "scope": list(grant.scope),
            "exp": grant.expires_ms // 1000,
        }
        token: str = create_access_token(
            grant.subject, expires_delta=False, additional_claims=claims
        )
        return token


def _key_for(claims: Mapping[str, Any], key: str) -> str:
    """Hand out the key only for tokens that look like ours; the library fills gaps silently."""
    if not claims.keys() >= _CLAIMS or "aud" in claims:
        raise InvalidTokenError
    return key


def _verify(token: str) -> _Verified:
    try:
        claims = decode_token(token, allow_expired=True)
        return _Verified(
            _access(claims),
            expires_ms=_moment_ms(claims["exp"]),
            begins_ms=_moment_ms(claims.get("nbf", 0)),
        )
    except (PyJWTError, JWTExtendedException, InvalidInput):
        raise Unauthenticated(NOT_VALID) from None
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        # What the library lets out for tokens that no honest program makes.
        raise Unauthenticated(NOT_VALID) from None


def _access(claims: Mapping[str, Any]) -> Access:
    scope, subject, identity = claims["scope"], claims["sub"], claims["jti"]
    # A scope that is text would turn "in" into a search for parts of words.
    if not isinstance(scope, list) or not all(isinstance(tag, str) for tag in scope):
        raise InvalidTokenError
    if not isinstance(subject, str) or not isinstance(identity, str) or not identity:
        raise InvalidTokenError
    if claims["type"] != "access" or claims["access"] not in LEVELS:
        raise InvalidTokenError
    return Access(subject, claims["access"], frozenset(read_tag(tag) for tag in scope))


def _moment_ms(seconds: Any) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise InvalidTokenError
    return int(seconds * 1000)
