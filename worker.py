"""Workers and the scheduler: ``python worker.py [deliver | upkeep | scheduler]``.

Without an argument, everything that one host runs beside the API, supervised: the delivery
workers that ``QHRONOS_WORKERS`` asks for, one upkeep worker and one scheduler. Any number of any
of them may run, on any number of hosts, against the same Redis. These commands end by themselves:
``reencrypt`` seals every stored secret with the current ``QHRONOS_ENCRYPTION_KEY``, ``inspect ID``
prints what is stored of an event or an occurrence, and ``archive query``, ``archive restore`` and
``archive verify`` read what retention has deleted.
"""

from __future__ import annotations

import os
import signal
import sys


def _end(*_: object) -> None:
    """End at once, as told: nothing is under way yet, and whoever asks sees a clean stop."""
    os._exit(0)


if __name__ == "__main__":
    # Imports take a while, longer on a busy host; each role then sets handlers of its own.
    # (A ``reencrypt`` or ``rebalance`` that was ended early has not done what it was asked for.)
    if sys.argv[1:2] not in (["reencrypt"], ["rebalance"]):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _end)

    from app.workers import main

    sys.exit(main(sys.argv[1:]))
