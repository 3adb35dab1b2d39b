"""Receivers: one beside us that needs our processors, or some elsewhere that take their time."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.simulation.machine import Bell, Machine, Steps, Thread

Answered = Callable[[], None]


class Receiver:
    """Answers each request after ``takes_ms``; ``is_local``: it works on the machine's cores."""

    def __init__(self, machine: Machine, takes_ms: float, *, is_local: bool) -> None:
        self.thread = Thread(machine)
        self._machine, self._takes_ms, self._is_local = machine, takes_ms, is_local
        self._queue: list[Answered] = []
        self._bell = Bell(machine.env)
        if is_local:
            machine.env.process(self._serve())

    def post(self, answered: Answered) -> None:
        """Send a request; ``answered`` is called when its answer is there."""
        if self._is_local:
            self._after(self._machine.costs.wire_ms, lambda: self._arrive(answered))
        else:
            self._after(self._time_ms(), answered)

    def _arrive(self, answered: Answered) -> None:
        self._queue.append(answered)
        self._bell.ring()

    def _serve(self) -> Steps:
        costs = self._machine.costs
        while True:
            if not self._queue:
                self.thread.rest()
                yield from self._bell.wait()
                self.thread.wake()
                yield from self.thread.work(costs.receiver_wake)
                continue
            taken, self._queue = self._queue[:16], self._queue[16:]
            yield from self.thread.work(costs.receiver_request * len(taken))
            for answered in taken:
                self._after(self._time_ms() + costs.wire_ms, answered)

    def _time_ms(self) -> float:
        return self._machine.varied(self._takes_ms, self._machine.costs.receiver_spread)

    def _after(self, ms: float, then: Answered) -> None:
        timeout = self._machine.env.timeout(max(ms, 0.0))
        timeout.callbacks.append(lambda _: then())
