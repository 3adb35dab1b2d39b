"""The usual way to send a webhook from RQ: a job for each. Run by ``benchmarks.drain``.

The connection is kept from one job to the next, and the worker does not fork: this is the fastest
form of it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import redis
from rq import Queue, SimpleWorker

from benchmarks import rq_job


def work(spec: dict[str, Any]) -> dict[str, Any]:
    """Enqueue ``count`` jobs, then work them off; seconds from the first start to the last end."""
    with redis.Redis.from_url(spec["redis_url"]) as connection:
        queue = Queue("one-job-per-webhook", connection=connection)
        args = (spec["url"], spec["headers"], spec["body"])
        jobs = [Queue.prepare_data(rq_job.post, args=args) for _ in range(spec["count"])]
        for start in range(0, len(jobs), 500):
            queue.enqueue_many(jobs[start : start + 500])
        SimpleWorker([queue], connection=connection).work(burst=True, logging_level="ERROR")
    moments = rq_job.moments
    return {"seconds": moments[-1] - moments[0], "count": len(moments) - 1}


if __name__ == "__main__":
    json.dump(work(json.load(sys.stdin)), sys.stdout)
