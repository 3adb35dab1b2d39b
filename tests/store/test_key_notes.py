"""A key leaves a trace in the store when it encrypts something, and before that is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.crypto.encryption import Encryptor
from app.domain.event import EncryptedHeaders
from app.store import keys
from app.store.event_plans import KEEP, Plan, Saved
from app.store.key_notes import KeyNotes, KeyRefused, NotedEventStore, key_of
from app.store.scripts import Scripts
from tests.store.conftest import Stores
from tests.support.builders import an_event
from tests.support.clock import NOW_MS

OURS, OTHER = Encryptor([b"k" * 32]), Encryptor([b"o" * 32])


@pytest.fixture
def notes(stores: Stores) -> KeyNotes:
    return KeyNotes(stores.client, Scripts(stores.client))


@pytest.fixture
def events(stores: Stores, notes: KeyNotes) -> NotedEventStore:
    scripts = Scripts(stores.client)
    return NotedEventStore(stores.client, scripts, stores.partitions, notes, OURS.known)


def sealed(encryptor: Encryptor = OURS, **values: object):
    event = an_event(**values)
    return replace(event, hmac_secret=encryptor.encrypt(b"secret", event.id))


def test_what_encrypts_nothing_leaves_no_trace(events: NotedEventStore, notes: KeyNotes) -> None:
    assert events.save(an_event(), Plan(), None, NOW_MS) is Saved.DONE
    assert notes.noted() == set()


def test_the_key_of_each_secret_that_is_written_is_noted(
    events: NotedEventStore, notes: KeyNotes, stores: Stores
) -> None:
    for write in (
        lambda: events.save(sealed(), Plan(), None, NOW_MS),
        lambda: events.save(
            an_event(headers=EncryptedHeaders(("A",), OURS.encrypt(b"x", b"y"))),
            Plan(),
            None,
            NOW_MS,
        ),
    ):
        notes.forget({OURS.current})
        write()
        assert notes.noted() == {OURS.current}
        notes.note(OURS.current, ())
    assert stores.client.hexists(keys.META, f"seal:{OURS.current.hex()}")


def test_a_write_that_leaves_the_secret_alone_needs_no_key(
    events: NotedEventStore, notes: KeyNotes
) -> None:
    """So the rest of an event can be changed by a process that can't read its secret."""
    event = sealed()
    assert events.save(event, Plan(), None, NOW_MS) is Saved.DONE
    stored = events.get(event.id)
    notes.forget({OURS.current})
    notes.note(OTHER.current, ())
    renamed = replace(stored, version=stored.version + 1)
    assert events.save(renamed, KEEP, stored, NOW_MS) is Saved.DONE
    assert notes.noted() == {OTHER.current}


def test_of_two_keys_that_know_nothing_of_each_other_the_second_is_refused(
    events: NotedEventStore, notes: KeyNotes
) -> None:
    """Whatever both have seen before: one of them comes first."""
    notes.note(OTHER.current, OTHER.known)
    with pytest.raises(KeyRefused, match="QHRONOS_ENCRYPTION_KEY"):
        events.save(sealed(), Plan(), None, NOW_MS)
    assert notes.noted() == {OTHER.current}
    notes.note(OURS.current, {OURS.current, OTHER.current})
    assert notes.noted() == {OURS.current, OTHER.current}


def test_a_value_names_its_key() -> None:
    assert key_of(OURS.encrypt(b"x", b"y")) == OURS.current
