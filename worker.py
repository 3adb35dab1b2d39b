"""Workers and the scheduler: ``python worker.py [deliver | upkeep | scheduler | reencrypt]``.

Without an argument, everything that one host runs beside the API, supervised: the delivery
workers that ``QHRONOS_WORKERS`` asks for, one upkeep worker and one scheduler. Any number of any
of them may run, on any number of hosts, against the same Redis. ``reencrypt`` ends by itself: it
seals every stored secret with the current ``QHRONOS_ENCRYPTION_KEY``.
"""

from __future__ import annotations

import sys

from app.workers import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
