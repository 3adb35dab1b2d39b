"""Signing secrets of tags in the store: written as they were read, or not at all."""

from __future__ import annotations

import pytest

from app.store.scripts import Scripts
from app.store.tag_secrets import TagSecret, TagSecretStore
from tests.store.conftest import Stores

FIRST, SECOND = TagSecret(b"\x01se:aled\xff\n", 5), TagSecret(b"other", 7)


@pytest.fixture
def secrets(stores: Stores) -> TagSecretStore:
    return TagSecretStore(stores.client, Scripts(stores.client))


def test_one_is_written_read_and_taken_away_and_each_change_is_told(secrets) -> None:
    assert (secrets.version(), secrets.all(), secrets.get("rot")) == (0, {}, None)
    assert secrets.replace("röt", None, FIRST)
    assert secrets.replace("blau", None, SECOND)
    assert secrets.all() == {"blau": SECOND, "röt": FIRST}
    assert (secrets.get("röt"), secrets.count(), secrets.version()) == (FIRST, 2, 2)
    assert secrets.replace("röt", FIRST, None)
    assert (secrets.get("röt"), secrets.count(), secrets.version()) == (None, 1, 3)


def test_one_that_has_changed_meanwhile_is_left_as_it_is(secrets) -> None:
    assert secrets.replace("red", None, FIRST)
    assert not secrets.replace("red", None, SECOND)
    assert not secrets.replace("red", SECOND, None)
    assert (secrets.get("red"), secrets.version()) == (FIRST, 1)


def test_a_write_that_is_repeated_changes_nothing_more(secrets) -> None:
    """The client repeats what timed out, and it may have run."""
    for _ in range(2):
        assert secrets.replace("red", None, FIRST)
    for _ in range(2):
        assert secrets.replace("red", FIRST, None)
    assert secrets.version() == 2
