"""Hosts whose settings disagree are named, with the setting and never with a value."""

from __future__ import annotations

import pytest

from app.config import Settings
from app.domain.process import ProcessFacts, process_from_json
from app.errors import StoreUnavailable
from app.services.problems.problem import StatusFigures
from app.services.problems.settings import settings as settings_check
from app.wiring.own_process import SHARED, digests

FIGURES = StatusFigures(now_ms=0, lag_ms=0, queue_depth=0, workers=2)
BASE = {
    "master_token": "the master token",
    "jwt_secret": "j" * 32,
    "signing_secret": "s" * 32,
    "redis_url": "redis://store:6379/0",
    "broker_url": "redis://user:password@broker:6379/1",
}
SCHEMAS = {"old": 1, "new": 2, "silent": 0}
OTHER_VALUES = {
    "master_token": "another token",
    "signing_secret": "t" * 32,
    "signing_private_key": "whsk_other",
    "broker": {"broker_url": "redis://user:password@broker:6379/2"},
    "partitions": 29,
    "lease_ms": 5_000,
    "allow_private_targets": "10.0.0.0/8",
    "retention_occurrences_ms": 2_929,
    "retention_events_ms": 2_929,
    "retention_per_event": 2_929,
    "retention_max_bytes": 2_929,
    "archive_url": "s3://other",
    "retention_audit_ms": 2_929,
    "max_events_per_sub": 29,
    "max_occurrences_per_sub": 29,
    "max_occurrences_per_minute": 29,
    "tenant_weights": (("acme", 4),),
    "indexed_metadata": ("customer",),
    "canary_ms": 60_029,
    "metrics_tags": ("a-tag",),
    "metrics_targets": ("odd.example",),
}


def process(host: str, **changes: object) -> ProcessFacts:
    made = ProcessFacts("web", host, 7, settings=digests(Settings(**BASE | changes)))  # type: ignore[arg-type]
    return process_from_json(made.to_json())


def said(*processes: ProcessFacts) -> list[str]:
    found = list(settings_check(lambda: processes)(FIGURES))
    for one in found:
        assert "(pid" not in one.message, "hosts are for admins"
        assert one.message.split(":")[0] == one.told_to(admin=True).split(":")[0]
    return [one.told_to(admin=True) for one in found]


def test_hosts_that_agree_are_no_problem() -> None:
    assert said(process("a"), process("b"), process("c")) == []


@pytest.mark.parametrize("field", [name for name in SHARED.values() if name != "jwt_secret"])
def test_each_setting_that_must_be_shared_is_named_with_its_hosts(field: str) -> None:
    value = OTHER_VALUES[field]
    odd = process("odd", **(value if isinstance(value, dict) else {field: value}))
    (sentence,) = said(process("a"), odd, process("b"))
    variable = next(name for name, each in SHARED.items() if each == field)
    assert sentence.startswith(f"{variable} is not the same everywhere: web on a (pid 7), web on b")
    assert "against web on odd (pid 7)" in sentence
    assert str(value) not in sentence


def test_another_jwt_secret_is_named_alone() -> None:
    """All digests are keyed with it."""
    (sentence,) = said(process("a"), process("b", jwt_secret="k" * 32, lease_ms=1))
    assert sentence.startswith("QHRONOS_JWT_SECRET ")


def test_another_password_of_the_broker_is_no_other_broker() -> None:
    assert said(process("a"), process("b", broker_url="redis://u:p@broker:6379/1")) == []


def test_a_crowd_is_not_named_one_by_one() -> None:
    (sentence,) = said(*(process(f"h{n}") for n in range(9)), process("odd", lease_ms=1_000))
    assert "and 6 more against" in sentence


def test_a_process_of_an_earlier_version_that_says_less_is_no_problem() -> None:
    assert said(process("a"), process_from_json('{"role":"web","host":"b","pid":1}')) == []


def test_versions_that_write_different_forms_of_the_store_are_named() -> None:
    """One that says nothing of it, an earlier one, is not held against anybody."""
    old, new, silent = (ProcessFacts("web", host, 7, schema=n) for host, n in SCHEMAS.items())
    assert said(new, silent, new) == []
    (sentence,) = said(new, old, silent, process_from_json(new.to_json()))
    assert "web on new (pid 7), web on new (pid 7) against web on old (pid 7)" in sentence
    assert "silent" not in sentence
    assert sentence.endswith("start the newest version everywhere.")


def test_without_the_store_nothing_is_known() -> None:
    def away() -> list[ProcessFacts]:
        raise StoreUnavailable

    assert list(settings_check(away)(FIGURES)) == []


def test_no_digest_tells_a_value_to_who_has_the_store() -> None:
    """The same master token under another JWT secret has another digest."""
    one, other = digests(Settings(**BASE)), digests(Settings(**BASE | {"jwt_secret": "k" * 32}))  # type: ignore[arg-type]
    assert not set(one.values()) & set(other.values())
    assert not [value for value in BASE.values() if value in str(one)]
