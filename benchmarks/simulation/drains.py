"""A drain as ``app.engine.drain`` is: the same turns, limits and batches, in simulated time.

Its window and its limits for targets are the very code of the product, and so are all constants.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any

from app.delivery.sender import MOST_ENDED
from app.engine import recorder
from app.engine.claim_ahead import AHEAD_MS
from app.engine.claim_times import LEAD_MS, MOST_TOGETHER, TOGETHER_MS
from app.engine.claimer import SLICE
from app.engine.drain import ACCEPTED, POLL_MS, STARTED
from app.engine.heads import MAX_SLEEP_MS
from app.engine.target_limits import InFlightRequest, TargetLimits
from app.engine.window import Window
from app.store.calls import BATCH
from app.wiring.drains import WINDOW_FACTOR
from benchmarks.simulation.machine import Bell, Machine, Steps, Thread
from benchmarks.simulation.receivers import Receiver
from benchmarks.simulation.stores import Answer, Claims, Delivery, Looks, Records, StoreNode

TARGET = "http://receiver"
LOOK_MS = 50


class Drain:
    """Serves some partitions of some nodes, and one receiver."""

    def __init__(
        self,
        machine: Machine,
        nodes: dict[int, StoreNode],
        receiver: Receiver,
        *,
        concurrency: int,
        begins_ms: float = 0.0,
    ) -> None:
        """``nodes``: by partition, which node has it."""
        self.thread = Thread(machine)
        self._machine, self._env, self._costs = machine, machine.env, machine.costs
        self._nodes, self._receiver = nodes, receiver
        self._window = Window(concurrency * WINDOW_FACTOR)
        self._targets = TargetLimits(concurrency)
        self._next_ms = dict.fromkeys(nodes, 0.0)
        self._bell = Bell(machine.env)
        self._claiming = self._recording = 0
        self._answers: deque[Answer] = deque()
        self._rows: deque[Delivery] = deque()
        self._order = itertools.count()
        self._delayed: list[tuple[int, int, Delivery]] = []
        self._due: deque[Delivery] = deque()
        self._ended: deque[InFlightRequest] = deque()
        self._records: dict[int, deque[Delivery]] = {}
        self._by_ms: dict[int, float] = {}
        self._has_more = False
        self._look_ms = 0.0
        self.in_flight = 0
        self.in_flight_ms = 0.0
        """The sum of how long each request was in flight."""
        machine.env.process(self._run(begins_ms))

    def _run(self, begins_ms: float) -> Steps:
        yield self._env.timeout(begins_ms)
        self._env.process(self._look_now_and_then())
        while True:
            yield from self.thread.work(self._costs.wake)
            yield from self._send_due()
            cost = self._costs.poll + self.in_flight * self._costs.poll_in_flight
            yield from self.thread.work(self._costs.step + cost)
            yield from self._claim()
            yield from self._send_due()
            yield from self._record()
            yield from self._wait()
            yield from self._handle_ended()
            self._settle_slow()

    def _look_now_and_then(self) -> Steps:
        """What the drain's background asks for."""
        nodes = {id(node): node for node in self._nodes.values()}.values()
        while True:
            for node in nodes:
                node.ask([Looks(len(node.partitions))], lambda _: None)
            yield self._env.timeout(MAX_SLEEP_MS)

    def _send_due(self) -> Steps:
        now_ms = int(self._env.now)
        while self._delayed and self._delayed[0][0] <= now_ms:
            self._due.append(heapq.heappop(self._delayed)[2])
        for _ in range(min(len(self._due), ACCEPTED)):
            one: Any = self._due.popleft()
            self._targets.add(one, TARGET)
        started = self._targets.start_ready(now_ms, STARTED)
        self._has_more = len(started) == STARTED
        for request in started:
            delivery: Any = request.claim
            delivery.started_ms = self._env.now
            yield from self.thread.work(self._costs.accept + self._costs.send)
            self.in_flight += 1
            self._receiver.post(partial(self._answered, request))

    def _answered(self, request: InFlightRequest) -> None:
        self._ended.append(request)
        self._bell.ring()

    def _claim(self) -> Steps:
        costs = self._costs
        while self._answers:
            answer = self._answers.popleft()
            self._learn(answer)
            self._rows.extend(answer.claims)
            for _ in answer.claims:
                self._window.hold(0)
            yield from self.thread.work(costs.receive + costs.receive_row * len(answer.claims))
        rows = [self._rows.popleft() for _ in range(min(len(self._rows), SLICE))]
        if rows:
            yield from self.thread.work(costs.read_row * len(rows))
        now_ms = self._env.now
        for row in rows:
            if row.due_ms > now_ms:
                heapq.heappush(self._delayed, (row.due_ms, next(self._order), row))
            else:
                self._due.append(row)
        if self._claiming or self._window.full:
            return
        partitions = self._ready(now_ms)
        if partitions:
            yield from self.thread.work(costs.ask)
            self._ask(partitions)

    def _ask(self, partitions: Sequence[int]) -> None:
        limit = max(min(self._window.room, BATCH) // len(partitions), 1)
        by_node: dict[int, list[int]] = {}
        for one in partitions:
            self._next_ms[one] = math.inf
            by_node.setdefault(id(self._nodes[one]), []).append(one)
        for some in by_node.values():
            self._claiming += 1
            self._nodes[some[0]].ask([Claims(one, limit) for one in some], self._claimed)

    def _claimed(self, answers: list[Answer]) -> None:
        self._claiming -= 1
        self._answers.extend(answers)
        self._bell.ring()

    def _learn(self, answer: Answer) -> None:
        head_ms = math.inf if answer.head_ms is None else answer.head_ms - LEAD_MS
        self._next_ms[answer.partition] = head_ms

    def _ready(self, now_ms: float) -> list[int]:
        """The partitions to ask: see ``app.engine.claim_times``."""
        first = min(self._next_ms, key=lambda one: self._next_ms[one])
        if self._next_ms[first] > now_ms:
            return []
        if self._next_ms[first] < now_ms - AHEAD_MS:
            self._next_ms[first] = now_ms  # those with a backlog take turns
            return [first]
        soon = [
            one
            for one, at_ms in self._next_ms.items()
            if one != first and now_ms - AHEAD_MS <= at_ms <= now_ms + TOGETHER_MS
        ]
        return [first, *soon[: MOST_TOGETHER - 1]]

    @property
    def _has_to_send(self) -> bool:
        waits = self._rows or self._delayed or self._due or self.in_flight
        return bool(waits or self._targets.waiting)

    def _record(self) -> Steps:
        if self._recording or not self._records:
            return
        now_ms, flush = self._env.now, not self._has_to_send
        most = max(map(len, self._records.values()))
        if not (flush or min(self._by_ms.values()) <= now_ms or most >= recorder.GATHER):
            return
        early_ms = recorder.GATHER_MS / 4 if most < recorder.GATHER else 0.0
        batches = self._take(now_ms, math.inf if flush else now_ms + early_ms)
        cost = self._costs.record_call
        rows = self._costs.record_row * sum(len(one.deliveries) for one in batches)
        yield from self.thread.work(cost + rows)
        by_node: dict[int, list[Records]] = {}
        for one in batches:
            by_node.setdefault(id(self._nodes[one.partition]), []).append(one)
        for some in by_node.values():
            self._recording += 1
            self._nodes[some[0].partition].ask(some, self._recorded)

    def _take(self, now_ms: float, until_ms: float) -> list[Records]:
        left, taken = recorder.BATCH, list[Records]()
        while left > 0 and self._records:
            partition = min(self._by_ms, key=lambda one: self._by_ms[one])
            if not taken and self._by_ms[partition] > now_ms:
                partition = max(self._records, key=lambda one: len(self._records[one]))
            elif taken and self._by_ms[partition] > until_ms:
                break
            waiting = self._records[partition]
            some = [waiting.popleft() for _ in range(min(left, len(waiting)))]
            if not waiting:
                del self._records[partition], self._by_ms[partition]
            taken.append(Records(partition, some))
            left -= len(some)
        return taken

    def _recorded(self, _: list[Answer]) -> None:
        self._recording -= 1
        self._bell.ring()

    def _wait(self) -> Steps:
        now_ms = self._env.now
        if self._ended or self._answers or self._has_more or self._due or self._rows:
            self._bell.hush()
            return
        wakes = [now_ms + POLL_MS]
        if self._delayed:
            wakes.append(self._delayed[0][0])
        if not self._claiming and not self._window.full:
            wakes.append(min(self._next_ms.values()))
        if self._by_ms and not self._recording:
            wakes.append(min(self._by_ms.values()))
        wait_ms = min(wakes) - now_ms
        if wait_ms <= 0:
            return
        self.thread.rest()
        yield from self._bell.wait(wait_ms + self._costs.timer_ms)
        self.thread.wake()

    def _handle_ended(self) -> Steps:
        count = min(len(self._ended), MOST_ENDED)
        if not count:
            return
        yield from self.thread.work((self._costs.poll_ended + self._costs.handle) * count)
        now_ms = int(self._env.now)
        for request in [self._ended.popleft() for _ in range(count)]:
            delivery: Any = request.claim
            self.in_flight -= 1
            delivery.ended_ms = self._env.now
            self.in_flight_ms += self._env.now - delivery.started_ms
            self._targets.end(request, now_ms, succeeded=True)
            if not request.is_slow:
                self._window.settle([request.claim])
            self._records.setdefault(delivery.partition, deque()).append(delivery)
            self._by_ms.setdefault(delivery.partition, self._env.now + recorder.GATHER_MS)

    def _settle_slow(self) -> None:
        now_ms = int(self._env.now)
        if now_ms < self._look_ms:
            return
        self._look_ms = now_ms + LOOK_MS
        slow = self._targets.mark_slow(now_ms)
        self._window.settle(request.claim for request in slow)
        self._window.adjust(self._targets.stalled(now_ms), 0)
