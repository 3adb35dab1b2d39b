"""The chain of the audit log: whatever is done to it shows."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.audit import (
    GENESIS,
    MASK,
    Chain,
    ChainBroken,
    EntryText,
    canonical,
    check,
    line,
    link,
    masked,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def exported(count: int, first: int = 1, previous: str = GENESIS, after: Any = None) -> list[str]:
    lines = []
    for seq in range(first, first + count):
        text = canonical({"seq": seq, "action": "event.update", "after": after})
        digest = link(previous, text)
        lines.append(line(text, previous, digest))
        previous = digest
    return lines


_TEXTS = ("at", "actor", "token", "address", "action", "object", "request")


@given(st.dictionaries(st.sampled_from(["action", "outcome", "token", "x", "a"]), JSON))
def test_an_entry_that_gets_its_number_later_is_canonical(entry: dict[str, Any]) -> None:
    text = EntryText.of(entry)
    assert text.numbered(7) == canonical({**entry, "seq": 7})
    assert text.unnumbered() == canonical(entry)


@given(st.lists(st.none() | st.text(), min_size=7, max_size=7), JSON, JSON)
def test_one_that_is_put_together_is_too(texts: list[str | None], before: Any, after: Any) -> None:
    names = dict(zip(_TEXTS, texts, strict=True))
    text = EntryText.made(names, canonical(before), canonical(after))
    assert text == EntryText.of({**names, "before": before, "after": after})


@given(after=JSON, count=st.integers(1, 4))
def test_an_export_holds_together_whatever_is_in_it(after: Any, count: int) -> None:
    lines = exported(count, after=after)
    newest = json.loads(lines[-1])["hash"]
    assert check(lines) == Chain(count, 1, count, newest)
    assert check(text + "\n" for text in lines).newest == newest


def test_it_may_begin_anywhere_and_be_empty() -> None:
    """Retention cuts its old end off."""
    lines = exported(5)
    assert check(lines[2:]).first == 3
    assert check([]).entries == 0


def test_the_hash_can_be_computed_by_anybody() -> None:
    """Not only by this program."""
    (text,) = exported(1)
    entry = json.loads(text)
    digest = entry.pop("hash")
    previous = entry.pop("prev")
    plain = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    assert digest == hashlib.sha256((previous + plain).encode()).hexdigest()


LINES = exported(6)
TAMPERED = {
    "an entry is changed": ([*LINES[:3], LINES[3].replace("update", "delete"), *LINES[4:]], 4),
    "an entry is taken out": ([*LINES[:3], *LINES[4:]], 4),
    "two change places": ([*LINES[:2], LINES[3], LINES[2], *LINES[4:]], 3),
    "one stands twice": ([*LINES[:3], LINES[2], *LINES[3:]], 4),
    "one is put in": ([*LINES[:3], *exported(1, 4, "0" * 64), *LINES[4:]], 4),
    "one is changed with its hash": (
        [*LINES[:3], *exported(1, 4, json.loads(LINES[2])["hash"], "x"), *LINES[4:]],
        5,
    ),
    "a hash is changed": ([*LINES[:5], re.sub('hash":".', 'hash":"_', LINES[5])], 6),
    "the first follows something": (exported(2, 1, "f" * 64), 1),
    "a line is cut off": ([*LINES[:5], LINES[5][:-20]], 6),
    "a line is empty": ([*LINES[:2], "", *LINES[2:]], 3),
    "a line is no entry": (["[]"], 1),
    "a line is deep": (["[" * 100_000], 1),
    "a number is a boolean": ([LINES[0].replace('"seq":1', '"seq":true')], 1),
}


def test_what_was_cut_off_at_the_end_shows_by_the_hash_of_an_earlier_export() -> None:
    newest = json.loads(LINES[-1])["hash"]
    assert check(LINES, newest).newest == newest
    assert check([*LINES, *exported(1, 7, newest)], newest).last == 7
    assert check(LINES[3:], json.loads(LINES[2])["hash"]).first == 4  # retention has been there
    for cut in (LINES[:-1], []):
        with pytest.raises(ChainBroken, match="known hash is missing"):
            check(cut, newest)


@pytest.mark.parametrize("what", TAMPERED)
def test_tampering_shows_where_it_was_done(what: str) -> None:
    lines, number = TAMPERED[what]
    with pytest.raises(ChainBroken, match=f"at line {number}:"):
        check(lines)


@given(position=st.integers(0, 5), data=st.data())
def test_no_character_can_be_changed(position: int, data: st.DataObject) -> None:
    text = LINES[position]
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda one: one != text[at]))
    changed = text[:at] + other + text[at + 1 :]
    try:
        same = json.loads(changed) == json.loads(text)
    except ValueError:
        same = False
    if not same:
        with pytest.raises(ChainBroken):
            check([*LINES[:position], changed, *LINES[position + 1 :]])


def test_secrets_are_masked_at_any_depth() -> None:
    before = {"token": "t", "a": [{"hmac_secret": "s", "has_hmac_secret": True}], "secret": None}
    assert masked(before) == {
        "token": MASK,
        "a": [{"hmac_secret": MASK, "has_hmac_secret": True}],
        "secret": None,
    }


@pytest.mark.parametrize("name", ["seq", "prev", "hash"])
@pytest.mark.parametrize("value", [None, 1.5, True, []])
def test_what_is_no_entry_is_said_to_be_none(name: str, value: Any) -> None:
    lines = exported(2)
    lines[1] = json.dumps({**json.loads(lines[1]), name: value})
    with pytest.raises(ChainBroken) as caught:
        check(lines)
    assert caught.value.message == "The chain breaks at line 2: it is not an entry."


@pytest.mark.parametrize("text", ["", "[]", "1", "x", '"entry"', "null"])
def test_nor_is_what_is_no_object(text: str) -> None:
    with pytest.raises(ChainBroken, match=r"at line 1: it is not an entry\.$"):
        check([text])


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("the first follows something", "line 1: the first entry follows another"),
        ("an entry is taken out", "line 4: entry 5 stands where 4 belongs"),
        ("one is put in", "line 4: entry 4 does not follow the one before"),
        ("an entry is changed", "line 4: entry 4 was changed"),
    ],
)
def test_where_it_breaks_and_why(what: str, reason: str) -> None:
    with pytest.raises(ChainBroken) as caught:
        check(TAMPERED[what][0])
    assert caught.value.message == f"The chain breaks at {reason}."


def test_a_log_that_was_cut_off_is_said_to_be() -> None:
    with pytest.raises(ChainBroken) as caught:
        check(LINES[:-1], json.loads(LINES[-1])["hash"])
    assert caught.value.message == (
        "The entry with the known hash is missing: the log was cut off before it."
    )


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_does_not_know_is_not_hashed(number: float) -> None:
    """Others could not compute it."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"n": number})
