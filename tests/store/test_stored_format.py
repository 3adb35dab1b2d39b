"""What is stored, byte for byte: an earlier version's data directory has to work, and back.

``stored_format.json`` was written by this same scenario with the store of the version that
introduced it. It has, for every step, each key that the step changed. A difference is a change of
the data model: it needs a way from the old form to the new one and back.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.backup.spreading import gathered
from app.store import keys
from app.store.audit_entries import read_entry
from app.store.connection import StoreClient
from tests.store.conftest import open_stores
from tests.store.scenario import Scenario
from tests.support.invariants import snapshot
from tests.support.on_cluster import strict_scripts

STORED = Path(__file__).with_name("stored_format.json")


def text_of(value: Any, names: dict[bytes, bytes]) -> Any:
    """A stored value as JSON: ids by their names, what is no text in hexadecimal."""
    if isinstance(value, dict):
        pairs = ((text_of(key, names), text_of(one, names)) for key, one in value.items())
        return dict(sorted(pairs))
    if isinstance(value, list | tuple):
        return [text_of(one, names) for one in value]
    if not isinstance(value, bytes):
        return value
    for raw, name in names.items():
        value = value.replace(raw, name)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "0x" + value.hex()


def changed_keys(client: StoreClient, scenario: Scenario) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each step and the keys that it changed, as they are then; ``None``: gone."""
    before: dict[bytes, Any] = {}
    for name, act in scenario.steps():
        act()
        after = {gathered(key): value for key, value in snapshot(client).items()}
        if keys.AUDIT in after:  # not as zlib has it, of which each build may write other bytes
            after[keys.AUDIT] = [list(read_entry(*one)) for one in after[keys.AUDIT]]
        changed = {
            key: after.get(key)
            for key in before.keys() | after.keys()
            if before.get(key) != after.get(key)
        }
        yield name, text_of(changed, scenario.names)
        before = after


@pytest.fixture(params=["one server", "a cluster"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty store. On the cluster, whatever touches two slots is refused."""
    if request.param == "one server":
        yield request.getfixturevalue("store_url")
        return
    with strict_scripts():
        yield request.getfixturevalue("cluster").url


def test_every_step_stores_what_it_always_did(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of keys and fields, and the form of each value, never change.

    On a cluster they are the same, but for the hash tags of what is spread there.
    """
    stores = open_stores(url, 1)
    scenario = Scenario(stores)

    def made(_: int) -> bytes:
        return b"request %d" % scenario.saves

    monkeypatch.setattr(secrets, "token_bytes", made)
    monkeypatch.setattr(os, "urandom", made)
    steps = dict(changed_keys(stores.client, scenario))
    stores.client.close()
    expected = json.loads(STORED.read_text(encoding="utf-8"))
    assert list(steps) == list(expected)
    for name, changed in steps.items():
        assert changed == expected[name], name
