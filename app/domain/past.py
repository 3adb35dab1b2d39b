"""An occurrence that is over, with all that is recorded of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app.domain.attempt import Attempt
from app.domain.occurrence import Occurrence


class Past(NamedTuple):
    """An occurrence that has ended, and its attempts, oldest first.

    ``report`` is the end of another occurrence, as a callback has to tell it; empty for others.
    """

    occurrence: Occurrence
    attempts: Sequence[Attempt]
    report: bytes = b""
