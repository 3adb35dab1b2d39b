"""Webhooks as jobs of rq-scheduler. Run by ``benchmarks.peers``, in a venv of its own."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime

import redis
from rq import Queue, SimpleWorker
from rq_scheduler import Scheduler

from benchmarks import rq_job


def main(role: str) -> None:
    connection = redis.Redis.from_url(os.environ["PEER_REDIS_URL"])
    queue = Queue("peer", connection=connection)
    scheduler = Scheduler(queue=queue, connection=connection, interval=1)
    if role == "work":
        SimpleWorker([queue], connection=connection).work(logging_level="ERROR")
    elif role == "schedule":
        scheduler.run()
    else:
        spec = json.load(sys.stdin)
        for at in spec["times_ms"]:
            when = datetime.fromtimestamp(at / 1000, UTC).replace(tzinfo=None)
            headers = [*spec["headers"], f"webhook-id: {at:012x}"]
            scheduler.enqueue_at(when, rq_job.post, spec["url"], headers, spec["body"])
        json.dump(len(spec["times_ms"]), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
