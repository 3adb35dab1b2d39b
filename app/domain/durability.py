"""How safe a change has to be before it is answered: what a caller may ask for."""

from __future__ import annotations

from enum import StrEnum, unique

from app.errors import InvalidInput

HEADER = "Qhronos-Durability"


@unique
class Durability(StrEnum):
    """What has to be so of a change when its answer is sent."""

    REPLICATED = "replicated"
    """Replicas of the store have it."""

    FSYNC = "fsync"
    """The store has it on disk."""


def read_durability(text: str) -> frozenset[Durability]:
    """Read one or both, a comma between; raises ``InvalidInput`` with a predicate."""
    try:
        return frozenset(Durability(word.strip()) for word in text.lower().split(","))
    except ValueError:
        raise InvalidInput("must be 'replicated', 'fsync' or 'replicated, fsync'") from None
