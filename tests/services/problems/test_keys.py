"""Who lacks a key that is in use is named; who can read everything is not."""

from __future__ import annotations

import pytest

from app.domain.process import ProcessFacts
from app.errors import StoreUnavailable
from app.services.problems.keys import keys
from app.services.problems.problem import ProblemCode, StatusFigures

FIGURES = StatusFigures(now_ms=0, lag_ms=0, queue_depth=0, workers=2)


def process(host: str, known: str) -> ProcessFacts:
    """Its keys by their letters, the one that it encrypts with first."""
    names = [letter.encode().hex() for letter in known]
    key = names[0] if names else ""
    return ProcessFacts("web", host, 7, key=key, known_keys=frozenset(names))


def said(noted: str, *processes: ProcessFacts) -> list[str]:
    check = keys(lambda: {letter.encode() for letter in noted}, lambda: processes)
    found = list(check(FIGURES))
    assert {one.code for one in found} <= {ProblemCode.KEYS}
    for one in found:
        assert "(pid" not in one.message
        assert "QHRONOS_ENCRYPTION_KEY" in one.message
    return [one.told_to(admin=True) for one in found]


@pytest.mark.parametrize(
    ("noted", "known"),
    [
        ("o", ["o", "o"]),
        ("o", ["on", "no"]),
        ("on", ["on", "no"]),
        ("", ["o", "o"]),
        ("o", ["o", ""]),
    ],
    ids=["agreed", "a change under way", "the same, later", "no secrets", "one that says nothing"],
)
def test_no_problem(noted: str, known: list[str]) -> None:
    assert said(noted, *(process(f"h{n}", word) for n, word in enumerate(known))) == []


def test_who_lacks_a_key_is_named_with_what_to_set() -> None:
    (sentence,) = said("o", process("good", "o"), process("stray", "s"))
    assert sentence.startswith("web on stray (pid 7): ")
    assert "QHRONOS_ENCRYPTION_KEY" in sentence
    assert "good" not in sentence


def test_a_crowd_is_not_named_one_by_one() -> None:
    (sentence,) = said("o", *(process(f"h{n}", "s") for n in range(9)))
    assert "and 6 more:" in sentence


def test_before_anything_is_encrypted_keys_must_be_the_same() -> None:
    (sentence,) = said("", process("a", "o"), process("b", "s"))
    assert sentence.startswith("Hosts have different encryption keys")


def test_without_the_store_nothing_is_known() -> None:
    def away() -> set[bytes]:
        raise StoreUnavailable

    assert list(keys(away, list)(FIGURES)) == []
