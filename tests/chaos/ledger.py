"""What the API has accepted, as a client knows it who writes every answer down."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.support.api_client import Answer, Api, at, seconds_of

RETRY = {"attempts": 60, "delays": ["1s", "1s", "2s"]}
"""More patience than any run of faults can use up."""

SERIES = 12
"""So many series each client keeps going."""


@dataclass
class Entry:
    """One event. Times are ms UTC."""

    event_id: str
    answered_ms: int
    """When the API had accepted the last of what follows."""
    all_of: set[int] = field(default_factory=set)
    """Times at which an occurrence must have ended."""
    one_of: set[int] = field(default_factory=set)
    """At one of these times at least: whether a change was made is not known."""
    period_ms: int = 0
    """A series from the first of ``all_of`` on, without a gap; 0: none."""
    deleted: bool = False
    tampered: bool = False
    """Paused meanwhile, or perhaps: only its soundness can be told."""


class Client(threading.Thread):
    """Posts, changes, pauses, deletes and triggers until told to stop."""

    def __init__(
        self, api: Api, target: str, seed: str, stop: threading.Event, pause_s: float
    ) -> None:
        """``pause_s``: between one act and the next, on average."""
        super().__init__(name=f"client {seed}")
        self._api, self._target, self._told, self._pause_s = api, target, stop, pause_s
        self._chance = random.Random(seed)
        self.entries: list[Entry] = []
        self.answers: Counter[str] = Counter()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._act()
        except Exception as error:  # noqa: BLE001 - a thread's own would be lost
            self.error = error

    def _act(self) -> None:
        acts = {
            self._one: 60,
            self._moved: 10,
            self._removed: 8,
            self._series: 5,
            self._paused: 4,
            self._triggered: 8,
            self._limited: 12,
            self._in_order: 2,
        }
        while not self._told.is_set():
            self._chance.choices(list(acts), list(acts.values()))[0]()
            self._told.wait(self._chance.expovariate(1 / self._pause_s))

    def _call(self, method: str, path: str, body: object = None) -> Answer | None:
        """An answer, or ``None`` if it is not known what became of the call."""
        try:
            answer = self._api.call(method, path, body)
        except (OSError, http.client.HTTPException):
            self.answers["no answer"] += 1
            return None
        self.answers[str(answer.status)] += 1
        assert answer.status < 500 or answer.status == 503, answer
        return None if answer.status == 503 else answer

    def _create(self, ahead_s: float, **fields: Any) -> Entry | None:
        path = self._chance.choice(["/ok", "/ok", "/ok", "/slow", "/flaky"])
        start_s = round(time.time() + ahead_s, 3)
        body = {"name": "chaos", "tags": ["chaos"], "webhook": self._target + path, "retry": RETRY}
        answer = self._call("POST", "/events", body | {"start_time": at(start_s)} | fields)
        if answer is None:
            return None
        assert answer.status == 201, answer
        entry = Entry(answer.json["id"], _now_ms())
        # A series whose start has passed meanwhile begins with its next occurrence.
        first = answer.json["next_occurrence_at"] if "schedule" in fields else None
        entry.all_of.add(_ms(first or answer.json["start_time"]))
        self.entries.append(entry)
        return entry

    def _one(self) -> None:
        self._create(self._chance.uniform(0, 4))

    def _limited(self) -> None:
        flow = self._chance.choice([{"key": "few", "concurrency": 3}, {"rate": "50/s"}])
        self._create(self._chance.uniform(0, 4), flow=flow)

    def _in_order(self) -> None:
        ahead_s, webhook = self._chance.uniform(0, 4), self._target + "/ok"
        self._create(ahead_s, flow={"key": "in-order"}, order="strict", webhook=webhook)

    def _moved(self) -> None:
        entry = self._create(self._chance.uniform(2, 5))
        if entry is None:
            return
        (before_ms,) = entry.all_of
        after_ms = before_ms + self._chance.randrange(500, 3_000)
        body = {"start_time": at(after_ms / 1000)}
        answer = self._call("PUT", f"/events/{entry.event_id}", body)
        if answer is None:
            entry.all_of, entry.one_of = set(), {before_ms, after_ms}
        elif answer.status == 200 and answer.json["status"] == "active":
            # (Inactive, it had run at its old time before it was moved.)
            entry.all_of, entry.answered_ms = {after_ms}, _now_ms()

    def _removed(self) -> None:
        entry = self._create(self._chance.uniform(0, 3))
        if entry is None:
            return
        self._told.wait(self._chance.uniform(0, 1))
        answer = self._call("DELETE", f"/events/{entry.event_id}")
        entry.all_of = set()
        # Deleted by a call that was cut off, it answers 404 to the next.
        entry.deleted = answer is not None and answer.status == 204
        entry.tampered = not entry.deleted

    def _series(self) -> None:
        if sum(entry.period_ms > 0 for entry in self.entries) < SERIES:
            seconds = self._chance.choice([1, 2, 2, 3])
            entry = self._create(self._chance.uniform(0, 3), schedule={"every": f"{seconds}s"})
            if entry:
                entry.period_ms = seconds * 1_000
        else:
            entry = self._chance.choice([one for one in self.entries if one.period_ms])
            body = {"metadata": {"changed": time.time()}}
            self._call("PATCH", f"/events/{entry.event_id}", body)

    def _paused(self) -> None:
        entry = self._create(0.5, schedule={"every": "1s"})
        if entry is None:
            return
        entry.tampered, entry.all_of = True, set()
        self._told.wait(self._chance.uniform(0, 2))
        self._call("POST", f"/events/{entry.event_id}/pause", {})
        if self._chance.random() < 0.5:
            self._call("POST", f"/events/{entry.event_id}/resume")
        self._told.wait(self._chance.uniform(0, 2))
        self._call("DELETE", f"/events/{entry.event_id}")

    def _triggered(self) -> None:
        entry = self._create(self._chance.uniform(0, 4))
        if entry is None:
            return
        answer = self._call("POST", f"/events/{entry.event_id}/trigger")
        if answer is not None:
            assert answer.status == 202, answer
            entry.all_of.add(_ms(answer.json["scheduled_at"]))
            entry.answered_ms = _now_ms()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _ms(text: str) -> int:
    return round(seconds_of(text) * 1000)
