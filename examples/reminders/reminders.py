"""A reminder service: people say when, Qhronos calls back."""

from __future__ import annotations

import os
import sqlite3
from typing import Any

from flask import Flask, request

from qhronos import Client, Delivery
from qhronos.errors import Invalid, NotFound
from qhronos.receivers.flask import deliveries

HERE = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8090")
"""Where Qhronos reaches this program."""

app = Flask(__name__)
qhronos = Client()


@app.post("/reminders")
def remind() -> tuple[dict[str, Any], int]:
    """Have somebody reminded ``at`` a time, or ``in`` a while."""
    wanted = request.get_json()
    when = {"start_time": wanted.get("at"), "delay": wanted.get("in")}
    try:
        event = qhronos.events.create(
            name="reminder",
            webhook=f"{HERE}/due",
            metadata={"to": wanted["to"], "text": wanted["text"]},
            tags=["reminders"],
            # Who sends the same request twice, with such a header, is reminded once.
            idempotency_key=request.headers.get("Idempotency-Key"),
            **{name: value for name, value in when.items() if value},
        )
    except KeyError as error:
        return {"error": f"A reminder needs {error}."}, 400
    except Invalid as error:
        return {"error": str(error)}, 400
    return {"id": event.id, "at": event.raw["next_occurrence_at"]}, 201


@app.get("/reminders")
def upcoming() -> list[dict[str, Any]]:
    """List what is to come."""
    return [
        {"id": event.id, "at": event.raw["next_occurrence_at"], **event.metadata}
        for event in qhronos.events.list(tags=["reminders"], status="active")
    ]


@app.delete("/reminders/<event_id>")
def call_off(event_id: str) -> tuple[str, int]:
    """Call a reminder off."""
    try:
        qhronos.events.delete(event_id)
    except NotFound:
        return "", 404
    return "", 204


@app.post("/due")
@deliveries(os.environ["WEBHOOK_SECRET"])
def due(delivery: Delivery) -> tuple[str, int]:
    """Remind somebody, once: a delivery whose answer got lost comes again."""
    about = delivery.json()["metadata"]
    with sqlite3.connect("reminders.db") as db:
        db.execute("CREATE TABLE IF NOT EXISTS sent (webhook_id TEXT PRIMARY KEY)")
        if db.execute("INSERT OR IGNORE INTO sent VALUES (?)", (delivery.webhook_id,)).rowcount:
            # Send a mail here. If that raises, nothing is kept, and the delivery comes again.
            print(f"To {about['to']}: {about['text']}", flush=True)
    return "", 204
