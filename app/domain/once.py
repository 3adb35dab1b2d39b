"""Requests that may be sent twice and count once: what an ``Idempotency-Key`` stands for."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.access import MASTER, Access
from app.domain.action import Action
from app.errors import InvalidInput

HEADER = "Idempotency-Key"
KEPT_MS = 86_400_000
"""How long a key is remembered."""

_KEY = re.compile(r"[!-~]{1,255}")
_SECRET = frozenset({"hmac_secret", "headers"})
"""What is left out of the digest: it is stored, and short secrets could be guessed from it."""


class AlreadyMade(Exception):
    """An event was made with this key before."""

    def __init__(self, event_id: bytes, digest: bytes) -> None:
        """Keep which one, and the digest of what was sent."""
        super().__init__()
        self.event_id = event_id
        self.digest = digest


@dataclass(frozen=True, slots=True)
class Once:
    """A key of somebody's, as 16 bytes that tell neither, and a digest of what is to be made.

    Callers that see different things have different keys, whatever they call them.
    """

    name: bytes
    digest: bytes
    place: int | None = None
    """The partition of what is made, unless it has a key or a flow; ``None``: that of the name."""

    event_id: bytes | None = None
    """The id that is kept for what is made; ``None``: a new one."""

    @classmethod
    def of(cls, key: str, given: Mapping[str, Any], access: Access) -> Once:
        """Read a key; raises ``InvalidInput``."""
        what = {name: _plain(value) for name, value in given.items() if name not in _SECRET}
        return cls(_digest(_who(key, access)), _digest(what))

    @classmethod
    def of_request(cls, key: str, path: str, values: Any, access: Access) -> Once:
        """Read the key of a request to a path, of which ``values`` is all that counts.

        A key belongs to its path. Who does not know it can't find out by trying what was sent, so
        secrets may be among the values. Raises ``InvalidInput``.
        """
        name = _digest([*_who(key, access), path])
        text = json.dumps(values, sort_keys=True, default=repr)
        digest = hashlib.blake2b(text.encode(), key=key.encode()[:64], digest_size=16).digest()
        return cls(name, digest)


@dataclass(frozen=True, slots=True)
class Repetition:
    """A request that has a key, as whoever does it sees it: first or again, it is the same.

    ``at_us`` is when it was first made (microseconds since 1970, UTC), ``seed`` 16 random bytes of
    it, ``by`` who does it now.
    """

    at_us: int
    seed: bytes
    by: bytes
    partitions: int | None = None
    """How many took new events when it was first made; ``None``: as many as names reach."""


def _who(key: str, access: Access) -> list[Any]:
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            f"{HEADER} must be 1 to 255 characters of ASCII without spaces, such as a UUID."
        )
    return [access is MASTER, access.subject, access.is_admin or sorted(access.scope), key]


def _plain(value: Any) -> Any:
    return value.as_json() if isinstance(value, Action) else value


def _digest(value: Any) -> bytes:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
