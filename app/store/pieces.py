"""Long values in pieces: what keeps a hash in the compact encoding on a server as it comes.

Redis and Valkey keep a hash in one block of memory while no value in it is longer than
``hash-max-listpack-value``, by default 64 bytes; else it takes three times as much. So a value of
up to 256 bytes is stored in up to four fields. A longer one is one value: it takes much anyway.
"""

from __future__ import annotations

from collections.abc import Sequence

PIECE = 64
"""Bytes of a piece."""


def cut(value: bytes, fields: Sequence[str]) -> dict[str, bytes]:
    """Give the pieces of a value to fields, the first to the first one."""
    if len(value) > PIECE * len(fields):
        return {fields[0]: value}
    starts = range(0, len(value), PIECE)
    return {
        field: value[start : start + PIECE] for field, start in zip(fields, starts, strict=False)
    }


def join(pieces: Sequence[bytes | None]) -> bytes | None:
    """The reverse of ``cut``, of the values of all fields; ``None`` if there is none."""
    first, second, *_ = pieces
    if first is None or second is None:
        return first
    return b"".join([piece for piece in pieces if piece is not None])
