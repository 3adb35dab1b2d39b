"""The audit log as a chain: each entry's hash covers the hash of the one before.

    hash = SHA-256(previous hash in hex + the entry as canonical JSON), in hex

Canonical JSON has sorted names, no spaces and ASCII only. An entry that is changed, taken out or
put in breaks the chain there; entries missing at the end show when the newest hash is known from
an earlier export.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.errors import QhronosError

GENESIS = "0" * 64
"""What stands for the hash before the first entry."""


class ChainBroken(QhronosError):
    """The audit log does not hold together."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A stretch of the log that holds together."""

    entries: int = 0
    first: int = 0
    last: int = 0
    newest: str = GENESIS
    """The hash of the last entry."""


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode
_quoted = json.JSONEncoder().encode


def canonical(value: Any) -> str:
    """Write JSON in the one form that is hashed."""
    return _encode(value)


class EntryText(NamedTuple):
    """An entry as canonical JSON that its number is still missing in: what is before and after it.

    So it is written once, however often others are faster and it gets another number.
    """

    head: str
    tail: str

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> EntryText:
        """Write an entry."""
        before = {name: value for name, value in entry.items() if name < _SEQ}
        after = {name: value for name, value in entry.items() if name > _SEQ}
        return cls(
            canonical(before)[:-1] + ("," if before else ""),
            ("," if after else "") + canonical(after)[1:],
        )

    @classmethod
    def made(cls, names: Mapping[str, str | None], before: str, after: str) -> EntryText:
        """Write an entry that has all members: texts by name, and the states as canonical JSON."""
        get = {name: "null" if text is None else _quoted(text) for name, text in names.items()}
        return cls(
            f'{{"action":{get["action"]},"actor":{get["actor"]},"address":{get["address"]},'
            f'"after":{after},"at":{get["at"]},"before":{before},"object":{get["object"]},'
            f'"request":{get["request"]},',
            f',"token":{get["token"]}}}',
        )

    def numbered(self, number: int) -> str:
        """Return the entry with its number."""
        return f'{self.head}"{_SEQ}":{number}{self.tail}'

    def unnumbered(self) -> str:
        """Return the entry without a number."""
        ends = self.tail == "}"
        return self.head.removesuffix(",") + "}" if ends else self.head + self.tail[1:]


_SEQ = "seq"


def link(previous: str, entry: str) -> str:
    """Return the hash of an entry, given as canonical JSON, that follows another."""
    return hashlib.sha256((previous + entry).encode()).hexdigest()


def line(entry: str, previous: str, digest: str) -> str:
    """Return an entry as one line of an export."""
    return f'{entry[:-1]},"prev":"{previous}","hash":"{digest}"}}'


def check(lines: Iterable[str], known: str | None = None) -> Chain:
    """Verify an export, from whichever entry it begins with.

    ``known`` is the newest hash of an earlier export, which must be in this one. Raises
    ``ChainBroken`` with the number of the line at which it breaks.
    """
    chain, is_there = Chain(), known is None
    for number, text in enumerate(lines, 1):
        entry = _read(number, text)
        previous, digest, seq = entry.pop("prev"), entry.pop("hash"), entry["seq"]
        if chain.entries == 0:
            chain = Chain(0, seq, seq - 1, previous)
            if seq == 1 and previous != GENESIS:
                raise _broken(number, "the first entry follows another")
        if seq != chain.last + 1:
            raise _broken(number, f"entry {seq} stands where {chain.last + 1} belongs")
        if previous != chain.newest:
            raise _broken(number, f"entry {seq} does not follow the one before")
        if link(previous, canonical(entry)) != digest:
            raise _broken(number, f"entry {seq} was changed")
        chain = Chain(chain.entries + 1, chain.first, seq, digest)
        is_there = is_there or known in (previous, digest)
    if not is_there:
        raise ChainBroken(
            "The entry with the known hash is missing: the log was cut off before it."
        )
    return chain


def _read(number: int, text: str) -> dict[str, Any]:
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        entry = None
    if (
        not isinstance(entry, dict)
        or type(entry.get("seq")) is not int
        or not isinstance(entry.get("prev"), str)
        or not isinstance(entry.get("hash"), str)
    ):
        raise _broken(number, "it is not an entry")
    return entry


def _broken(number: int, reason: str) -> ChainBroken:
    return ChainBroken(f"The chain breaks at line {number}: {reason}.")


def masked(value: Any) -> Any:
    """Return JSON in which whatever is called a secret or a token is a mask."""
    if isinstance(value, dict):
        return {
            name: MASK
            if name in _SECRET and inner is not None
            else (masked(inner) if isinstance(inner, _NESTED) else inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value


_NESTED = (dict, list)


MASK = "***"
_SECRET = frozenset({"token", "secret", "hmac_secret", "password", "authorization", "api_key"})
