"""Webhooks as Celery tasks with an ETA. Run by ``benchmarks.peers``, in a venv of its own."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime

from celery import Celery  # type: ignore[import-not-found]

from benchmarks import rq_job

app = Celery(
    "peer", broker=os.environ.get("PEER_REDIS_URL", "").replace("unix://", "redis+socket://")
)
app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)


@app.task  # type: ignore[untyped-decorator]
def post(url: str, headers: list[str], body: str) -> None:
    rq_job.post(url, headers, body)


if __name__ == "__main__":
    from benchmarks.peer_celery import post as task

    spec = json.load(sys.stdin)
    with app.connection() as connection, app.amqp.Producer(connection) as producer:
        for at in spec["times_ms"]:
            task.apply_async(
                (spec["url"], [*spec["headers"], f"webhook-id: {at:012x}"], spec["body"]),
                eta=datetime.fromtimestamp(at / 1000, UTC),
                producer=producer,
            )
    json.dump(len(spec["times_ms"]), sys.stdout)
