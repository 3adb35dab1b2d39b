"""A double is what everything works with; the real one is then never made."""

from __future__ import annotations

import dataclasses
import gc
import types
from collections.abc import Iterator

import pytest

from app.config import Settings
from app.delivery.sender import CurlSender
from app.engine.store_clock import StoreClock
from app.rq_queues import RqDrainQueue, RqUpkeepQueue
from app.wiring.doubles import NO_DOUBLES, Doubles
from app.wiring.engine import Engine, build_engine
from tests.wiring.parts import ATTRIBUTES, part_of

REAL = {
    "clock": StoreClock,
    "drain_queue": RqDrainQueue,
    "upkeep_queue": RqUpkeepQueue,
    "sender": CurlSender,
}
LEADS_EVERYWHERE = (types.ModuleType, types.FunctionType, types.FrameType, type)


def held_by(start: object) -> Iterator[object]:
    """Everything that an object refers to, near and far."""
    seen, ahead = set(), [start]
    while ahead:
        one = ahead.pop()
        if id(one) in seen or isinstance(one, LEADS_EVERYWHERE):
            continue
        seen.add(id(one))
        yield one
        ahead.extend(gc.get_referents(one))


def build_everything(process: Engine) -> None:
    for part, name in ATTRIBUTES:
        getattr(part_of(process, part), name)
    process.drains.new_drain()


def test_every_double_is_looked_for() -> None:
    """But for that of traces: there is nothing real unless OpenTelemetry's variables are set."""
    names = {field.name for field in dataclasses.fields(Doubles)}
    assert names == {"store", "tracing", *REAL}


@pytest.mark.parametrize("name", ["store", *REAL])
def test_nothing_of_a_process_goes_past_a_double(
    process: Engine, doubles: Doubles, name: str, connections: list[object]
) -> None:
    build_everything(process)
    held = list(held_by(process))
    double = getattr(doubles, name)
    assert any(one is double for one in held)
    if name == "store":
        assert [one for one in held if isinstance(one, type(double))] == [double]
    else:
        assert not [one for one in held if isinstance(one, REAL[name])]
    assert connections == []


@pytest.mark.parametrize("name", REAL)
def test_without_a_double_it_is_the_real_one(
    settings: Settings, doubles: Doubles, name: str
) -> None:
    """Else the test above would prove nothing."""
    process = build_engine(settings, dataclasses.replace(doubles, **{name: None}))
    build_everything(process)
    assert any(isinstance(one, REAL[name]) for one in held_by(process))


def test_there_is_a_double_only_where_one_is_given() -> None:
    assert set(dataclasses.asdict(NO_DOUBLES).values()) == {None}


def test_the_store_s_double_answers_health_checks_too(process: Engine, doubles: Doubles) -> None:
    assert process.services.storage.probe._client is doubles.store
