"""``worker.py rebalance``, as it is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.config import Settings
from app.domain import ids
from app.errors import ConfigError
from app.services import growth
from app.store.meta_field import MetaField
from app.store.migrations.schema import FENCED
from app.wiring import rebalance
from app.wiring.services import Services


@pytest.fixture(autouse=True)
def ids_as_before() -> Iterator[None]:
    yield
    ids.keep_to()


@pytest.fixture
def settings(services: Services, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of a store that is used."""
    monkeypatch.setattr(growth, "SETTLED_S", 0)
    services.storage.agreement.agree()
    return services.settings


def test_it_says_what_becomes_of_it(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """Also with the settings of afterwards."""
    assert rebalance.run(replace(settings, partitions=9), ["--partitions", "9"]) == 0
    assert "The store has 9 partitions" in (said := capsys.readouterr().err)
    assert "Done." in said


@pytest.mark.parametrize(
    ("schema", "said"),
    [(FENCED, "A backup is being restored"), (99, "A later version of Qhronos has used this")],
)
def test_a_store_that_it_can_not_work_with_stays_as_it_is(
    settings: Settings,
    services: Services,
    capsys: pytest.CaptureFixture[str],
    schema: int,
    said: str,
) -> None:
    """What it wrote into one that is restored at the moment would be there afterwards."""
    client = services.storage.client
    client.hset("qh:meta", "schema", str(schema))
    before = client.hgetall("qh:meta")
    try:
        assert rebalance.run(settings, ["--partitions", "9"]) == 1
        answer = capsys.readouterr().err
    except ConfigError as error:
        answer = error.message
    assert answer.startswith(said)
    assert client.hgetall("qh:meta") == before


@pytest.mark.parametrize(
    "given",
    [
        [], ["9"], ["--partitions", "0"], ["--partitions", "-1"], ["--partitions", "many"],
        ["--partitions", "9" * 5_000], ["--partitions", "\N{ARABIC-INDIC DIGIT NINE}"],
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(settings: Settings, given: list[str]) -> None:
    with pytest.raises(ConfigError, match="partitions") as refused:
        rebalance.run(settings, given)
    assert len(refused.value.message) < 100


def test_members_that_only_the_others_list_stay_indexed(
    settings: Settings, services: Services
) -> None:
    """Who runs it in a shell may have no more than the address of the store there."""
    services.storage.client.hset("qh:meta", MetaField.INDEXED, '["customer"]')
    assert rebalance.run(settings, ["--partitions", "9"]) == 0
    assert services.storage.client.hget("qh:meta", MetaField.INDEXED) == b'["customer"]'


def test_ctrl_c_says_how_it_goes_on(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(growth.GrowthService, "_await_all", stop)
    assert rebalance.run(settings, ["--partitions", "9"]) == 1
    assert "run this again to go on" in capsys.readouterr().err
