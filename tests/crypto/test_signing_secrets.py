"""Which secrets sign when, through any sequence of rotations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.crypto.encryption import DecryptionFailed, Encryptor, KeyMissing
from app.crypto.signing_secrets import MAX_PREVIOUS, SigningSecrets, owner_of_tag
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
    with pytest.raises(KeyMissing):
        signing.of(EVENT, lost, NOW_MS)
    with pytest.raises(KeyMissing):  # the secret before still signs, and must not be dropped
        signing.rotated(EVENT, lost, "new", NOW_MS + 1000, NOW_MS)
    replaced = signing.encrypted(EVENT, {"hmac_secret": "new"}, lost)["hmac_secret"]
    assert signing.of(EVENT, replaced, NOW_MS) == ("new",)


def test_a_secret_that_is_damaged_can_be_rotated(signing: SigningSecrets) -> None:
    damaged = bytearray(signing.rotated(EVENT, None, "x", NOW_MS, NOW_MS))
    damaged[-1] ^= 1
    with pytest.raises(DecryptionFailed):
        signing.of(EVENT, bytes(damaged), NOW_MS)
    rotated = signing.rotated(EVENT, bytes(damaged), "new", NOW_MS + 1000, NOW_MS)
    assert signing.of(EVENT, rotated, NOW_MS) == ("new",)


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
    signing = SigningSecrets(Encryptor([b"k" * 32]), SERVICE, b"a key")
    assert signing.new(None).startswith("whsec_")
    assert signing.new(None) != signing.new(None)
    assert signing.new(b"seed") == signing.new(b"seed") != signing.new(b"other")
    other = SigningSecrets(Encryptor([b"k" * 32]), SERVICE, b"another key")
    assert other.new(b"seed") != signing.new(b"seed"), "who sees the seed does not know the secret"
    keyless = SigningSecrets(Encryptor([b"k" * 32]), SERVICE)
    assert keyless.new(b"seed") != keyless.new(b"seed")


def of_tag(signing: SigningSecrets, tag: str, secret: str, stored: bytes | None = None) -> bytes:
    return signing.rotated(owner_of_tag(tag), stored, secret, NOW_MS + 1_000, NOW_MS)


LATER_MS = NOW_MS + 2_000
"""When no previous secret signs any more."""


@pytest.mark.parametrize(
    ("own", "tags", "signs"),
    [
        (None, (), SERVICE),
        (None, ("other",), SERVICE),
        (None, ("red",), "of red"),
        (None, ("other", "red"), "of red"),
        (None, ("blue", "red"), "of blue"),
        (None, ("red", "blue"), "of red"),
        (None, ("RED",), SERVICE),
        ("of the event", ("red",), "of the event"),
        ("of the event", (), "of the event"),
    ],
)
def test_an_events_own_secret_stands_before_its_tags_and_that_before_the_services(
    signing: SigningSecrets, own: str | None, tags: tuple[str, ...], signs: str
) -> None:
    """Of the tags the first that has one, in the order of the event."""
    signing.know_tags({tag: of_tag(signing, tag, f"of {tag}") for tag in ("red", "blue")})
    stored = None
    if own is not None:
        stored = signing.encrypted(EVENT, {"hmac_secret": own})["hmac_secret"]
    assert signing.of(EVENT, stored, LATER_MS, tags) == (signs,)


def test_a_tags_secret_is_introduced_and_changed_with_an_overlap(signing: SigningSecrets) -> None:
    first = of_tag(signing, "red", "first")
    signing.know_tags({"red": first})
    assert signing.of(EVENT, None, NOW_MS, ("red",)) == ("first", SERVICE)
    assert signing.of(EVENT, None, LATER_MS, ("red",)) == ("first",)
    second = of_tag(signing, "red", "second", first)
    signing.know_tags({"red": second})
    assert signing.of(EVENT, None, NOW_MS, ("red",))[:2] == ("second", "first")
    assert signing.of(EVENT, None, LATER_MS, ("red",)) == ("second",)
    signing.know_tags({})
    assert signing.of(EVENT, None, NOW_MS, ("red",)) == (SERVICE,)


def test_what_signed_before_an_events_first_own_secret_is_its_tags(signing: SigningSecrets) -> None:
    signing.know_tags({"red": of_tag(signing, "red", "of red")})
    own = signing.rotated(EVENT, None, "own", NOW_MS + 1_000, NOW_MS)
    assert signing.of(EVENT, own, NOW_MS, ("red",)) == ("own", "of red")
    assert signing.of(EVENT, own, NOW_MS, ("blue",)) == ("own", SERVICE)


def test_a_tags_secret_opens_for_no_other_tag(signing: SigningSecrets) -> None:
    """Whoever can write to the store can't give one tenant the secret of another."""
    signing.know_tags({"blue": of_tag(signing, "red", "of red")})
    with pytest.raises(DecryptionFailed):
        signing.of(EVENT, None, NOW_MS, ("blue",))
