"""Processors, and threads that need one to work."""

from __future__ import annotations

import math
import random
from collections.abc import Generator
from typing import Any

import simpy

from benchmarks.simulation.costs import Costs

Steps = Generator[simpy.Event, Any, None]
"""What a process of simpy yields."""


class Machine:
    """The processors of one machine; ``None``: each thread has one of its own."""

    def __init__(self, env: simpy.Environment, costs: Costs, cores: int | None, seed: int) -> None:
        self.env, self.costs = env, costs
        self.random = random.Random(seed)
        self._cores = None if cores is None else simpy.Resource(env, cores)

    def varied(self, value: float, spread: float) -> float:
        """A value about this one: log-normal with this mean, and this share of it as deviation."""
        if not spread:
            return value
        sigma = math.sqrt(math.log(1 + spread**2))
        return value * self.random.lognormvariate(-(sigma**2) / 2, sigma)

    def occupy(self, took_ms: float) -> Steps:
        """Have a processor for so long, as soon as there is one."""
        if self._cores is None:
            yield self.env.timeout(took_ms)
            return
        with self._cores.request() as core:
            yield core
            yield self.env.timeout(took_ms)


class Thread:
    """Does one thing at a time, and counts its CPU."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.env = machine, machine.env
        self.busy_us = 0.0
        self._rested_ms = 0.0
        self._warmth = 1.0

    def wake(self) -> None:
        """Begin to work after a pause: at first all costs more."""
        self._warmth = self.machine.costs.warmth(self.env.now - self._rested_ms)

    def rest(self) -> None:
        """Begin a pause."""
        self._rested_ms = self.env.now

    def work(self, us: float) -> Steps:
        """Work for so many microseconds of a warm processor."""
        # (What it costs more fades while it works.)
        fades = math.exp(-us / self.machine.costs.warm_us)
        cold_us = (self._warmth - 1) * self.machine.costs.warm_us * (1 - fades)
        self._warmth = 1 + (self._warmth - 1) * fades
        took_us = self.machine.varied(us + cold_us, self.machine.costs.spread)
        self.busy_us += took_us
        yield from self.machine.occupy(took_us / 1000)


class Bell:
    """Wakes who waits; rung while nobody waits, it is heard by the next who does."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._event = env.event()

    def ring(self) -> None:
        """Wake who waits."""
        if not self._event.triggered:
            self._event.succeed()

    def hush(self) -> None:
        """Forget that it rang: what it rang for has been seen."""
        if self._event.triggered:
            self._event = self._env.event()

    def wait(self, most_ms: float = math.inf) -> Steps:
        """Wait until it rings, for at most so long."""
        if most_ms < math.inf:
            yield self._event | self._env.timeout(max(most_ms, 0.0))
        else:
            yield self._event
        self.hush()
