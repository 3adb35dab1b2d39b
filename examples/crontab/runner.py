"""Runs the commands of a crontab when Qhronos says so."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing

from flask import Flask

from qhronos import Delivery
from qhronos.receivers.flask import deliveries

JOBS = {
    "date": ["date", "--iso-8601=seconds"],
    "df": ["df", "-h", "."],
}
"""What may be run, by the name in the address. No delivery brings a command of its own."""

LONGEST_S = 9.0
"""A little less than the time that a delivery has."""

app = Flask(__name__)


@app.post("/run/<name>")
@deliveries(os.environ["WEBHOOK_SECRET"])
def run(delivery: Delivery, name: str) -> tuple[str, int]:
    """Run a job; its output is kept as the answer of the attempt."""
    if name not in JOBS:
        return f"There is no job {name}.\n", 404
    with closing(sqlite3.connect("runner.db", isolation_level=None)) as db:
        db.execute("CREATE TABLE IF NOT EXISTS done (webhook_id TEXT PRIMARY KEY)")
        known = db.execute("SELECT 1 FROM done WHERE webhook_id = ?", (delivery.webhook_id,))
        if known.fetchone():
            return "It was run before.\n", 200
        ended = subprocess.run(
            JOBS[name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
        if ended.returncode:
            return f"It ended with {ended.returncode}.\n{ended.stdout}", 500
        db.execute("INSERT INTO done VALUES (?)", (delivery.webhook_id,))
    return ended.stdout, 200
