"""Events by what they have that is compared as a whole: the hosts of their targets, metadata.

Each is a term: six bytes that follow from what it is and from its value, however long that is.
An entry of the index ``qh:{p}:terms`` (see ``selections.Beginning``) is a term and the event's id.
Two values may have the same term, once in a while: who reads events by it compares what they have.

The terms of hosts follow from the definition. Those of metadata depend on which members are
declared when the event is written: the event's hash keeps them, so that they are found again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from app.domain.event import Event
from app.store.fields import EventField
from app.store.selections import Beginning, IndexClause

INDEX = b"terms"

TERM = 6
"""Bytes of a term."""


@dataclass(frozen=True, slots=True)
class EventTerms:
    """The terms of events, where these members of the metadata are declared."""

    declared: tuple[str, ...] = ()

    def of_metadata(self, metadata_json: str) -> bytes:
        """The terms of the declared members, one after the other."""
        if not self.declared or metadata_json == "{}":
            return b""
        found = members_of(metadata_json)
        texts = [(name, as_text(found[name])) for name in self.declared if name in found]
        return b"".join(metadata_term(name, text) for name, text in texts if text is not None)

    def fields(self, event: Event) -> list[bytes | str | int]:
        """What of its terms an event's hash keeps, as a flat list."""
        kept = self.of_metadata(event.metadata_json)
        return [EventField.TERMS, kept] if kept else []

    def of_all(self, event: Event) -> bytes:
        """All terms of an event, one after the other."""
        return host_terms(event.action.target) + self.of_metadata(event.metadata_json)


NO_DECLARED = EventTerms()


def with_host(host: str) -> IndexClause:
    """What is sent to a host; a port may follow it."""
    return IndexClause(beginning=Beginning(INDEX, host_term(host.lower())))


def with_member(name: str, value: str) -> IndexClause:
    """What has a declared member of the metadata with this value."""
    return IndexClause(beginning=Beginning(INDEX, metadata_term(name, value)))


@lru_cache(maxsize=1_024)
def host_terms(target: str) -> bytes:
    """The terms of the hosts that a target has, one after the other."""
    return b"".join(map(host_term, sorted(set(hosts_of(target)) - {""})))


def host_term(host: str) -> bytes:
    """The term of a host, in lower case."""
    return _term(b"host\0" + host.encode())


def metadata_term(name: str, value: str) -> bytes:
    """The term of a member of the metadata and its value."""
    raw = name.encode("utf-8", "surrogatepass")
    return _term(b"metadata\0%d\0" % len(raw) + raw + value.encode("utf-8", "surrogatepass"))


def hosts_of(target: str) -> tuple[str, ...]:
    """What the host of a target may be called: without its port, and with it."""
    try:
        parts = urlsplit(target)
        return (parts.hostname or target).lower(), parts.netloc.rpartition("@")[2].lower()
    except ValueError:
        return (target.lower(),)


def has_members(raw: bytes | str, members: Sequence[tuple[str, str]]) -> bool:
    """Whether a JSON object has members with these names and values."""
    found = members_of(raw)
    return all(name in found and as_text(found[name]) == value for name, value in members)


def members_of(raw: bytes | str) -> dict[str, object]:
    """The members of a JSON object; numbers stay as they were written: 1.50 is not 1.5."""
    found: dict[str, object] = json.loads(raw, parse_float=str, parse_int=str)
    return found


def as_text(value: object) -> str | None:
    """A text as it is, true, false and null as JSON has them, and nothing for what is nested."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if value is None or isinstance(value, bool) else None


def _term(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=TERM).digest()
