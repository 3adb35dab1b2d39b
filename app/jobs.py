"""What RQ calls by name.

The names of these functions are stored in RQ, in jobs that an earlier version may have enqueued:
they stay as they are.
"""

from __future__ import annotations

from app.wiring.engine import worker_engine


def drain() -> int:
    """Deliver what is due, for a bounded time; returns how many attempts were made."""
    return worker_engine().drain()


def recover() -> int:
    """Return expired leases, and schedule successors that are missing."""
    return worker_engine().upkeep.recover()


def replan(name: str) -> int:
    """Plan the events of a calendar anew, after it has changed."""
    return worker_engine().services.calendars.replan(name)


def retry(job_id: str) -> int:
    """Go on with a redelivery job."""
    return worker_engine().services.redeliveries.work(job_id)


def reconcile() -> int:
    """Find active events without a scheduled occurrence and mend them."""
    return worker_engine().upkeep.reconcile()


def retain() -> int:
    """Forget what retention says is old enough."""
    return worker_engine().upkeep.retain()
