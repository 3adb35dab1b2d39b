"""The canary: a webhook to this very instance, by which it sees that it delivers.

No user can ask for it. It does not say which instance sends it, as that would be refused there.
"""

from __future__ import annotations

from app.delivery.actions import webhook
from app.delivery.request import NOBODY, Identity, Job, Request


def build(job: Job, now_ms: int, _identity: Identity) -> Request:
    """Make the request of an attempt that starts at ``now_ms``."""
    return webhook.build(job, now_ms, NOBODY)
