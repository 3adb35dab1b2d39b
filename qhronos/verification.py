"""For receivers: is this delivery from Qhronos, as it was sent, and sent just now?

The rules are those of https://www.standardwebhooks.com. This module needs the standard library
alone.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qhronos.errors import InvalidSignature

TOLERANCE_S = 300
"""How far the time of a delivery may be from now: who has recorded one can't send it later."""

_SECRET_MARK = "whsec_"  # noqa: S105 - the mark, no secret


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery whose signature holds. Work on each ``webhook_id`` once."""

    webhook_id: str
    """The id of the occurrence, the same on every attempt."""

    sent_at: int
    """Seconds since 1970."""

    headers: Mapping[str, str]
    """By lower-case name."""

    body: bytes

    @property
    def ack_token(self) -> str | None:
        """What acknowledges it later, if you answer 202 with ``Qhronos-Ack: required``."""
        return self.headers.get("qhronos-ack-token")

    def json(self) -> Any:
        """The body as JSON; raises ``ValueError`` if the event's own body is none."""
        return json.loads(self.body)


def verify(
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    body: bytes,
    secret: str | Iterable[str],
    *,
    now: float | None = None,
    tolerance: float = TOLERANCE_S,
) -> Delivery:
    """Verify a delivery by its headers and the exact bytes of its body.

    ``secret`` is one, or several of which any may have signed. ``now`` is seconds since 1970, by
    default the clock's; ``tolerance`` is seconds. Raises ``InvalidSignature``: answer it with 401.
    Raises ``ValueError`` for a secret that can't be one.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    given = {name.lower(): value for name, value in pairs}
    secrets = [secret] if isinstance(secret, str) else list(secret)
    webhook_id, sent_at = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not webhook_id or not given.get("webhook-signature"):
        raise InvalidSignature("The headers webhook-id and webhook-signature have to be there.")
    if not re.fullmatch("[0-9]{1,15}", sent_at):
        raise InvalidSignature("The header webhook-timestamp has to be a number of seconds.")
    # Not to be read as "older than": a tolerance that is no number must refuse everything.
    if not abs((time.time() if now is None else now) - int(sent_at)) <= tolerance:
        raise InvalidSignature(f"The delivery is not of the last {tolerance:g} s.")
    signed = f"{webhook_id}.{sent_at}.".encode() + body
    expected = [_signature(one, signed) for one in secrets]
    sent = given["webhook-signature"].encode(errors="replace").split()
    if not any(hmac.compare_digest(one, other) for one in sent for other in expected):
        raise InvalidSignature(
            "No signature holds: the secret is not the event's, or the body was changed."
        )
    return Delivery(webhook_id, int(sent_at), given, body)


def sign(secret: str, webhook_id: str, body: bytes, *, now: float) -> dict[str, str]:
    """Make the headers that ``verify`` accepts: for tests of receivers, and for who forwards.

    ``now`` is seconds since 1970. Raises ``ValueError`` for a secret that can't be one.
    """
    sent_at = str(int(now))
    signature = _signature(secret, f"{webhook_id}.{sent_at}.".encode() + body)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": sent_at,
        "webhook-signature": signature.decode(),
    }


def _signature(secret: str, signed: bytes) -> bytes:
    key = secret.encode()
    if secret.startswith(_SECRET_MARK):
        encoded = secret.removeprefix(_SECRET_MARK).rstrip("=")
        try:
            key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except binascii.Error:
            raise ValueError("What follows whsec_ in a secret has to be base64.") from None
    if not key:
        raise ValueError("The secret is empty: set the one that the event is signed with.")
    return b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
