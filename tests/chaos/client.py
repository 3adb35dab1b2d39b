"""A client of the API that makes every kind of write call, and writes every answer down."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tests.chaos.calls import Call
from tests.chaos.edits import EDITS, LIMITING, has_resumed
from tests.chaos.ledger import Entry, has_changed, made_ms, now_ms
from tests.chaos.timeline import Shape
from tests.support.api_client import Answer, Api, at

RETRY = {"attempts": 60, "delays": ["1s", "1s", "2s"]}
"""More patience than any run of faults can use up."""

ACK_TIMEOUT = "3s"
"""Longer than a receiver takes to acknowledge, and so short that it also runs out."""

NEAR_MS = 100
"""An edit comes so long before or after a due time of its event at the most."""

UNDER_WAY = "with this Idempotency-Key is under way"

SURELY_S = 120.0
"""A call that must have an answer gets one within this time, whatever is the matter."""

FREE = 0.7
"""This part of the series that begin without a flow or an overlap policy never get one."""

PATHS = {"/ok": "127.0.0.1", "/slow": "127.0.0.2", "/flaky": "127.0.0.3", "/later": "127.0.0.4"}
"""Where a kind of receiver is: one that is slow or fails has a limit and a breaker of its own."""


class Client(threading.Thread):
    """Creates events, and edits its series, until told to stop."""

    def __init__(
        self, api: Api, port: int, seed: str, stop: threading.Event, *, pause_s: float, series: int
    ) -> None:
        """``pause_s``: between one act and the next, on average; ``series``: so many it has."""
        super().__init__(name=f"client {seed}")
        self._api, self._port, self.told, self._pause_s = api, port, stop, pause_s
        self._number = int(seed.rpartition("-")[2])
        self._series = series
        self.chance = random.Random(seed)
        self.label = f"c{seed.replace('-', 'x')}"
        self.entries: list[Entry] = []
        self.answers: Counter[str] = Counter()
        self.made: Counter[Call] = Counter()
        """Write calls that were answered with a success."""
        self.changes: dict[str, Call] = {}
        """What changed something, by the ids of the requests."""
        self.once: dict[str, str] = {}
        """Events made under an idempotency key: by their names, their ids."""
        self._deck: list[str] = []
        self.waited = 0
        self.near = 0
        """So many of the acts that waited for a due time began as near to it as they should."""
        self.acts: Counter[str] = Counter()
        self.problems: list[str] = []
        self.error: Exception | None = None
        self.closed = False
        """Whether this client's calendar takes every day of these now."""

    def run(self) -> None:
        try:
            self._act()
        except Exception as error:  # noqa: BLE001 - a thread's own would be lost
            self.error = error

    def _act(self) -> None:
        self.surely(Call.PUT_CALENDAR, self.label, {"dates": ["2030-05-05"]})
        own = {self._one: 20, self._moved: 5, self._removed: 5, self._edited: 70}
        while not self.told.is_set():
            if len(self.running_series()) < self._series:
                self._create_series()
            act = self.chance.choices(list(own), list(own.values()))[0]
            act()
            self.told.wait(self.chance.expovariate(1 / self._pause_s))

    def call(
        self,
        call: Call,
        of: str = "",
        body: object = None,
        *,
        query: str = "",
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | None:
        """Make a write call; ``None`` if it is not known what became of it."""
        sent_ms = now_ms()
        answer = self._ask(call.method, call.path(of, query), body, token, headers)
        if answer is not None and answer.status < 300:
            self.made[call] += 1
            if "dry_run" not in query and has_changed(sent_ms, answer):
                self.changes[answer.headers["x-request-id"]] = call
        return answer

    def surely(
        self,
        call: Call,
        of: str = "",
        body: object = None,
        *,
        query: str = "",
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make a write call again and again until it is answered: one that may be made twice.

        With an idempotency key, 409 may say that the try before is still under way.
        """

        def ask() -> Answer | None:
            answer = self.call(call, of, body, query=query, token=token, headers=headers)
            is_under_way = answer and answer.status == 409 and UNDER_WAY in answer.json["error"]
            return None if is_under_way else answer

        return self._answered(ask, call.path(of))

    def read(self, path: str) -> Any:
        """What a path has, which must be there."""
        answer = self._answered(lambda: self._ask("GET", path), path)
        assert answer.status == 200, (path, answer)
        return answer.json

    def _answered(self, question: Callable[[], Answer | None], what: str) -> Answer:
        until = time.monotonic() + SURELY_S
        while (answer := question()) is None:
            assert time.monotonic() < until, f"{what} has no answer"
            time.sleep(0.05)
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        body: object = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | None:
        api = self._api.with_token(token) if token else self._api
        try:
            answer = api.call(method, path, body, headers)
        except (OSError, http.client.HTTPException):
            self.answers["no answer"] += 1
            return None
        self.answers[str(answer.status)] += 1
        assert answer.status < 500 or answer.status == 503, answer
        return None if answer.status == 503 else answer

    def wait_for_a_due_time(self, entry: Entry) -> int:
        """Wait until shortly before or after a time of a series; returns that time."""
        soon_ms = now_ms() + NEAR_MS
        due_ms = entry.shape.next_after(soon_ms)
        if due_ms is None:
            return soon_ms
        until_ms = due_ms + self.chance.randrange(-NEAR_MS, NEAR_MS)
        self.told.wait(max(until_ms - now_ms(), 0) / 1000)
        self.waited += 1
        self.near += abs(now_ms() - due_ms) <= NEAR_MS
        return due_ms

    def turns(self, act: str) -> bool:
        """Whether an act is to take the first of its two ways now: they take turns."""
        return (self.acts[act] + self._number) % 2 == 0

    def running_series(self) -> list[Entry]:
        return [one for one in self.entries if one.shape.period_ms and not one.deleted]

    def webhook(self, *, well_behaved: bool = False) -> str:
        path = self.chance.choice(["/ok", "/ok", "/slow", "/flaky", "/later"])
        path = "/ok" if well_behaved else path
        return f"http://{PATHS[path]}:{self._port}{path}"

    def create(self, shape: Shape, **fields: Any) -> Entry | None:
        """Create an event; ``None`` if it is not known whether it is there."""
        sent_ms = now_ms()
        body = {
            "name": "chaos",
            "tags": ["chaos"],
            "webhook": self.webhook(),
            "retry": RETRY,
            "ack_timeout": ACK_TIMEOUT,
            "start_time": at(shape.start_ms / 1000),
        }
        answer = self._created(body | fields)
        if answer is None:
            return None
        assert answer.status == 201, answer
        entry = Entry(answer.json["id"], shape, has_calendar="calendars" in fields)
        self.add(entry, sent_ms, answer)
        return entry

    def add(self, entry: Entry, sent_ms: int, answer: Answer | None = None) -> None:
        """Take an event on that was created; it is known by now."""
        entry.write(sent_ms, now_ms(), closed=self.closed)
        self.entries.append(entry)
        if answer is not None:
            self.note(entry, answer)

    def _created(self, body: dict[str, Any]) -> Answer | None:
        """Once, or under a key that lets it be asked again until it is known to be there."""
        if self.chance.random() < 0.5:
            return self.call(Call.CREATE, body=body)
        name = f"once-{self.label}-{len(self.once)}"
        headers = {"Idempotency-Key": name}
        answer = self.surely(Call.CREATE, body=body | {"name": name}, headers=headers)
        if answer.status == 201:
            self.once[name] = answer.json["id"]
        return answer

    def note(self, entry: Entry, answer: Answer) -> None:
        """Take the API at its word about what comes next."""
        problem = entry.promised(answer.json["next_occurrence_at"], now_ms())
        self.problems += [problem] if problem else []

    def _create_series(self) -> None:
        seconds = self.chance.choice([1, 1, 2, 3])
        start_ms = now_ms() + self.chance.randrange(-5_000, 3_000)
        settings: dict[str, Any] = self.chance.choice(
            [
                {},
                {},
                {"jitter": "400ms"},
                {"calendars": [self.label]},
                {"calendars": [self.label], "jitter": "200ms"},
                {"flow": {"key": f"few-{self.label}", "concurrency": 3}},
                {"flow": {"key": f"one-{self.label}"}, "order": "strict"},
                {"overlap": self.chance.choice(["skip", "cancel_previous", "queue_one"])},
            ]
        )
        schedule = {"every": f"{seconds}s"}
        stays_free = not {"flow", "overlap"} & settings.keys() and self.chance.random() < FREE
        settings["webhook"] = self.webhook(well_behaved=stays_free)
        jitter_ms = int(str(settings.get("jitter", "0ms")).removesuffix("ms"))
        shape = Shape(start_ms, seconds * 1_000, jitter_ms=jitter_ms)
        entry = self.create(shape, schedule=schedule, **settings)
        if entry:
            entry.stays_free = stays_free

    def _soon(self) -> Shape:
        return Shape(now_ms() + self.chance.randrange(0, 4_000))

    def _one(self) -> None:
        entry = self.create(self._soon())
        if entry and self.chance.random() < 0.3:
            EDITS["triggered"](self, entry)

    def _moved(self) -> None:
        """A one-time event gets another time, just before or after it was due."""
        entry = self.create(self._soon())
        if entry is None:
            return
        self.wait_for_a_due_time(entry)
        moved = Shape(entry.shape.start_ms + self.chance.randrange(500, 3_000))
        sent_ms = now_ms()
        body = {"start_time": at(moved.start_ms / 1000)}
        answer = self.surely(Call.PUT, entry.event_id, body)
        if answer.status == 200 and answer.json["status"] == "active":
            entry.shape = moved
            entry.write(made_ms(sent_ms, answer), now_ms())
            self.note(entry, answer)
        else:
            # It has run: at its old time before it was moved, or at its new one after a first try
            # whose answer was lost.
            entry.uncertain = True

    def _removed(self) -> None:
        entry = self.create(self._soon())
        if entry:
            EDITS["deleted"](self, entry)

    def _edited(self) -> None:
        """The next kind of edit, of a series that it may happen to; each has its turn."""
        if not self._deck:
            self._deck = self.chance.sample(sorted(EDITS), len(EDITS))
        name = self._deck[-1]
        able = [
            one
            for one in self.running_series()
            if one.busy_until_ms < now_ms() and not (one.stays_free and name in LIMITING)
        ]
        entry = self.chance.choice(able) if able else None
        if entry is None or not has_resumed(self, entry):
            self.chance.shuffle(self._deck)
            return
        self._deck.remove(name)
        self.acts[name] += 1
        entry.call = name
        EDITS[name](self, entry)
