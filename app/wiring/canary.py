"""Wiring of the canary."""

from __future__ import annotations

from app.config import Settings
from app.domain.action import CANARY_PATH
from app.engine.canary import CanarySender
from app.store.canary import CanaryStore
from app.wiring.storage import Storage


def canary_sender(storage: Storage) -> CanarySender:
    """Make what sends the canary; it must be on. Raises ``StoreUnavailable``."""
    settings = storage.settings
    return CanarySender(
        CanaryStore(storage.client),
        storage.events,
        storage.work,
        storage.clock,
        storage.partitions,
        settings.canary_ms,
        canary_target(settings),
    )


def canary_target(settings: Settings) -> str:
    """Where the canary is sent."""
    host = settings.host
    here = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host
    own = f"http://[{here}]:{settings.port}" if ":" in here else f"http://{here}:{settings.port}"
    return (settings.canary_url or settings.public_url or own) + CANARY_PATH
