"""``/canary``: where this instance takes what it delivers to itself. There only if it is on.

Only the canary that is awaited counts, by its id, and only with this service's signature. So nobody
else can have an instance look well.
"""

from __future__ import annotations

import hmac

from flask import Flask, Response, request

from app.api.http.context import services
from app.config import Settings
from app.domain.action import CANARY_PATH
from app.domain.signing import signing_key, standard_signature
from app.errors import Forbidden
from app.store.canary import CanaryStore

TOLERANCE_S = 300
"""How old a signature may be, as receivers judge it."""

LARGEST = 16_384
"""Bytes of a canary, which has a few hundred: what others send is not to cost much to check."""


def register_canary(app: Flask, settings: Settings) -> None:
    """Take the canary, if it is on."""
    if settings.canary_ms:
        app.add_url_rule(CANARY_PATH, "canary", take, methods=["POST"])


def take() -> Response:
    """Note that the canary has arrived; 403 for anything else, 413 for what is too large."""
    request.max_content_length = LARGEST
    found = services()
    now_ms = found.clock.now_ms()
    webhook_id = request.headers.get("webhook-id", "")
    if not _is_signed(webhook_id, now_ms // 1_000, found.settings.signing_secret):
        raise Forbidden("This takes nothing but what this service signs for itself.")
    if not CanaryStore(found.storage.client).arrives(webhook_id, now_ms):
        raise Forbidden("This is not the canary that is awaited.")
    return Response(status=204)


def _is_signed(webhook_id: str, now_s: int, secret: str) -> bool:
    sent_at = request.headers.get("webhook-timestamp", "")
    if not sent_at.isascii() or not sent_at.isdecimal() or len(sent_at) > 12:
        return False
    if not webhook_id.isascii() or abs(now_s - int(sent_at)) > TOLERANCE_S:
        return False
    key = signing_key(secret)
    expected = standard_signature(key, webhook_id, int(sent_at), request.get_data()).encode()
    given = request.headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(one, expected) for one in given)
