"""Cursors: each is valid for the list that it was made for, and none can be forged."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidInput
from app.services.cursors import Cursors

MEMBER = b"m" * 16
CURSORS = Cursors("key")


@given(score=st.integers(-(2**63), 2**63 - 1), member=st.binary(min_size=16, max_size=16))
def test_a_cursor_brings_its_entry_back(score: int, member: bytes) -> None:
    cursor = CURSORS.encode((score, member), "a list")
    assert CURSORS.decode(cursor, "a list") == (score, member)
    assert cursor.replace("-", "").replace("_", "").isalnum(), "goes into a URL as it is"


def test_no_cursor_is_the_beginning() -> None:
    assert CURSORS.decode(None, "a list") is None


@pytest.mark.parametrize("cursor", ["", "x", "é", "A" * 48, "A" * 500, "====", "a b"])
def test_other_text_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        CURSORS.decode(cursor, "a list")


def test_a_cursor_of_another_list_or_another_key_is_refused() -> None:
    cursor = CURSORS.encode((5, MEMBER), "a list")
    for cursors, context in ((CURSORS, "another list"), (Cursors("another key"), "a list")):
        with pytest.raises(InvalidInput, match="cursor"):
            cursors.decode(cursor, context)


def test_a_cursor_does_not_tell_at_which_text_a_list_has_stopped() -> None:
    """That may be the name of something that the token may not see."""
    cursor = CURSORS.encode_mark(b"salaries\0" + MEMBER, "a list")
    assert b"salaries" not in base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert CURSORS.decode_mark(cursor, "a list") == b"salaries\0" + MEMBER
    for cursors, context in ((CURSORS, "another list"), (Cursors("another key"), "a list")):
        with pytest.raises(InvalidInput, match="cursor"):
            cursors.decode_mark(cursor, context)


def test_a_list_by_name_leads_on_from_the_name() -> None:
    """Each name once, in order, whatever is added or taken away between two parts."""
    names = ["a", "b", "é", "z"]
    assert CURSORS.names(names, None, "a list", 4) == (names, None)
    first, cursor = CURSORS.names(names, None, "a list", 2)
    assert (first, cursor is None) == (["a", "b"], False)
    assert CURSORS.names(["a", "aa", "é"], cursor, "a list", 2) == (["é"], None)
    for other in (cursor, CURSORS.encode((1, MEMBER), "another")):
        with pytest.raises(InvalidInput, match="cursor"):
            CURSORS.names(names, other, "another list", 2)
    with pytest.raises(InvalidInput, match="cursor"):
        CURSORS.decode(cursor, "a list")
