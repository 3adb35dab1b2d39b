"""The keys of alerts.

In the form of ``keys``::

qh:{alerts}                       hash    alert → its definition (JSON)
qh:{alerts}:sealed                hash    alert → its URL and its secret, encrypted
qh:{alerts}:groups                hash    alert → what it has yet to tell (JSON)
qh:{alerts}:sends                 hash    alert → what became of its notifications (JSON)
qh:{alerts}:watch                 hash    what is known, see ``alert_watch``
qh:{alerts}:leader                string  the process that looks now (30 s)
qh:{alerts}:set-aside             zset    event → when it was set aside (the newest 1,000,
                                              for a day)
"""

from __future__ import annotations

ALERTS = b"qh:{alerts}"
SEALED = b"qh:{alerts}:sealed"
GROUPS = b"qh:{alerts}:groups"
SENDS = b"qh:{alerts}:sends"
WATCH = b"qh:{alerts}:watch"
LEADER = b"qh:{alerts}:leader"
SET_ASIDE = b"qh:{alerts}:set-aside"

MAX_SET_ASIDE = 1_000
SET_ASIDE_KEPT_MS = 86_400_000
