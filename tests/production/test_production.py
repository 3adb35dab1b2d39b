"""What an operations team does to an installation, and what happens to it, under load."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from tests.production.installation import HELD_UP_MS, Installation, Load, freeze_for, stop_for
from tests.support.receiver import Receiver
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

RATE = 50


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with Installation() as made:
        yield made


@pytest.fixture(scope="module")
def load(installation: Installation, receiver: Receiver) -> Load:
    return Load(installation, receiver, RATE)


@pytest.mark.timeout(120)
def test_the_broker_away_costs_no_delivery_and_no_figure(
    installation: Installation, load: Load
) -> None:
    """The store is up: workers deliver uncalled, and the status says what is wrong."""
    seen = []

    def outage() -> None:
        installation.broker.stop()
        status = wait_until(
            lambda: (found := installation.apis[0].get("/status"))["problems"] and found,
            "a problem",
        )
        seen.append((status["status"], status["workers"], status["problems"][0]["code"]))
        assert b"qhronos_lag_seconds" in installation.apis[0].call("GET", "/metrics").body
        stop_for(installation.broker, 4)

    late = load.during(outage)
    assert late.lost == late.repeats == 0, late
    assert late.quantile(0.99) <= HELD_UP_MS, late
    assert seen == [("degraded", 2, "broker")]
    wait_until(lambda: not installation.apis[0].get("/status")["problems"], "it is well again")
    assert "the broker (QHRONOS_BROKER_URL) is away" in installation.log()
    assert "the store is away" not in installation.log()
    assert "Traceback" not in installation.log()


@pytest.mark.timeout(120)
def test_a_broker_that_answers_nothing_is_no_other(installation: Installation, load: Load) -> None:
    late = load.during(lambda: freeze_for(installation.broker, 3))
    assert late.lost == late.repeats == 0, late
    assert late.quantile(0.99) <= HELD_UP_MS, late


def test_a_broker_that_was_flushed_or_refuses_writes_holds_nothing_up(
    installation: Installation, load: Load
) -> None:
    with redis.Redis.from_url(installation.broker.url) as client:

        def damage() -> None:
            client.flushall()
            client.config_set("maxmemory", 1)
            wait_until(lambda: installation.apis[0].get("/status")["problems"], "a problem")
            client.config_set("maxmemory", 0)

        late = load.during(damage)
    assert late.lost == late.repeats == 0, late
    assert late.quantile(0.99) <= HELD_UP_MS, late
    assert installation.apis[0].get("/status")["workers"] == 2
