"""Headers of an event's own: stored encrypted, kept by a mask, never sent to another origin."""

from __future__ import annotations

from typing import Any

import pytest

from app.crypto.encryption import DecryptionFailed, Encryptor, KeyMissing
from app.crypto.header_secrets import HeaderSecrets
from app.domain.audit import MASK
from app.domain.event import EncryptedHeaders, Event
from app.errors import InvalidInput
from tests.support.builders import an_event

KEY, OTHER_KEY = b"k" * 32, b"l" * 32
VALUES = (("X-Token", "secret"), ("X-Plain", "open"))


@pytest.fixture
def secrets() -> HeaderSecrets:
    return HeaderSecrets(Encryptor([KEY]))


def stored_in(event: Event, headers: Any, secrets: HeaderSecrets) -> EncryptedHeaders:
    found = secrets.encrypted(event.id, {"headers": headers})["headers"]
    assert isinstance(found, EncryptedHeaders)
    return found


def test_only_the_names_are_stored_in_clear(secrets: HeaderSecrets) -> None:
    event = an_event()
    stored = stored_in(event, VALUES, secrets)
    assert stored.names == ("X-Token", "X-Plain")
    assert b"secret" not in stored.encrypted
    assert secrets.of(event.id, stored.encrypted) == VALUES


def test_they_are_decrypted_for_their_own_event_alone(secrets: HeaderSecrets) -> None:
    stored = stored_in(an_event(), VALUES, secrets)
    with pytest.raises(DecryptionFailed):
        secrets.of(an_event().id, stored.encrypted)


@pytest.mark.parametrize("given", [{}, {"name": "x"}, {"headers": None}])
def test_without_headers_nothing_is_changed(secrets: HeaderSecrets, given: dict[str, Any]) -> None:
    assert secrets.encrypted(an_event().id, given) == given


def test_no_headers_at_all_clear_the_stored_ones(secrets: HeaderSecrets) -> None:
    assert secrets.encrypted(an_event().id, {"headers": ()}) == {"headers": None}


def test_a_mask_keeps_the_stored_value(secrets: HeaderSecrets) -> None:
    event = an_event()
    before = an_event(id=event.id, headers=stored_in(event, VALUES, secrets))
    given = {"headers": (("X-Token", MASK), ("X-New", "new"))}
    changed = secrets.encrypted(event.id, given, before)["headers"]
    assert secrets.of(event.id, changed.encrypted) == (("X-Token", "secret"), ("X-New", "new"))


def test_headers_that_stay_the_same_are_not_encrypted_again(secrets: HeaderSecrets) -> None:
    """A request that changes nothing must change no stored byte."""
    event = an_event()
    before = an_event(id=event.id, headers=stored_in(event, VALUES, secrets))
    masked = {"headers": tuple((name, MASK) for name, _ in VALUES)}
    assert secrets.encrypted(event.id, masked, before)["headers"] == before.headers


def test_a_mask_without_a_stored_value_is_refused(secrets: HeaderSecrets) -> None:
    with pytest.raises(InvalidInput, match="X-Token"):
        secrets.encrypted(an_event().id, {"headers": (("X-Token", MASK),)}, an_event())


def test_values_that_no_key_decrypts_can_be_replaced_but_not_kept(secrets: HeaderSecrets) -> None:
    event = an_event()
    lost = stored_in(event, VALUES, HeaderSecrets(Encryptor([OTHER_KEY])))
    before = an_event(id=event.id, headers=lost)
    given = {"headers": (("X-Token", "new"),)}
    fresh = secrets.encrypted(event.id, given, before)["headers"]
    assert secrets.of(event.id, fresh.encrypted) == (("X-Token", "new"),)
    with pytest.raises(KeyMissing):  # another process may have the key: the caller is not to blame
        secrets.encrypted(event.id, {"headers": (("X-Token", MASK),)}, before)
    damaged = bytearray(stored_in(event, VALUES, secrets).encrypted)
    damaged[-1] ^= 1
    before = an_event(id=event.id, headers=EncryptedHeaders(("X-Token",), bytes(damaged)))
    with pytest.raises(InvalidInput):
        secrets.encrypted(event.id, {"headers": (("X-Token", MASK),)}, before)
