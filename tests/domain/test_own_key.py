"""Which keys a user may give an event."""

from __future__ import annotations

import pytest

from app.domain.own_key import check_key, key_name
from app.errors import InvalidInput


@pytest.mark.parametrize("key", ["a", "invoice-17", "a:b%c?d#e", "...", "~" * 255])
def test_a_key_is_what_a_segment_of_a_path_can_be(key: str) -> None:
    check_key(key)


@pytest.mark.parametrize("key", ["", "a/b", "a b", "a\n", "\x7f", "ä", "x" * 256, ".", "..", 7])
def test_any_other_is_refused_by_the_name_of_the_field(key: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_key(key)
    assert caught.value.fields.keys() == {"key"}


def test_the_same_key_in_another_space_is_another() -> None:
    assert key_name("a", "k") != key_name("", "k")
