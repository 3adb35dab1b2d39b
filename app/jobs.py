"""What RQ calls by name.

The names of these functions are stored in RQ, in jobs that an earlier version may have enqueued:
they stay as they are.
"""

from __future__ import annotations

from functools import partial

from app.api.lazy_bodies import lazy_loader
from app.store.shards import if_there
from app.wiring.engine import worker_engine

LOAD = lazy_loader(lambda: worker_engine().services)
"""Checks the bodies of events that an import makes."""


def drain() -> int:
    """Deliver what is due, for a bounded time; returns how many attempts were made."""
    return worker_engine().drain()


def recover() -> int:
    """Release expired leases and schedule missing successors."""
    return worker_engine().upkeep.recover()


def repair() -> int:
    """Schedule the successors which drains have left."""
    return worker_engine().upkeep.repair()


def replan(name: str) -> int:
    """Reschedule the events of a calendar that has changed."""
    return worker_engine().services.calendars.replan(name)


def retry(job_id: str) -> int:
    """Work on a redelivery job."""
    return worker_engine().services.redeliveries.work(job_id)


def continue_retries() -> int:
    """Go on with all redeliveries, imports and bulk jobs whose time has come."""
    services = worker_engine().services
    kinds = (
        services.redeliveries.continue_waiting,
        partial(services.import_jobs.continue_waiting, LOAD),
        services.bulk.continue_waiting,
    )
    # A kind whose jobs are on a shard of a cluster that is away keeps none of the others.
    return sum(if_there(one) or 0 for one in kinds)


def reconcile() -> int:
    """Schedule active events that have no scheduled occurrence."""
    return worker_engine().upkeep.reconcile()


def retain() -> int:
    """Delete what is older than the retention."""
    return worker_engine().upkeep.retain()
