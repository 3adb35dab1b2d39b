"""With which key a process encrypts: what it stores, every process that runs can read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.crypto.key_choice import DIFFERING, LACKING, KeyChoice
from app.store.key_notes import KeyRefused

OLD, NEW, STRAY = b"o", b"n", b"s"


class FakeNotes:
    def __init__(self, noted: Iterable[bytes]) -> None:
        self.names = set(noted)

    def noted(self) -> set[bytes]:
        return set(self.names)


def choice(own: bytes, known: str, noted: str, alive: str) -> KeyChoice:
    """Keys by their letters; ``alive``: for each process the letters that it knows."""
    processes = [frozenset(letters(word)) for word in alive.split()]
    notes = cast("Any", FakeNotes(letters(noted)))
    return KeyChoice(own, frozenset(letters(known)), notes, lambda: processes)


def letters(word: str) -> set[bytes]:
    return {letter.encode() for letter in word}


@pytest.mark.parametrize(
    ("own", "known", "noted", "alive", "used"),
    [
        (OLD, "o", "", "", OLD),
        (OLD, "o", "", "o o", OLD),
        (OLD, "o", "", "o o s", OLD),
        (OLD, "o", "o", "s", OLD),
        (OLD, "on", "o", "on on", OLD),
        (NEW, "on", "o", "on on o", OLD),
        (NEW, "on", "o", "on on on", NEW),
        (NEW, "on", "on", "on o", NEW),
        (NEW, "n", "on", "on", NEW),
    ],
    ids=[
        "the first process",
        "they agree",
        "nothing is encrypted and a stray one runs too",
        "the key is in use, whatever else runs",
        "the first step: all learn the new one",
        "the second step, while one has not had the first",
        "the second step",
        "the key came into use, and a host of old comes back",
        "it lacks a key that only old secrets need",
    ],
)
def test_which_key_is_used(own: bytes, known: str, noted: str, alive: str, used: bytes) -> None:
    assert choice(own, known, noted, alive).key() == used


@pytest.mark.parametrize(
    ("known", "noted", "alive", "reason"),
    [
        ("s", "o", "s", LACKING),
        ("s", "o", "o o s", LACKING),
        ("s", "", "o o s", DIFFERING),
        ("s", "", "o s", DIFFERING),
    ],
    ids=["alone", "beside others", "in the minority", "one against one"],
)
def test_a_stray_key_is_refused_by_its_own_process(
    known: str, noted: str, alive: str, reason: str
) -> None:
    refused = choice(STRAY, known, noted, alive)
    with pytest.raises(KeyRefused) as error:
        refused.key()
    assert error.value.message == reason


def test_what_is_missing_is_what_is_in_use_and_not_known() -> None:
    assert choice(NEW, "n", "on", "").missing() == {OLD}


@given(
    noted=st.sets(st.sampled_from("ons"), min_size=1).map("".join),
    alive=st.lists(st.sets(st.sampled_from("ons"), min_size=1).map("".join), min_size=1),
)
def test_a_key_that_is_not_in_use_comes_into_use_only_if_all_know_it(
    noted: str, alive: list[str]
) -> None:
    for known in alive:
        for own in letters(known):
            try:
                used = choice(own, known, noted, " ".join(alive)).key()
            except KeyRefused:
                continue
            assert used in letters(known)
            assert used in letters(noted) or all(used in letters(word) for word in alive)
