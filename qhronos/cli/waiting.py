"""Waits for what happens elsewhere."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING

import click

from qhronos.cli.failures import NotOver
from qhronos.cli.long_work import if_stopped
from qhronos.cli.output import plain

if TYPE_CHECKING:
    from qhronos import Client, Occurrence

FIRST_S, LONGEST_S = 0.2, 2.0
"""Pauses between two looks; they grow."""

timeout_option = click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="With --wait: wait no longer; exit code 6 if it is not over then.",
)


class Patience:
    """The pauses of a wait, and its end: ``timeout_s`` from now, or never."""

    def __init__(self, timeout_s: float | None) -> None:
        self._timeout_s = timeout_s
        self._ends_at = math.inf if timeout_s is None else time.monotonic() + timeout_s
        self._pause_s = FIRST_S

    def wait(self, what: str) -> None:
        """Wait a little; raises ``NotOver`` at the end, which says where ``what`` can be read."""
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            raise NotOver(f"It is not over after {self._timeout_s:g} s, and goes on: {what}.")
        time.sleep(min(self._pause_s, left_s))
        self._pause_s = min(self._pause_s * 1.5, LONGEST_S)


def wait_until_over(client: Client, occurrence: Occurrence, patience: Patience) -> Occurrence:
    """Look at an occurrence until nothing more will happen to it by itself.

    That takes as long as its retries; each attempt that fails is told. Raises ``NotOver``.
    """
    where = f"see 'qhronos occurrences show {occurrence.id}'"
    with if_stopped(lambda: f"It goes on: {where}."):
        return _wait(client, occurrence, patience, where)


def _wait(client: Client, occurrence: Occurrence, patience: Patience, where: str) -> Occurrence:
    while not occurrence.is_over:
        patience.wait(where)
        before, occurrence = occurrence, client.occurrences.get(occurrence.id)
        if occurrence.status == "retrying" and occurrence.attempt_count != before.attempt_count:
            sys.stderr.write(
                f"Attempt {occurrence.attempt_count} has failed "
                f"({plain(occurrence.error_message or occurrence.status_code)}); the next one is "
                f"at {plain(occurrence.next_attempt_at)}.\n"
            )
    return occurrence
