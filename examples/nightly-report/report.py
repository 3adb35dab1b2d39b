"""Makes the report of a working day when Qhronos says that the day is over."""

from __future__ import annotations

import csv
import os
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask

from qhronos import Delivery
from qhronos.receivers.flask import deliveries

BERLIN = ZoneInfo("Europe/Berlin")
REPORTS = Path("reports")

app = Flask(__name__)


@app.post("/nightly")
@deliveries(os.environ["WEBHOOK_SECRET"])
def nightly(delivery: Delivery) -> tuple[str, int]:
    """Write the report of the day that the occurrence belongs to."""
    scheduled_at = datetime.fromisoformat(delivery.json()["scheduled_at"])
    path = write(scheduled_at.astimezone(BERLIN).date())
    print("wrote", path, flush=True)
    return f"{path}\n", 200


def write(day: date) -> Path:
    """Write a report whole or not at all; written again, it is the same file."""
    REPORTS.mkdir(exist_ok=True)
    path = REPORTS / f"{day}.csv"
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["day", "orders", "revenue"])
        table.writerow([day, *sales(day)])
    unfinished.replace(path)
    return path


def sales(day: date) -> tuple[int, str]:
    """Ask your database here; these numbers are made up."""
    return day.toordinal() % 100, f"{day.toordinal() % 1000}.00"
