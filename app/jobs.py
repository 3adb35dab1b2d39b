"""What RQ calls by name."""

from __future__ import annotations

from app.wiring.services import worker_services


def drain() -> int:
    """Deliver what is due, for a bounded time; returns how many attempts were made."""
    return worker_services().drain()


def recover() -> int:
    """Return expired leases and mend broken series."""
    return worker_services().upkeep.recover()


def replan(name: str) -> int:
    """Plan the events of a calendar anew, after it has changed."""
    return worker_services().calendars.replan(name)


def retry(job_id: str) -> int:
    """Go on with a retry job."""
    return worker_services().redeliveries.work(job_id)


def reconcile() -> int:
    """Find active events without a scheduled occurrence and mend them."""
    return worker_services().upkeep.reconcile()


def retain() -> int:
    """Forget what retention says is old enough."""
    return worker_services().upkeep.retain()
