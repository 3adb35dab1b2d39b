"""A receiver that charges customers, each delivery once."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, FastAPI

from qhronos import Delivery
from qhronos.receivers.fastapi import deliveries

WORK_S = 0.5
"""How long a charge takes: this stands for a bank that is slow to answer."""

app = FastAPI()
signed = deliveries(os.environ["WEBHOOK_SECRET"])


@contextmanager
def transaction() -> Iterator[sqlite3.Connection]:
    """Make all changes of a delivery, or none of them."""
    db = sqlite3.connect("payments.db")
    try:
        with db:
            db.execute("CREATE TABLE IF NOT EXISTS worked_on (webhook_id TEXT PRIMARY KEY)")
            db.execute(
                "CREATE TABLE IF NOT EXISTS charged (customer TEXT PRIMARY KEY, sum INTEGER)"
            )
            yield db
    finally:
        db.close()


# A plain function: FastAPI runs it in a thread, so that it may wait for its database.
@app.post("/charges", status_code=204)
def charge(delivery: Annotated[Delivery, Depends(signed)]) -> None:
    """Charge a customer. An error here is answered 500, and the delivery comes again."""
    wanted = delivery.json()["metadata"]
    with transaction() as db:
        new = db.execute("INSERT OR IGNORE INTO worked_on VALUES (?)", (delivery.webhook_id,))
        if new.rowcount:
            time.sleep(WORK_S)
            db.execute(
                "INSERT INTO charged VALUES (:customer, :sum)"
                " ON CONFLICT (customer) DO UPDATE SET sum = sum + excluded.sum",
                wanted,
            )


@app.get("/charged/{customer}")
def charged(customer: str) -> int:
    """Say how much a customer was charged in all."""
    with transaction() as db:
        row = db.execute("SELECT sum FROM charged WHERE customer = ?", (customer,)).fetchone()
    return int(row[0]) if row else 0
