"""Tokens: what a bearer token grants, and the making of JWTs.

Flask-JWT-Extended writes and reads them; what it would let pass (no ``exp``, no ``jti``, no
``type``, a foreign audience, an end in a million years) is refused here. Whatever is wrong with
a token, the caller learns only that it is not valid, or that it was revoked.

A token names the key that signed it (``kid``, a hash of the key): the current one or, while
tokens of it are still about, the one before. A token that names none is the current key's.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import InvalidTokenError, PyJWTError

from app.api.http.context import services
from app.api.schemas.tags import read_tag
from app.config import Settings
from app.domain.access import LEVELS, MASTER, Access, Credential
from app.domain.once import Repetition
from app.errors import Forbidden, InvalidInput, Unauthenticated

ISSUER = "qhronos"
LEEWAY_MS = 10_000
"""How far the clock of who made a token may be ahead; its end is judged by ours alone."""

LONGEST_MS = 3_653 * 86_400_000
"""Ten years: longer than any key should stay in use."""

FEED = "feed"
"""The purpose of tokens that may stand in an address: they read the calendar feed alone."""

BADGE = "badge"
"""The purpose of tokens that may stand in an address, too: they read badges alone."""

METRICS = "metrics"
"""The purpose of tokens for Prometheus: they read the metrics alone."""

_CLAIMS = frozenset({"sub", "access", "scope", "iat", "exp", "jti", "iss", "type"})
_LIBRARY_LEEWAY_SECONDS = 10**11
"""The library goes by this host's clock and this module by the service's, so it decides."""

LONGEST_TOKEN = 7_900
"""Bytes: with its header's name it must pass servers that take lines of 8 KiB."""

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
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Minted:
    """A new token and the id by which it can be revoked."""

    token: str
    jti: str


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who asks: what the token grants, and which it is; the master token is ``None``."""

    access: Access
    credential: Credential | None = None

    @property
    def jti(self) -> str | None:
        """The id of the token."""
        return None if self.credential is None else self.credential.jti


@dataclass(frozen=True, slots=True)
class _Verified:
    access: Access
    jti: str
    issued_s: int
    expires_ms: int
    begins_ms: int
    purpose: str | None


class Credentials:
    """Judges the tokens of one application; every call needs its context."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        """Configure the library on ``app`` with the secrets in ``settings``."""
        self._master = settings.master_token.encode()
        # A signature that was good stays good; the time and the registry are looked at again.
        self._verified = lru_cache(_REMEMBERED)(_verify)
        current, previous = settings.jwt_secret, settings.jwt_secret_previous
        self._kid = key_name(current)
        keys = {key_name(key): key for key in (current, previous) if key}
        app.config.update(
            JWT_SECRET_KEY=current,
            JWT_ALGORITHM="HS256",
            JWT_DECODE_ALGORITHMS=["HS256"],
            JWT_TOKEN_LOCATION=["headers"],
            JWT_ENCODE_ISSUER=ISSUER,
            JWT_DECODE_ISSUER=ISSUER,
            JWT_ENCODE_NBF=False,
            JWT_COOKIE_CSRF_PROTECT=False,
            JWT_DECODE_LEEWAY=_LIBRARY_LEEWAY_SECONDS,
        )
        JWTManager(app).decode_key_loader(
            lambda header, claims: _key_for(header.get("kid", self._kid), claims, keys)
        )

    def bearer_of(self, token: bytes, purpose: str | None = None) -> Bearer:
        """Return whose a token is; raises ``Unauthenticated`` and ``StoreUnavailable``.

        The master token passes whatever the store says; a JWT only if the store says nothing
        against it, and not at all while the store is away. One that was made for a ``purpose``
        is good for that alone, any other for none.
        """
        bearer = self.claimed_by(token, purpose)
        self.check(bearer)
        return bearer

    def check(self, bearer: Bearer) -> None:
        """Ask the store whether a token still holds; raises as ``bearer_of``."""
        if (one := bearer.credential) is not None:
            subject = bearer.access.subject
            services().tokens.check(one.jti, subject, one.issued_s, one.expires_ms)

    def claimed_by(self, token: bytes, purpose: str | None = None) -> Bearer:
        """Return whose a token is if it was not revoked, which is for the caller to ask.

        Raises ``Unauthenticated``.
        """
        if purpose is None and self._master and hmac.compare_digest(token, self._master):
            return Bearer(MASTER)
        if len(token) > LONGEST_TOKEN:
            raise Unauthenticated(NOT_VALID)
        try:
            verified = self._verified(token.decode("ascii"))
        except UnicodeDecodeError:
            raise Unauthenticated(NOT_VALID) from None
        if verified.purpose != purpose:
            raise Unauthenticated(NOT_VALID)
        _check_time(verified, services().clock.now_ms())
        return Bearer(
            verified.access, Credential(verified.jti, verified.issued_s, verified.expires_ms)
        )

    def issue(self, grant: Grant, by: Bearer, repetition: Repetition | None = None) -> Minted:
        """Return a new JWT, registered. Its end is cut to whole seconds.

        With a ``repetition`` it is registered once, under the same ``jti`` each time. Raises
        ``Forbidden`` if it would outlive the token that asks for it, and ``Conflict`` if there are
        too many.
        """
        require_end(grant, by)
        services().tokens.require_room(grant.subject)
        seed = None if repetition is None else repetition.seed
        jti = str(uuid.uuid4() if seed is None else uuid.UUID(bytes=seed, version=4))
        claims = {
            "access": grant.level,
            "scope": list(grant.scope),
            "exp": grant.expires_ms // 1000,
            "iat": services().tokens.issue_second(grant.subject),
            "jti": jti,
        }
        if grant.purpose is not None:
            claims["purpose"] = grant.purpose
        token: str = create_access_token(
            grant.subject,
            expires_delta=False,
            additional_claims=claims,
            additional_headers={"kid": self._kid},
        )
        if len(token) > LONGEST_TOKEN:
            raise InvalidInput.field("scope", "is too long for a token; name fewer tags")
        access = Access(grant.subject, grant.level, frozenset(grant.scope))
        services().tokens.register(jti, access, grant.expires_ms, grant.purpose)
        return Minted(token, jti)


def require_end(grant: Grant, by: Bearer) -> None:
    """Raise ``Forbidden`` if a new token would outlive the one that asks for it."""
    if by.credential is not None and grant.expires_ms > by.credential.expires_ms:
        raise Forbidden(
            "A token can't make one that outlives it; choose an expires_at that is not after its "
            "own."
        )


def key_name(key: str) -> str:
    """Return the ``kid`` of a key: it tells keys apart and nothing about them."""
    return hashlib.sha256(b"qhronos kid\0" + key.encode()).hexdigest()[:8]


def _key_for(name: Any, claims: Mapping[str, Any], keys: Mapping[str, str]) -> str:
    """Hand out a key only for tokens that look like ours; the library fills gaps silently."""
    if not claims.keys() >= _CLAIMS or "aud" in claims or not isinstance(name, str):
        raise InvalidTokenError
    if name not in keys:
        raise InvalidTokenError
    return keys[name]


def _check_time(verified: _Verified, now_ms: int) -> None:
    ends_too_late = verified.expires_ms > now_ms + LONGEST_MS + LEEWAY_MS
    expired = verified.expires_ms <= now_ms
    if expired or ends_too_late or verified.begins_ms > now_ms + LEEWAY_MS:
        raise Unauthenticated(NOT_VALID)


def _verify(token: str) -> _Verified:
    try:
        claims = decode_token(token, allow_expired=True)
        return _Verified(
            _access(claims),
            claims["jti"],
            issued_s=_moment_ms(claims["iat"]) // 1000,
            expires_ms=_moment_ms(claims["exp"]),
            begins_ms=_moment_ms(claims.get("nbf", 0)),
            purpose=claims.get("purpose"),
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
