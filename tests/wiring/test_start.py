"""A process waits for a store that may come, and ends for one that won't serve it."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from app.config import Settings
from app.domain.logins import Login
from app.errors import ExitStatus, StoreRefused
from app.store.causes import Cause, Heals
from app.wiring import start
from app.wiring.start import await_servers

HEALS = Cause("It is away.", Heals.YES)
PERHAPS = Cause("It is not known.", Heals.PERHAPS)
NEVER = Cause("It refuses.", Heals.NO)


@pytest.fixture
def settings() -> Settings:
    return Settings(redis_url="redis://store", broker_url="redis://broker")


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Cause | None]]:
    """What is found by each look at the store and the broker; the last is found again and again."""
    causes: dict[str, list[Cause | None]] = {"redis://store": [None], "redis://broker": [None]}

    def probe_store(url: str, login: Login) -> Cause | None:
        assert url == "redis://store"
        return causes[url].pop(0) if len(causes[url]) > 1 else causes[url][0]

    def probe(url: str, variable: str, *, runs_scripts: bool, login: Login) -> Cause | None:
        assert (url, variable, runs_scripts) == ("redis://broker", "QHRONOS_BROKER_URL", False)
        return causes[url].pop(0) if len(causes[url]) > 1 else causes[url][0]

    monkeypatch.setattr(start, "probe_store", probe_store)
    monkeypatch.setattr(start, "probe", probe)
    return causes


def test_a_store_that_is_away_is_waited_for(
    settings: Settings,
    found: dict[str, list[Cause | None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log says once why, and again when the reason is another."""
    found["redis://store"] = [HEALS, HEALS, PERHAPS, HEALS, None]
    pauses: list[float] = []
    await_servers(settings, wait=True, pause=pauses.append)
    assert len(pauses) == 4
    assert [m.partition(" This")[0] for m in caplog.messages] == [
        HEALS.sentence,
        PERHAPS.sentence,
        HEALS.sentence,
    ]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_an_api_process_does_not_wait_for_it(
    settings: Settings, found: dict[str, list[Cause | None]]
) -> None:
    """It answers 503 until the store is there."""
    found["redis://store"] = [HEALS]
    await_servers(settings, wait=False, pause=pytest.fail)


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("url", ["redis://store", "redis://broker"])
def test_a_refusal_ends_the_start(
    settings: Settings, found: dict[str, list[Cause | None]], url: str, wait: bool
) -> None:
    found[url] = [NEVER]
    with pytest.raises(StoreRefused, match=NEVER.sentence) as refused:
        await_servers(settings, wait=wait, pause=pytest.fail)
    assert refused.value.exit_status == ExitStatus.REFUSED


@pytest.mark.parametrize("wait", [True, False])
def test_what_may_come_is_waited_for_a_while(
    settings: Settings,
    found: dict[str, list[Cause | None]],
    wait: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that DNS does not know yet, a socket that the store has yet to make."""
    found["redis://store"] = [PERHAPS]
    monkeypatch.setattr(start, "PATIENCE_S", 0.0)
    with pytest.raises(StoreRefused, match=PERHAPS.sentence):
        await_servers(settings, wait=wait, pause=lambda _: None)


def test_a_broker_that_is_away_keeps_nobody_waiting(
    settings: Settings,
    found: dict[str, list[Cause | None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    found["redis://broker"] = [HEALS]
    await_servers(settings, wait=True, pause=pytest.fail)
    assert "Deliveries do without it" in caplog.messages[0]


def test_a_broker_that_is_the_store_is_looked_at_once(
    settings: Settings, found: dict[str, list[Cause | None]]
) -> None:
    found["redis://broker"] = [NEVER]
    await_servers(replace(settings, broker_url=""), wait=True, pause=pytest.fail)
