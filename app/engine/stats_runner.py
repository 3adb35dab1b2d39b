"""Rolls up what was counted, every few seconds: a thread of an upkeep worker."""

from __future__ import annotations

import logging
import threading

from app.errors import StoreUnavailable
from app.services.rollups import RollUps

log = logging.getLogger(__name__)

EVERY_S = 2.0
"""How long figures are behind what is recorded, at most, while the store is there."""


def run(roll_ups: RollUps, stop: threading.Event) -> None:
    """Roll up until told to stop."""
    while not stop.wait(EVERY_S):
        try:
            roll_ups.add()
        except StoreUnavailable:
            continue  # nothing is lost; who needs the store for more says so
        except Exception:  # figures must not end because one of them can't be read
            log.exception("what was counted could not be rolled up")
