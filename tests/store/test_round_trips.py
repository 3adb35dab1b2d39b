"""Round trips of plain commands are measured by the command's name, whichever way they go."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.errors import StoreUnavailable
from app.metrics.registry import Registry
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.scripts import Scripts
from tests.support.ports import free_port


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def client(store_url: str, registry: Registry) -> StoreClient:
    return connect(store_url).measured_in(registry)


def counted(registry: Registry) -> dict[str, int]:
    """How many round trips there were, by command."""
    found: dict[str, int] = {}
    for field, count in registry.totals().items():
        family, command, part = field.split("|")
        if family == "store_command_seconds" and part != "sum":
            found[command] = found.get(command, 0) + count
    return found


def pipeline(client: StoreClient) -> None:
    """Two commands in one round trip."""
    pipe = client.pipeline(transaction=False)
    pipe.get("a")
    pipe.get("b")
    pipe.execute()


@pytest.mark.parametrize(
    ("ask", "command"),
    [
        (lambda client: client.hgetall("a"), "hgetall"),
        (lambda client: client.config_get("maxmemory"), "config"),
        (lambda client: client.direct("GET", "a"), "get"),
        (lambda client: client.read_each("ZSCORE", [b"a", b"b"], "m"), "zscore"),
        (pipeline, "pipeline"),
    ],
)
def test_each_is_one_round_trip_under_its_name(
    client: StoreClient, registry: Registry, ask: Callable[[StoreClient], object], command: str
) -> None:
    ask(client)
    assert counted(registry) == {command: 1}


def test_what_is_not_sent_or_is_a_script_is_not_counted(
    client: StoreClient, registry: Registry
) -> None:
    """A script has its own measure, under its own name."""
    client.pipeline().execute()
    client.read_each("GET", [])
    Scripts(client)("add_metrics", [b"qh:{m}", b"qh:{m}:a"], [1, 1_000])
    assert counted(registry) == {}


def test_what_is_not_answered_is_not_counted(registry: Registry) -> None:
    away = connect(f"redis://127.0.0.1:{free_port()}", retries=0).measured_in(registry)
    with pytest.raises(StoreUnavailable):
        away.get("a")
    assert counted(registry) == {}
