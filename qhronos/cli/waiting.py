"""Waits for what happens elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from qhronos.cli.output import plain

if TYPE_CHECKING:
    from qhronos import Client, Occurrence

FIRST_S, LONGEST_S = 0.2, 2.0
"""Pauses between two looks; they grow."""


def wait_until_over(client: Client, occurrence: Occurrence) -> Occurrence:
    """Look at an occurrence until nothing more will happen to it by itself.

    That takes as long as its retries; each attempt that fails is told.
    """
    pause_s = FIRST_S
    while not occurrence.is_over:
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, LONGEST_S)
        before, occurrence = occurrence, client.occurrences.get(occurrence.id)
        if occurrence.status == "retrying" and occurrence.attempt_count != before.attempt_count:
            sys.stderr.write(
                f"Attempt {occurrence.attempt_count} has failed "
                f"({plain(occurrence.error_message or occurrence.status_code)}); the next one is "
                f"at {plain(occurrence.next_attempt_at)}.\n"
            )
    return occurrence
