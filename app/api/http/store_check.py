"""No request is served on a store that does not fit: of another version, partitions or keys."""

from __future__ import annotations

import logging
from collections.abc import Collection

from flask import Flask, request

from app.api.http.auth import bearer
from app.api.http.context import services
from app.errors import ConfigError, StoreUnavailable

_log = logging.getLogger(__name__)

NEED_NO_STORE = {"service.get_webhook_keys", "service.get_status"}
"""The status asks by itself, and says what is wrong."""


def register_store_check(app: Flask, blueprints: Collection[str]) -> None:
    """Before the first requests to these blueprints, see that the store fits the settings.

    Until it does they are answered 503 with the reason, and so is ``/health``. A process that began
    while the store was away learns only then what it is.
    """

    def check() -> None:
        if request.blueprint not in blueprints or request.endpoint in NEED_NO_STORE:
            return
        require_store()

    app.before_request(check)


def require_store() -> None:
    """Raise ``StoreUnavailable`` unless the store is there and fits the settings."""
    try:
        _ = services().storage.agreed
    except (ConfigError, StoreUnavailable) as error:
        if "Authorization" in request.headers:
            bearer()  # who has a forged token learns that, and nothing of the store
        if isinstance(error, StoreUnavailable):
            raise
        _log.error("no request is served: %s", error.message)
        raise StoreUnavailable(error.message) from error
