"""The simulation's arithmetic: it agrees with the formulas of queues, and loses nothing."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

import pytest
import simpy

from benchmarks.simulation import sizes, tables
from benchmarks.simulation.costs import EXACT, Costs
from benchmarks.simulation.machine import Machine
from benchmarks.simulation.runs import Result, Run, Setting, simulate
from benchmarks.simulation.stores import Claims, Partition, StoreNode
from tests.docs.pages import page

SLOW = Setting(400, 1_200, answers_ms=100, is_local=False, workers=2, partitions=4, shares=True)


@cache
def slow() -> tuple[Run, Result]:
    run = Run(SLOW, Costs(), seed=5)
    return run, run.run()


def test_little_s_law_holds() -> None:
    """What is in flight is the rate times how long it takes."""
    _, result = slow()
    assert result.in_flight == pytest.approx(result.rate * result.answered_ms / 1000)
    assert result.in_flight == pytest.approx(400 * 0.1, rel=0.06)


def test_nothing_is_lost_and_nothing_early_or_twice() -> None:
    """What was added is claimed once, begun at its time, answered, then recorded."""
    run, _ = slow()
    recorded = [one for place in run.partitions.values() for one in place.recorded]
    assert len(set(map(id, recorded))) == len(recorded) == SLOW.count
    for place in run.partitions.values():
        assert place.added == place.claimed == len(place.recorded)
    for one in recorded:
        assert one.due_ms <= one.started_ms < one.ended_ms <= one.recorded_ms


def test_the_same_seed_gives_the_same_result() -> None:
    """And another seed another one."""
    setting = Setting(500, 400, cores=2)
    first, again, other = (simulate(setting, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first != other


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_calls_that_come_at_random_wait_as_the_formula_for_m_d_1_says(load: float) -> None:
    """Pollaczek and Khinchine: with a fixed time D for each, they take D + D·load / 2(1 - load)."""
    took_us, count = 200.0, 12_000
    costs = replace(EXACT, trip=took_us, claim=0.0, claim_row=0.0, sync=0.0)
    env = simpy.Environment()
    node = StoreNode(Machine(env, costs, None, seed=1), {0: Partition()})
    draw, answers = random.Random(2), []

    def arrivals() -> simpy.events.ProcessGenerator:
        for _ in range(count):
            yield env.timeout(draw.expovariate(load / took_us * 1000))
            node.ask([Claims(0, 1)], answers.append)

    env.process(arrivals())
    env.run()
    expected_ms = took_us / 1000 * (1 + load / (2 * (1 - load)))
    assert len(answers) == node.calls == count
    assert node.thread.busy_us == pytest.approx(took_us * count)
    assert node.thread.busy_us / env.now / 1000 == pytest.approx(load, rel=0.04)
    assert node.waited_ms / count == pytest.approx(expected_ms, rel=0.06)


def test_a_long_backlog_is_as_fast_as_the_busiest_thread() -> None:
    """With a processor for each thread, one of them sets the pace: it hardly ever rests."""
    result = simulate(Setting(0, 4_000, workers=2, partitions=4), EXACT)
    assert max(result.worker_busy, result.store_busy) > 0.9
    most = 1e6 / max(result.worker_us / 2, result.store_us)
    assert result.rate == pytest.approx(most, rel=0.1)


def test_receivers_that_take_their_time_bound_the_rate_by_what_is_in_flight() -> None:
    """A worker with 128 requests in flight, for 100 ms each, delivers at most 1,280 a second."""
    result = simulate(Setting(0, 3_000, answers_ms=100, is_local=False), EXACT)
    assert 1_000 < result.rate < 1_280


def test_a_whole_is_as_much_as_its_nodes_one_by_one() -> None:
    """Nodes share nothing: three with their workers cost as much for a delivery as one."""
    one = Setting(1_000, 1_500, workers=2, partitions=4, answers_ms=20, is_local=False, shares=True)
    whole = replace(one, rate=3_000, count=4_500, workers=6, partitions=12, nodes=3)
    cell, three = simulate(one), simulate(whole)
    assert three.worker_us == pytest.approx(cell.worker_us, rel=0.05)
    assert three.store_us == pytest.approx(cell.store_us, rel=0.05)


def test_two_processors_are_not_exceeded() -> None:
    """All threads of a machine share what it has."""
    run = Run(Setting(0, 3_000, workers=2, cores=2), Costs(), seed=1)
    run.begin()
    run.env.run(run.start_ms + 30)
    threads = [run.receiver.thread, *(one.thread for one in [*run.nodes, *run.drains])]
    before = sum(one.busy_us for one in threads)
    run.env.run(run.start_ms + 130)
    used = (sum(one.busy_us for one in threads) - before) / 100_000
    assert 1.6 < used < 2.02


def test_the_page_on_scale_has_what_the_simulation_prints() -> None:
    """Digit for digit."""
    text = page("docs/scale.md").text
    for name, table in tables.all_tables().items():
        assert table in text, f"{name}: python -m benchmarks.simulation prints\n{table}"


def test_what_gives_out_first_comes_first() -> None:
    """And no size is planned beyond what gives out, but for the installations that it says."""
    for made in (sizes.plan(rate, sizes.ARCHIVED) for rate in (100, 1_000)):
        found = [one.rate for one in sizes.limits(made)]
        assert found == sorted(found)
        assert found[0] >= made.rate
        assert made.installations == 1
