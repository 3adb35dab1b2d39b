"""What callers ask for, as values."""

from __future__ import annotations

import pytest

from app.services.queries import TagFilter


@pytest.mark.parametrize(
    ("wanted", "tags", "any_of_them", "all_of_them"),
    [
        ((), (), True, True),
        ((), ("a",), True, True),
        (("a",), (), False, False),
        (("a",), ("a", "b"), True, True),
        (("a", "b"), ("b",), True, False),
        (("a", "b"), ("c", "b", "a"), True, True),
        (("a", "b"), ("c",), False, False),
    ],
)
def test_a_filter_takes_any_of_its_tags_or_all(wanted, tags, any_of_them, all_of_them):
    assert TagFilter(wanted).takes(tags) is any_of_them
    assert TagFilter(wanted, match_all=True).takes(tags) is all_of_them
