"""How much of a disk has to be free is written as a part, as bytes, or both."""

from __future__ import annotations

import pytest

from app.domain.free_space import FreeSpace, parse_free_space
from app.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("5%,1GiB", FreeSpace(0.05, 2**30)),
        ("1GiB, 5%", FreeSpace(0.05, 2**30)),
        ("2.5%", FreeSpace(0.025)),
        ("500 MiB", FreeSpace(size=500 * 2**20)),
        ("1024", FreeSpace(size=1024)),
        ("0", FreeSpace()),
    ],
)
def test_what_can_be_written(text: str, read: FreeSpace) -> None:
    assert parse_free_space(text) == read


@pytest.mark.parametrize(
    "text",
    ["", "100%", "-1", "1GB", "5%%", "1GiB;5%", "five", "5%,6%", "1GiB,2GiB", "5%,", "\u0665%"],
)
def test_what_can_not(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"as in 5%,1GiB; or 0"):
        parse_free_space(text)
