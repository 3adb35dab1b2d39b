"""The keys of what the status is judged by, in one slot.

key                     type    member → score, or fields
qh:{watch}:runs         hash    kind of upkeep → when it has last ended well, ms UTC
qh:{watch}:drains       zset    a stretch of seconds → when a drain has failed or died in it
qh:{watch}:canary       hash    see ``app.store.canary``
qh:{watch}:canary:turn  string  there while it is not yet time for the next canary
"""

from __future__ import annotations

RUNS = "qh:{watch}:runs"
DRAIN_FAILURES = "qh:{watch}:drains"
CANARY = "qh:{watch}:canary"
CANARY_TURN = "qh:{watch}:canary:turn"
