"""The parts of a process, and everything that can be asked of each."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from app.wiring.crypto import Crypto
from app.wiring.drains import Drains
from app.wiring.engine import Engine
from app.wiring.planning import Planning
from app.wiring.queues import Queues
from app.wiring.services import Services
from app.wiring.storage import Storage

NOWHERE = "redis://127.0.0.1:1/0"
"""Nobody listens there."""

SECRETS = {
    "master_token": "m" * 32,
    "jwt_secret": "j" * 32,
    "signing_secret": "s" * 32,
}

PARTS = (Crypto, Storage, Planning, Queues, Services, Engine, Drains)

ATTRIBUTES = [
    (part, name)
    for part in PARTS
    for name, value in vars(part).items()
    if isinstance(value, (cached_property, property))
]


def part_of(process: Engine, wanted: type) -> Any:
    """The one part of a class."""
    services = process.services
    below = (services.crypto, services.storage, services.planning, services.queues)
    (found,) = (
        part for part in (*below, services, process, process.drains) if type(part) is wanted
    )
    return found
