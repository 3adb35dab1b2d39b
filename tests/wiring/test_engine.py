"""A worker process starts only with settings that can be used, on a store that they fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.errors import ConfigError, StoreUnavailable
from app.wiring import engine as module
from app.wiring.engine import Engine, worker_engine
from tests.wiring.parts import NOWHERE, SECRETS

Start = Callable[..., Engine]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Start]:
    """What this process would work with, were these its settings."""
    monkeypatch.chdir(tmp_path)  # no .env is read

    def make(**given: str) -> Engine:
        environ = {f"QHRONOS_{name.upper()}": value for name, value in given.items()}
        monkeypatch.setattr(module.os, "environ", environ)
        worker_engine.cache_clear()
        return worker_engine()

    yield make
    worker_engine.cache_clear()


def test_a_worker_without_secrets_is_refused(start: Start) -> None:
    with pytest.raises(ConfigError, match=r"MASTER_TOKEN.*JWT_SECRET.*SIGNING_SECRET"):
        start(redis_url=NOWHERE)


def test_a_worker_without_a_store_is_refused(start: Start) -> None:
    with pytest.raises(ConfigError, match="REDIS_URL"):
        start(**SECRETS)


def test_a_setting_that_cannot_be_read_is_refused(start: Start) -> None:
    with pytest.raises(ConfigError, match="PARTITIONS"):
        start(**SECRETS, redis_url=NOWHERE, partitions="many")


def test_settings_that_do_not_fit_the_store_are_refused(start: Start, store_url: str) -> None:
    start(**SECRETS, redis_url=store_url)
    with pytest.raises(ConfigError, match="PARTITIONS"):
        start(**SECRETS, partitions="8", redis_url=store_url)


def test_a_worker_whose_store_is_away_may_try_again(start: Start, store_url: str) -> None:
    """Failure is not remembered; what was made is."""
    with pytest.raises(StoreUnavailable):
        start(**SECRETS, redis_url=NOWHERE)
    made = start(**SECRETS, redis_url=store_url)
    assert worker_engine() is made


def test_upkeep_forgets_what_every_use_case_keeps(process: Engine) -> None:
    services = process.services
    assert process.upkeep.retention.others == (
        services.tokens.forget_ended,
        services.audit.forget_old,
        services.flows.forget_unused,
        services.redeliveries.forget_old,
        services.bulk.forget_old,
        services.import_jobs.forget_old,
        services.import_jobs.imports.forget_gone,
    )
