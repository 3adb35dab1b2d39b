"""Re-encryption: every secret moves to the current key; what no key decrypts is named and stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from app.crypto.encryption import Encryptor
from app.crypto.reencryption import reencrypt
from app.domain.ids import EventIds, to_text
from app.store.encrypted_secrets import EncryptedSecret

OLD, NEW, LOST = b"o" * 32, b"n" * 32, b"l" * 32


class FakeSecrets:
    """The encrypted secrets of a store, in batches of two."""

    def __init__(self, secrets: list[EncryptedSecret]) -> None:
        self.secrets = secrets
        self.only_key: bytes | None = None

    def batches(self) -> Iterator[list[EncryptedSecret]]:
        for start in range(0, len(self.secrets), 2):
            yield self.secrets[start : start + 2]

    def replace(self, replacements: Iterable[tuple[EncryptedSecret, bytes]]) -> int:
        new = dict(replacements)
        self.secrets = [
            one._replace(encrypted=new[one]) if one in new else one for one in self.secrets
        ]
        return len(new)

    def forget_other_keys(self, current: bytes) -> None:
        self.only_key = current


def secret(number: int, key: bytes) -> EncryptedSecret:
    event_id = EventIds().make(number, 0)
    blank = EncryptedSecret(event_id, "sec" if number % 2 else "hdr", b"")
    encrypted = Encryptor([key]).encrypt(b"secret %d" % number, blank.owner)
    return blank._replace(encrypted=encrypted)


def test_every_secret_moves_to_the_current_key_and_a_second_run_changes_nothing() -> None:
    store = FakeSecrets([secret(number, OLD if number < 4 else NEW) for number in range(6)])
    encryptor = Encryptor([NEW, OLD])
    assert reencrypt(cast("Any", store), encryptor) == (4, ())
    alone = Encryptor([NEW])
    plain = [alone.decrypt(one.encrypted, one.owner) for one in store.secrets]
    assert plain == [b"secret %d" % number for number in range(6)]
    assert store.only_key == encryptor.current
    assert reencrypt(cast("Any", store), encryptor) == (0, ())


def test_a_secret_that_no_key_decrypts_is_named_and_the_old_keys_stay_noted() -> None:
    """Otherwise the next start would not ask for the key that is missing."""
    lost = secret(1, LOST)
    store = FakeSecrets([lost, secret(2, OLD)])
    assert reencrypt(cast("Any", store), Encryptor([NEW, OLD])) == (1, (to_text(lost.event_id),))
    assert store.secrets[0] == lost
    assert store.only_key is None
