"""Waits for what happens elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qhronos import Client, Occurrence

FIRST_S, LONGEST_S = 0.2, 2.0
"""Pauses between two looks; they grow."""


def wait_until_over(client: Client, occurrence: Occurrence) -> Occurrence:
    """Look at an occurrence until nothing more will happen to it by itself."""
    pause_s = FIRST_S
    while not occurrence.is_over:
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, LONGEST_S)
        occurrence = client.occurrences.get(occurrence.id)
    return occurrence
