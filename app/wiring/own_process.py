"""What this process says of itself to the others."""

from __future__ import annotations

import hmac
import os
import socket
from urllib.parse import urlsplit

from app import __version__
from app.config import Settings
from app.crypto.encryption import derived_key
from app.domain.process import ProcessFacts
from app.domain.sentinel_urls import is_sentinel_url, read_sentinel_url
from app.store.connection_names import role
from app.store.migrations.schema import NEWEST
from app.wiring.crypto import Crypto

SHARED = {
    "QHRONOS_MASTER_TOKEN": "master_token",
    "QHRONOS_JWT_SECRET": "jwt_secret",
    "QHRONOS_SIGNING_SECRET": "signing_secret",
    "QHRONOS_SIGNING_PRIVATE_KEY": "signing_private_key",
    "QHRONOS_BROKER_URL": "broker",
    "QHRONOS_PARTITIONS": "partitions",
    "QHRONOS_LEASE": "lease_ms",
    "QHRONOS_ALLOW_PRIVATE_TARGETS": "allow_private_targets",
    "QHRONOS_RETENTION_OCCURRENCES": "retention_occurrences_ms",
    "QHRONOS_RETENTION_EVENTS": "retention_events_ms",
    "QHRONOS_RETENTION_PER_EVENT": "retention_per_event",
    "QHRONOS_RETENTION_MAX_BYTES": "retention_max_bytes",
    "QHRONOS_ARCHIVE_URL": "archive_url",
    "QHRONOS_RETENTION_AUDIT": "retention_audit_ms",
    "QHRONOS_INDEXED_METADATA": "indexed_metadata",
    "QHRONOS_METRICS_TAGS": "metrics_tags",
    "QHRONOS_METRICS_TARGETS": "metrics_targets",
    "QHRONOS_CANARY": "canary_ms",
    "QHRONOS_MAX_EVENTS_PER_SUB": "max_events_per_sub",
    "QHRONOS_MAX_OCCURRENCES_PER_SUB": "max_occurrences_per_sub",
    "QHRONOS_MAX_OCCURRENCES_PER_MINUTE": "max_occurrences_per_minute",
    "QHRONOS_TENANT_WEIGHTS": "tenant_weights",
}
"""The settings that must be the same on all hosts, by their variables. (The encryption key is one
of them; it goes by its name, because it may be changed while all run.)"""

DIGEST_BYTES = 8


def own_process(settings: Settings, crypto: Crypto) -> ProcessFacts:
    """Describe this process; settings that others must share go by keyed digests."""
    encryptor = crypto.encryptor
    return ProcessFacts(
        role=role(),
        host=socket.gethostname(),
        pid=os.getpid(),
        version=__version__,
        key=encryptor.current.hex(),
        known_keys=frozenset(name.hex() for name in encryptor.known),
        settings=digests(settings),
        schema=NEWEST,
    )


def digests(settings: Settings) -> dict[str, str]:
    """Return a digest of each setting in ``SHARED``, by its variable.

    They are keyed with the JWT secret: nobody who reads the store can try out what a short master
    token may be. Where that secret differs, all of them do.
    """
    key = derived_key(settings.jwt_secret, "digests of settings")

    def digest(variable: str, value: object) -> str:
        if variable == "QHRONOS_BROKER_URL":
            value = _place(str(value))
        text = f"{variable}\0{value}".encode()
        return hmac.digest(key, text, "sha256")[:DIGEST_BYTES].hex()

    return {name: digest(name, getattr(settings, field)) for name, field in SHARED.items()}


def _place(url: str) -> str:
    """A server's address without what may differ: user and password, and which Sentinels tell."""
    if is_sentinel_url(url):
        found = read_sentinel_url(url)
        return f"{found.name}/{urlsplit(found.server_url).path}"
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
