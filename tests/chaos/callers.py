"""Clients of a run of failures: they make events, and ask until each is acknowledged."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from tests.support.api_client import Answer, at
from tests.support.receiver import Receiver, Reply
from tests.support.stack import Stack
from tests.support.wait import wait_until

REPLICATED = {"Qhronos-Durability": "replicated"}
EACH = 20
SERIES_TIMES, AHEAD_S = 3, 2.0
ALIKE = ("one",)
ALL_KINDS = ("one", "one", "flow", "retry", "series")
RETRY = {"attempts": 40, "delays": ["200ms", "1s"]}


@dataclass(frozen=True)
class Made:
    """An event that was acknowledged."""

    name: str
    kind: str
    times_ms: frozenset[int]
    """Its times that were to come when it was acknowledged, ms since 1970."""


class Caller(threading.Thread):
    """Makes one event after the other, until each is acknowledged."""

    def __init__(
        self,
        stack: Stack,
        receiver: Receiver,
        number: int,
        seed: int,
        asking: Mapping[str, str],
        kinds: Sequence[str] = ALIKE,
    ) -> None:
        """``kinds``: what is made, each as often as it is named."""
        super().__init__(name=f"caller-{number}", daemon=True)
        self._stack, self._receiver, self._asking = stack, receiver, asking
        self._chance = random.Random(seed * 100 + number)
        self._label = f"c{number}"
        self._kinds = kinds
        self.stop = threading.Event()
        self.acknowledged: dict[str, Made] = {}
        """By id."""
        self.answered: Counter[int] = Counter()
        self.wrong: list[str] = []

    def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            kind = self._chance.choice(self._kinds)
            self._make(kind, f"{self._label}-{kind}-{number}")
            self.stop.wait(self._chance.uniform(0, 0.05))

    def _make(self, kind: str, name: str) -> None:
        starts_s, body = self._event(kind, name)
        more = {**self._asking, "Idempotency-Key": name}
        # A client that gives up knows nothing; so this one asks for as long as the run lasts.
        while not self.stop.is_set():
            answer = self._call("POST", "/events", body, more)
            if answer is None or answer.status >= 500 or answer.status == 409:
                self.stop.wait(0.1)
                continue
            if answer.status != 201 or answer.json["name"] != name:
                self.wrong.append(f"{name} was answered {answer}")
                return
            known_s = time.time()
            # A single time is sent however late it is; a series begins with what is to come.
            to_come_s = [one for one in starts_s if len(starts_s) == 1 or one > known_s]
            times_ms = frozenset(round(one * 1_000) for one in to_come_s)
            self.acknowledged[answer.json["id"]] = Made(name, kind, times_ms)
            self._read(answer.json["id"], name)
            return

    def _event(self, kind: str, name: str) -> tuple[list[float], dict[str, Any]]:
        """When it is due (seconds since 1970), and what the API is given."""
        body: dict[str, Any] = {"name": name, "webhook": self._receiver.url(f"/{name}")}
        start_s = time.time() + self._chance.choice([0.05, 0.5, 2.0])
        starts_s = [start_s]
        if kind == "series":
            starts_s = [start_s + AHEAD_S + second for second in range(SERIES_TIMES)]
            body["schedule"] = {"rrule": f"FREQ=SECONDLY;COUNT={SERIES_TIMES}"}
        elif kind == "flow":
            body["flow"] = {"key": f"flow-{self._chance.randrange(8)}", "concurrency": 2}
        elif kind == "retry":
            self._receiver.reply(f"/{name}", Reply(503), Reply(200))
        return starts_s, body | {"start_time": at(starts_s[0]), "retry": RETRY}

    def _read(self, event_id: str, name: str) -> None:
        answer = self._call("GET", f"/events/{event_id}")
        if answer is not None and answer.status < 500:
            found = answer.json if answer.status == 200 else {}
            if (found.get("id"), found.get("name")) != (event_id, name):
                self.wrong.append(f"{name} was read as {answer}")

    def _call(self, *what: object) -> Answer | None:
        try:
            answer = self._stack.api.call(*what)  # type: ignore[arg-type]
        except (OSError, HTTPException):
            self.answered[0] += 1
            return None
        self.answered[answer.status] += 1
        return answer


def wait_for_work(calls: Sequence[Caller]) -> None:
    """Wait until each caller has had ``EACH`` more events acknowledged."""
    before = [len(one.acknowledged) for one in calls]

    def all_have() -> bool:
        pairs = zip(calls, before, strict=True)
        return all(len(one.acknowledged) >= count + EACH for one, count in pairs)

    wait_until(all_have, "events are acknowledged", 60)
