"""How often one caller may ask: counted in the store, in this process while that is away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter

from app.api.http.auth import bearer
from app.api.http.credentials import Bearer
from app.api.http.errors import RETRY_AFTER_SECONDS
from app.config import Settings
from app.domain.callers import counted_address
from app.errors import StoreUnavailable, Unauthenticated
from app.setting_readers import RateLimit
from app.store.brokers import brief_pool

SESSIONS = "qhronos-sessions"
"""The extension that finds whose session a request belongs to (``None``: nobody's)."""

_UNLIMITED = frozenset({"/health"})
"""Probes must go on while a caller on the same address is held back."""

TIMEOUT_S = 1.0
"""How long a request may wait until it is counted."""

_UNITS = {1: "second", 60: "minute", 3_600: "hour", 86_400: "day"}


def register_limits(app: Flask, settings: Settings) -> Callable[[], bool]:
    """Limit requests per token, or per address without one, if the settings say so.

    Returns what tells whether this process counts by itself because the store does not.
    """
    limit = settings.rate_limit
    if limit is None:
        return lambda: False
    app.after_request(_keep_retry_after_meaningful)
    limiter = Limiter(
        _caller,
        application_limits=[_words(limit)],
        headers_enabled=True,
        storage_uri="redis://" if settings.redis_url else "memory://",
        storage_options=_options(settings) if settings.redis_url else {},
        in_memory_fallback_enabled=True,
        # Of requests that find the store away at the same moment, one changes to counting in this
        # process. The others are let through once, instead of being answered 500.
        swallow_errors=True,
        key_prefix="qh",
        request_identifier=lambda: "any",  # without it, what leads nowhere is not counted
    )
    limiter.request_filter(lambda: request.path in _UNLIMITED)
    limiter.init_app(app)
    counted_in_store = limiter.limiter
    return lambda: limiter.limiter is not counted_in_store


def _words(limit: RateLimit) -> str:
    return f"{limit.requests} per {_UNITS[limit.seconds]}"


def _options(settings: Settings) -> dict[str, Any]:
    # All our keys begin with "qh:", so that an access list of the store can be short.
    url, login, prefix = settings.redis_url, settings.store_login, "qh:{limits}"
    pool = brief_pool(url, login, TIMEOUT_S, prefix.encode())
    return {"connection_pool": pool, "key_prefix": prefix}


def _caller() -> str:
    """Name the caller. Only a token that holds counts: made-up ones must not open new counts."""
    try:
        asker = _of_session() or bearer()
    except (Unauthenticated, StoreUnavailable):
        return f"address:{counted_address(request.remote_addr or '')}"
    # By its id and not by its text: padding makes the same token of another text.
    return f"token:{asker.jti or 'master'}"


def _of_session() -> Bearer | None:
    """Whose session a page is asked for in, if there are pages."""
    find: Callable[[], Bearer | None] | None = current_app.extensions.get(SESSIONS)
    return find() if find else None


def _keep_retry_after_meaningful(answer: Response) -> Response:
    """Undo the limiter's ``Retry-After`` on answers that need no waiting for the limit."""
    if answer.status_code == 503:
        answer.headers["Retry-After"] = RETRY_AFTER_SECONDS
    elif answer.status_code != 429:
        answer.headers.pop("Retry-After", None)
    return answer
