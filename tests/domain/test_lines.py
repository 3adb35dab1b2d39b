"""What is one line wherever it is shown, and what only looks like one."""

from __future__ import annotations

import pytest

from app.domain.lines import check_line, check_name
from app.errors import InvalidInput


@pytest.mark.parametrize("text", ["a", "a b", "Zoë", "名前", "👩‍👩‍👧", "من", "a,b", ""])
def test_writing_of_every_kind_is_a_line_and_a_name(text):
    check_line(text)
    check_name(text)


@pytest.mark.parametrize("text", ["\n", "a\r", "\t", "\x00", "\x7f", "\x85", "\u2028", "\u2029"])
def test_what_breaks_a_line_is_refused(text):
    for check in (check_line, check_name):
        with pytest.raises(InvalidInput, match="control characters"):
            check(text)


@pytest.mark.parametrize("text", ["\u202eabc", "a\u2066b", " a", "a ", "a\u3000"])
def test_what_looks_like_something_else_is_no_name(text):
    check_line(text)
    with pytest.raises(InvalidInput):
        check_name(text)
