"""What a caller may ask of how safe a change is."""

from __future__ import annotations

import pytest

from app.domain.durability import Durability, read_durability
from app.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("replicated", {Durability.REPLICATED}),
        ("FSYNC", {Durability.FSYNC}),
        (" fsync,replicated ", {Durability.FSYNC, Durability.REPLICATED}),
    ],
)
def test_one_or_both_can_be_asked_for(text: str, read: set[Durability]) -> None:
    assert read_durability(text) == read


@pytest.mark.parametrize("text", ["", "none", "replicated;fsync", "fsync,", "1"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="must be 'replicated', 'fsync' or"):
        read_durability(text)
