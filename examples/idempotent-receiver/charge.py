"""Schedule a charge that takes longer than Qhronos waits, so that it is delivered again."""

from __future__ import annotations

import sys
import time

import httpx

from qhronos import Client
from qhronos.models import Occurrence

RECEIVER = "http://127.0.0.1:8091"


def over(client: Client, event_id: str) -> Occurrence:
    """Wait until the occurrence of a one-time event has its result."""
    while True:
        (occurrence,) = client.events.occurrences(event_id)
        if occurrence.status in ("completed", "failed"):
            return occurrence
        time.sleep(0.1)


def main() -> None:
    customer, amount = sys.argv[1], int(sys.argv[2])
    with Client() as client:
        event = client.events.create(
            name="charge",
            delay="0s",
            webhook=f"{RECEIVER}/charges",
            metadata={"customer": customer, "sum": amount},
            # Less than the receiver takes: its first answer comes too late to be heard.
            timeout="200ms",
            retry={"first": "1s"},
            tags=["charges"],
        )
        occurrence = over(client, event.id)
    total = httpx.get(f"{RECEIVER}/charged/{customer}").json()
    print(f"It was delivered {occurrence.attempt_count} times, and is {occurrence.status}.")
    print(f"In all, {customer} was charged {total}.")


if __name__ == "__main__":
    main()
