"""The strict JSON reader and its writer, as functions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.http.json_body import MAX_DEPTH, parse, plain, write
from app.errors import InvalidInput

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]))
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS | NUMBERS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_what_was_read_is_written_again(value):
    """For everything that JSON can say, up to the depth that is allowed."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return
    assert write(parse(text)).encode() == text
    assert plain(parse(text)) == json.loads(text)


@given(VALUES)
def test_escapes_make_no_difference(value):
    """Text that came in escapes goes out as characters."""
    escaped = json.dumps(value).encode()
    try:
        parsed = parse(escaped)
    except InvalidInput as error:
        assert "half of a character" in error.message  # noqa: PT017 - allowed, not expected
        return
    assert json.loads(write(parsed)) == value


@given(st.binary(max_size=60))
def test_nothing_but_invalid_input_comes_out(raw):
    """Whatever the bytes are."""
    try:
        parse(raw)
    except InvalidInput:
        return


@pytest.mark.parametrize(
    "number",
    ["0", "-1", "9007199254740993", "1" * 4000, "1.0", "1.10", "0.1234567890123456789", "1E5",
     "1e-400", "-0.0", "2.50e+003"],
)  # fmt: skip
def test_a_number_keeps_its_spelling(number):
    assert write(parse(f'{{"n":{number}}}'.encode())) == f'{{"n":{number}}}'


def test_the_deepest_that_is_allowed():
    """One level less than what is refused."""
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        for levels, fits in ((MAX_DEPTH, True), (MAX_DEPTH + 1, False)):
            text = opening * levels + ("1" if opening != "[" else "") + closing * levels
            if fits:
                assert write(parse(text.encode())) == text
            else:
                with pytest.raises(InvalidInput, match="nested"):
                    parse(text.encode())


def test_wide_is_not_deep():
    """Many brackets side by side."""
    text = "[" + ",".join(["[]"] * 1000) + "]"
    assert write(parse(text.encode())) == text


def test_brackets_in_text_are_text():
    text = json.dumps("[{" * 1000)
    assert write(parse(text.encode())) == text


def test_whole_characters_in_escapes():
    """A pair of surrogates is one character."""
    assert parse(b'"\\ud83d\\ude80 \\u0000"') == "🚀 \x00"
    assert parse(b'"\\\\ud800"') == "\\ud800"
