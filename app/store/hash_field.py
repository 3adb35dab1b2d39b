"""What a row in a table of fields is; the tables are in ``fields``."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class HashField(StrEnum):
    """A field: as a string, its name as stored."""

    kind: str
    meaning: str
    written_by: frozenset[str]
    read_by: frozenset[str]

    def __new__(cls, stored: str, kind: str, meaning: str, written_by: str, read_by: str) -> Self:
        """Make a member from one row of a table; file names are separated by spaces."""
        field = str.__new__(cls, stored)
        field._value_ = stored
        field.kind, field.meaning = kind, meaning
        field.written_by, field.read_by = frozenset(written_by.split()), frozenset(read_by.split())
        return field
