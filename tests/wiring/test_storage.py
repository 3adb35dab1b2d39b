"""The store is checked against the settings before an event is read or written.

Tests ``app.wiring.agreement``, too.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.config import Settings
from app.errors import ConfigError, StoreUnavailable
from app.store.connection import RETRIES
from app.wiring.doubles import Doubles
from app.wiring.engine import Engine
from app.wiring.services import build_services


def test_a_store_that_the_settings_do_not_fit_gives_no_events(
    settings: Settings, doubles: Doubles
) -> None:
    build_services(settings, doubles).storage.agreement.agree()
    other = build_services(replace(settings, partitions=8), doubles)
    with pytest.raises(ConfigError, match="PARTITIONS"):
        _ = other.storage.events
    with pytest.raises(ConfigError, match="PARTITIONS"):
        _ = other.events


def test_an_unreachable_store_is_asked_again_the_next_time(
    settings: Settings, connections: list[object]
) -> None:
    """What could not be checked is not taken for checked."""
    storage = build_services(settings).storage
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            _ = storage.events
    assert len(connections) == 2 * (1 + RETRIES)


def test_a_health_check_has_no_patience(settings: Settings, connections: list[object]) -> None:
    with pytest.raises(StoreUnavailable):
        build_services(settings).health.check()
    assert len(connections) == 1


def test_each_user_of_a_channel_has_his_own(process: Engine) -> None:
    storage = process.services.storage
    assert storage.new_channel() is not storage.new_channel()


def test_partitions_are_those_of_the_settings(process: Engine) -> None:
    storage = process.services.storage
    assert storage.work.partitions == storage.lists._partitions == 4
    assert storage.whole_lists._partitions == 1
