"""Before a process does anything: its servers serve it, or it ends and says why they don't."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from app.config import Settings
from app.errors import StoreRefused
from app.store.causes import Heals
from app.store.cluster_probe import probe_store
from app.store.probe import probe

_log = logging.getLogger(__name__)

PATIENCE_S = 10.0
"""How long a name that DNS does not know, or a socket that is not there, is waited for: the store
may start at the same time."""

LOOK_EVERY_S = 0.5
SAY_AGAIN_S = 60.0


def await_servers(
    settings: Settings, *, wait: bool, pause: Callable[[float], None] = time.sleep
) -> None:
    """Look at the store and the broker; with ``wait``, until the store serves.

    Raises ``StoreRefused`` if one of them won't serve whatever is waited for: a wrong password, a
    port that is no Redis, a right that is missing. A broker that is away is not waited for.
    """
    _await_store(settings, wait=wait, pause=pause)
    if settings.has_own_broker:
        cause = probe(
            settings.broker,
            settings.broker_variable,
            runs_scripts=False,
            login=settings.broker_login,
        )
        if cause and cause.heals is Heals.NO:
            raise StoreRefused(cause.sentence)
        if cause:
            _log.warning("%s Deliveries do without it meanwhile.", cause.sentence)


def _await_store(settings: Settings, *, wait: bool, pause: Callable[[float], None]) -> None:
    begun, said, say_at = time.monotonic(), "", 0.0
    url, login = settings.redis_url, settings.store_login
    while cause := probe_store(url, login):
        now = time.monotonic()
        late = cause.heals is Heals.PERHAPS and now > begun + PATIENCE_S
        if cause.heals is Heals.NO or late:
            raise StoreRefused(cause.sentence)
        if cause.sentence != said or now > say_at:
            said, say_at = cause.sentence, now + SAY_AGAIN_S
            _log.warning("%s This process goes on when it serves.", cause.sentence)
        if not wait and cause.heals is Heals.YES:
            return
        pause(LOOK_EVERY_S)
