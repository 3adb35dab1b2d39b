"""Which secrets sign when, through any sequence of rotations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.crypto.encryption import DecryptionFailed, Encryptor
from app.crypto.signing_secrets import MAX_PREVIOUS, SigningSecrets, new_secret
from tests.support.clock import NOW_MS

EVENT = b"e" * 16
SERVICE = "the service's own secret"


@pytest.fixture
def signing() -> SigningSecrets:
    return SigningSecrets(Encryptor([b"k" * 32]), SERVICE)


def test_without_a_secret_of_its_own_the_services_signs(signing: SigningSecrets) -> None:
    assert signing.of(EVENT, None, NOW_MS) == (SERVICE,)
    assert signing.encrypted(EVENT, {"name": "x"}) == {"name": "x"}
    assert signing.encrypted(EVENT, {"hmac_secret": None}) == {"hmac_secret": None}


def test_the_old_secret_signs_until_the_overlap_ends(signing: SigningSecrets) -> None:
    stored = signing.encrypted(EVENT, {"hmac_secret": "old"})["hmac_secret"]
    rotated = signing.rotated(EVENT, stored, "new", NOW_MS + 1000, NOW_MS)
    assert signing.of(EVENT, rotated, NOW_MS + 999) == ("new", "old")
    assert signing.of(EVENT, rotated, NOW_MS + 1000) == ("new",)


def test_the_services_secret_signs_beside_the_first_of_an_event(signing: SigningSecrets) -> None:
    """Also if it is changed meanwhile: then by the one that the service has by then."""
    rotated = signing.rotated(EVENT, None, "new", NOW_MS + 1000, NOW_MS)
    assert signing.of(EVENT, rotated, NOW_MS) == ("new", SERVICE)
    other = SigningSecrets(Encryptor([b"k" * 32]), "another")
    assert other.of(EVENT, rotated, NOW_MS) == ("new", "another")


def test_a_rotation_that_is_asked_for_again_loses_nothing(signing: SigningSecrets) -> None:
    """With the same secret it changes nothing; with another the one before that still signs."""
    stored = signing.rotated(EVENT, None, "new", NOW_MS + 1000, NOW_MS)
    again = signing.rotated(EVENT, stored, "new", NOW_MS + 1000, NOW_MS)
    assert signing.of(EVENT, again, NOW_MS) == ("new", SERVICE)
    newer = signing.rotated(EVENT, stored, "newer", NOW_MS + 2000, NOW_MS)
    assert signing.of(EVENT, newer, NOW_MS) == ("newer", "new", SERVICE)
    assert signing.of(EVENT, newer, NOW_MS + 1500) == ("newer", "new")


def test_the_same_secret_written_again_stays_as_it_is(signing: SigningSecrets) -> None:
    """So an event that is read, edited and sent back is not changed by that; nor is a rotation."""
    stored = signing.rotated(EVENT, None, "new", NOW_MS + 1000, NOW_MS)
    assert signing.encrypted(EVENT, {"hmac_secret": "new"}, stored)["hmac_secret"] == stored
    other = signing.encrypted(EVENT, {"hmac_secret": "other"}, stored)["hmac_secret"]
    assert signing.of(EVENT, other, NOW_MS) == ("other",)


def test_a_secret_that_is_lost_can_be_replaced(signing: SigningSecrets) -> None:
    lost = SigningSecrets(Encryptor([b"l" * 32]), SERVICE).rotated(EVENT, None, "x", NOW_MS, NOW_MS)
    with pytest.raises(DecryptionFailed):
        signing.of(EVENT, lost, NOW_MS)
    rotated = signing.rotated(EVENT, lost, "new", NOW_MS + 1000, NOW_MS)
    assert signing.of(EVENT, rotated, NOW_MS) == ("new",)
    assert signing.encrypted(EVENT, {"hmac_secret": "new"}, lost)["hmac_secret"] != lost


@given(
    steps=st.lists(
        st.tuples(st.sampled_from("abcde"), st.integers(0, 5), st.integers(0, 3)), max_size=12
    )
)
def test_any_sequence_of_rotations(steps: list[tuple[str, int, int]]) -> None:
    """The newest comes first, none twice, none beyond its time, never more than a few."""
    signing = SigningSecrets(Encryptor([b"k" * 32]), SERVICE)
    stored, now_ms, ends = None, NOW_MS, {}
    current = SERVICE
    for secret, overlap, pause in steps:
        if secret != current:
            ends[current] = now_ms + overlap
        stored = signing.rotated(EVENT, stored, secret, now_ms + overlap, now_ms)
        current = secret
        now_ms += pause
        first, *others = signing.of(EVENT, stored, now_ms)
        assert first == current
        assert len(set(others) - {first}) == len(others) <= MAX_PREVIOUS
        assert all(now_ms < ends[one] for one in others)


def test_made_secrets_are_of_the_usual_form() -> None:
    assert new_secret().startswith("whsec_")
    assert new_secret() != new_secret()
