"""An engine on a real store; the clock and what sends requests are a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.clock import Clock
from app.config import Settings
from app.engine.sender import Sender
from app.wiring.doubles import Doubles
from app.wiring.engine import Engine, build_engine
from tests.support.services import FakeDrains, FakeUpkeep


@contextmanager
def engine_with(store_url: str, clock: Clock, sender: Sender, **changes: Any) -> Iterator[Engine]:
    """Make one with settings for tests, changed by these; it is closed in the end."""
    given: dict[str, Any] = {
        "redis_url": store_url,
        "jwt_secret": "j" * 32,
        "signing_secret": "s" * 32,
    }
    doubles = Doubles(
        clock=clock, drain_queue=FakeDrains(), upkeep_queue=FakeUpkeep(), sender=sender
    )
    made = build_engine(Settings(**given | changes), doubles)
    yield made
    made.close()
