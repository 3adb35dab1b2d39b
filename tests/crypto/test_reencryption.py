"""Re-encryption: every secret moves to the current key; what no key decrypts is named and stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

import pytest

from app.crypto.encryption import Encryptor
from app.crypto.reencryption import Reencrypted, reencrypt
from app.domain.ids import EventIds, to_text
from app.domain.process import ProcessFacts
from app.errors import ConfigError
from app.store.encrypted_secrets import EncryptedSecret

OLD, NEW, LOST, UNUSED = (letter * 32 for letter in (b"o", b"n", b"l", b"u"))


class FakeSecrets:
    """The encrypted secrets of a store, in batches of two."""

    def __init__(self, secrets: list[EncryptedSecret]) -> None:
        self.secrets = secrets
        self.written_after_the_walk: list[EncryptedSecret] = []

    def batches(self) -> Iterator[list[EncryptedSecret]]:
        for start in range(0, len(self.secrets), 2):
            yield self.secrets[start : start + 2]
        self.secrets += self.written_after_the_walk
        self.written_after_the_walk = []

    def replace(self, replacements: Iterable[tuple[EncryptedSecret, bytes]]) -> int:
        new = dict(replacements)
        self.secrets = [
            one._replace(encrypted=new[one]) if one in new else one for one in self.secrets
        ]
        return len(new)


class FakeNotes:
    def __init__(self, *keys: bytes) -> None:
        self.names = {Encryptor([key]).current for key in keys}

    def noted(self) -> set[bytes]:
        return set(self.names)

    def note(self, name: bytes, known: Iterable[bytes]) -> None:
        assert self.names <= set(known)
        self.names.add(name)

    def forget(self, names: Iterable[bytes]) -> None:
        self.names -= set(names)


def run(
    store: FakeSecrets, notes: FakeNotes, keys: list[bytes], *alive: ProcessFacts
) -> Reencrypted:
    return reencrypt(
        cast("Any", store), Encryptor(keys), cast("Any", notes), alive, pause=lambda _s: None
    )


def process(key: bytes) -> ProcessFacts:
    return ProcessFacts("deliver", "host", 7, key=Encryptor([key]).current.hex())


def secret(number: int, key: bytes) -> EncryptedSecret:
    event_id = EventIds().make(number, 0)
    blank = EncryptedSecret(event_id, "sec" if number % 2 else "hdr", b"")
    encrypted = Encryptor([key]).encrypt(b"secret %d" % number, blank.owner)
    return blank._replace(encrypted=encrypted)


def test_every_secret_moves_to_the_current_key_and_a_second_run_changes_nothing() -> None:
    store = FakeSecrets([secret(number, OLD if number < 4 else NEW) for number in range(6)])
    notes = FakeNotes(OLD, NEW)
    assert run(store, notes, [NEW, OLD], process(NEW)) == (4, ())
    alone = Encryptor([NEW])
    plain = [alone.decrypt(one.encrypted, one.owner) for one in store.secrets]
    assert plain == [b"secret %d" % number for number in range(6)]
    assert notes.names == {alone.current}
    assert run(store, notes, [NEW, OLD]) == (0, ())


def test_a_secret_that_no_key_decrypts_is_named_and_left_and_its_key_stays_noted() -> None:
    """The status goes on naming the key that is missing; keys of no secret are forgotten."""
    lost = secret(1, LOST)
    store, notes = FakeSecrets([lost, secret(2, OLD)]), FakeNotes(LOST, OLD, UNUSED)
    assert run(store, notes, [NEW, OLD]) == (1, (to_text(lost.event_id),))
    assert store.secrets[0] == lost
    assert notes.names == FakeNotes(LOST, NEW).names


@pytest.mark.parametrize("key", [NEW, OLD], ids=["the current key", "the one before"])
def test_what_a_request_writes_after_the_walk_is_no_secret_of_a_forgotten_key(key: bytes) -> None:
    """It had chosen, and noted, its key before."""
    store, notes = FakeSecrets([]), FakeNotes(OLD, NEW)
    store.written_after_the_walk = [secret(1, key)]
    assert run(store, notes, [NEW, OLD], process(NEW)) == (int(key == OLD), ())
    (written,) = store.secrets
    assert Encryptor([NEW]).decrypt(written.encrypted, written.owner) == b"secret 1"
    assert notes.names == FakeNotes(NEW).names


@pytest.mark.parametrize(
    ("keys", "noted", "alive"),
    [
        ([LOST], [OLD], []),
        ([LOST], [OLD], [process(OLD)]),
        ([LOST, OLD], [OLD], [process(OLD)]),
        ([NEW, OLD], [OLD], [process(NEW), process(OLD)]),
        ([LOST], [], [process(OLD)]),
    ],
    ids=[
        "a stranger to the store",
        "a stranger to all",
        "knows the right key, encrypts with another",
        "not every process was restarted",
        "a store without secrets",
    ],
)
def test_a_stray_key_changes_nothing(
    keys: list[bytes], noted: list[bytes], alive: list[ProcessFacts]
) -> None:
    """Else secrets would be lost when it is thrown away."""
    store, notes = FakeSecrets([secret(n, one) for n, one in enumerate(noted)]), FakeNotes(*noted)
    before, names = list(store.secrets), set(notes.names)
    with pytest.raises(ConfigError, match="Nothing was changed") as refused:
        run(store, notes, keys, *alive)
    assert "QHRONOS_ENCRYPTION_KEY" in refused.value.message
    assert (store.secrets, notes.names) == (before, names)


def test_a_store_without_secrets_is_left_without_a_trace() -> None:
    notes = FakeNotes()
    assert run(FakeSecrets([]), notes, [NEW]) == (0, ())
    assert not notes.names
