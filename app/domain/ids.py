"""Identity: UUIDs that carry time and partition, so that an id alone says where its keys live.

Layout (RFC 9562), most significant bit first::

    event       UUIDv7: 48 bits creation ms | 7 | 12 bits fraction of that ms | 10 |
                12 bits partition | 2 random bits | 12 bits lane | 36 random bits
    occurrence  UUIDv8: 48 bits scheduled ms | 8 | 12 bits partition | 10 |
                62 bits of BLAKE2b(event id, scheduled ms)
    callback    the same, with the BLAKE2b of (event id, occurrence id, kind)

A lane stands for the tenant who made the event; an event of before there were lanes has random
bits there. An event's id sorts by creation; an occurrence's is a pure function of (event,
scheduled time). Ids travel as 16 bytes inside the service and as lower-case text outside.

A store that was restored into fewer partitions has fewer than its ids name: see ``keep_to``. In one
that was given more, an event may have moved to another partition than its id names. Where it is
says the store (``app.store.whereabouts``), and who has found it there says so to ``found_in``.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Iterable

MAX_PARTITIONS = MAX_LANES = 4096
"""What twelve bits can name."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_VERSION_OF_EVENTS = 7
_MASK_48 = (1 << 48) - 1
_MASK_62 = (1 << 62) - 1

_there = _former = MAX_PARTITIONS
_named: int | None = None
_moved_among = 0

MOST_FOUND = 1 << 17
"""Of how many events and occurrences this process remembers where they were found, twice: of these
as they are found, and of as many before that. Who is asked for again is kept: so are the leases
that a worker renews, which nobody could look for. Whoever is forgotten is looked for again."""

_found: dict[bytes, int] = {}
_found_before: dict[bytes, int] = {}
_found_lock = threading.Lock()


def keep_to(
    partitions: int = MAX_PARTITIONS,
    former: int = MAX_PARTITIONS,
    named: int | None = None,
    moved_among: int = 0,
) -> None:
    """Say how the partitions of the store go by ids and names; a process works with one store.

    ``partitions``: so many there are of the ``former`` ones that ids name, and what an id names is
    taken modulo this. Beyond them is the canary's. ``named``: what goes by its name has one of so
    many first, and that is taken modulo the number there is; ``None``: of all. ``moved_among``:
    among so many an event may have moved; 0: none has.
    """
    global _there, _former, _named, _moved_among
    _there, _former, _named, _moved_among = partitions, former, named, moved_among
    if not moved_among:
        _found.clear()
        _found_before.clear()


def moved_among() -> int:
    """Among how many partitions an event may have moved; 0: each is where its id says."""
    return _moved_among


def found_in(partition: int, members: Iterable[bytes]) -> None:
    """Say that these events and occurrences are in a partition, whatever their ids say."""
    if not _moved_among:
        return
    for one in members:
        if _named_in(one) == partition:
            _found.pop(one, None)
            _found_before.pop(one, None)
        elif _found.get(one) != partition:
            _remember(one, partition)


def _remember(member: bytes, partition: int) -> None:
    global _found, _found_before
    with _found_lock:
        if len(_found) >= MOST_FOUND:
            _found, _found_before = {}, _found
        _found[member] = partition


def _where_found(member: bytes) -> int | None:
    found = _found.get(member)
    if found is None and (found := _found_before.get(member)) is not None:
        _remember(member, found)
    return found


def has_moved(member: bytes) -> bool:
    """Whether an event or occurrence was found elsewhere than its id says."""
    return member in _found or member in _found_before


def _named_in(member: bytes) -> int:
    is_event = member[6] >> 4 == _VERSION_OF_EVENTS
    return named_in_event(member) if is_event else named_in_occurrence(member)


def partition_of(member: bytes) -> int:
    """The partition of an event or of an occurrence."""
    if member[6] >> 4 == _VERSION_OF_EVENTS:
        return partition_of_event(member)
    return partition_of_occurrence(member)


def place_of(number: int, partitions: int) -> int:
    """The partition of what goes by its name; ``number`` follows from the name."""
    return number % (_named or partitions) % partitions


def names_reach(partitions: int) -> bool:
    """Whether what goes by its name may be in any of so many partitions."""
    return _named is None or _named >= partitions


class EventIds:
    """Makes event ids that never run backwards within one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def make(self, now_us: int, partition: int, lane: int | None = None) -> bytes:
        """Return a new event id for ``now_us`` (microseconds since 1970, UTC).

        ``None`` is a random lane.
        """
        ms, rest_us = divmod(now_us, 1000)
        tick = (ms << 12) | (rest_us * 4096 // 1000)
        if partition >= _there:
            partition += _former - _there
        with self._lock:
            # Two ids of one tick, or a clock that stepped back, still sort by creation.
            tick = max(tick, self._last + 1)
            self._last = tick
        ms, fraction = tick >> 12, tick & 0xFFF
        low = (partition << 50) | secrets.randbits(50)
        if lane is not None:
            low = low & ~(0xFFF << 36) | lane << 36
        value = (ms & _MASK_48) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | low
        return value.to_bytes(16, "big")


def repeated_event_id(at_us: int, number: int, partition: int, lane: int, seed: bytes) -> bytes:
    """Return the one id that the event of this number can have in a request that is repeated.

    ``at_us`` is when the request was first made (microseconds since 1970, UTC); ``seed`` are 16
    random bytes of it.
    """
    ms, rest_us = divmod(at_us, 1000)
    tick = (ms << 12) + rest_us * 4096 // 1000 + number
    digest = hashlib.blake2b(number.to_bytes(4, "big"), key=seed, digest_size=8).digest()
    low = partition << 50 | lane << 36 | int.from_bytes(digest, "big") & (3 << 48 | (1 << 36) - 1)
    value = (tick >> 12 & _MASK_48) << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0b10 << 62 | low
    return value.to_bytes(16, "big")


def occurrence_id(event_id: bytes, scheduled_ms: int) -> bytes:
    """Return the one id that the occurrence of this event at this moment can have."""
    digest = hashlib.blake2b(
        event_id + scheduled_ms.to_bytes(8, "big", signed=True), digest_size=8
    ).digest()
    low = int.from_bytes(digest, "big") & _MASK_62
    partition = int.from_bytes(event_id[8:10], "big") >> 2 & 0x0FFF
    value = (scheduled_ms & _MASK_48) << 80 | 0x8 << 76 | partition << 64 | 0b10 << 62 | low
    return value.to_bytes(16, "big")


def callback_id(event_id: bytes, occurrence_id: bytes, kind: str) -> bytes:
    """Return the one id that the callback of this kind for an occurrence can have."""
    text = event_id + occurrence_id + kind.encode()
    digest = hashlib.blake2b(text, digest_size=8, person=b"callback").digest()
    low = 0b10 << 62 | int.from_bytes(digest, "big") & _MASK_62
    return occurrence_id[:8] + low.to_bytes(8, "big")


def partition_of_event(event_id: bytes) -> int:
    """Where an event is: where it was found, or else where its id says."""
    if (_found or _found_before) and (found := _where_found(event_id)) is not None:
        return found
    return first_partition_of(event_id)


def first_partition_of(event_id: bytes) -> int:
    """Read the partition out of an event's id: where it was made, and where it is asked for."""
    named = (int.from_bytes(event_id[8:10], "big") & 0x3FFF) >> 2
    return named % _there if named < _former else named - _former + _there


def named_in_event(event_id: bytes) -> int:
    """Read the partition that an event's id names, however many the store has."""
    return (int.from_bytes(event_id[8:10], "big") & 0x3FFF) >> 2


def named_in_occurrence(occurrence_id: bytes) -> int:
    """Read the partition that an occurrence's id names, however many the store has."""
    return int.from_bytes(occurrence_id[6:8], "big") & 0x0FFF


def lane_of_event(event_id: bytes) -> int:
    """Read the lane out of an event's id; the scripts of the store do the same."""
    return int.from_bytes(event_id[10:12], "big") >> 4


def partition_of_occurrence(occurrence_id: bytes) -> int:
    """Where an occurrence is: where it was found, or else where its id says."""
    if (_found or _found_before) and (found := _where_found(occurrence_id)) is not None:
        return found
    named = int.from_bytes(occurrence_id[6:8], "big") & 0x0FFF
    return named % _there if named < _former else named - _former + _there


def scheduled_ms(occurrence_id: bytes) -> int:
    """Read the scheduled time (ms since 1970, UTC) out of an occurrence's id; not a callback's."""
    return int.from_bytes(occurrence_id[:6], "big")


def created_ms(event_id: bytes) -> int:
    """Read the moment of creation (ms since 1970, UTC) out of an event's id."""
    return int.from_bytes(event_id[:6], "big")


def to_text(raw: bytes) -> str:
    """Return the lower-case text form."""
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_written_right(text: str) -> bool:
    """Whether a text is a UUID in canonical lower-case form, of whatever version."""
    return _UUID.fullmatch(text) is not None


def from_text(text: str, *, version: int) -> bytes | None:
    """Return the 16 bytes, or ``None`` if the text is not such an id of ours.

    ``version`` is 7 for events and 8 for occurrences. Only the canonical lower-case form names
    anything: one id has one spelling.
    """
    if not _CANONICAL.fullmatch(text) or text[14] != str(version):
        return None
    return bytes.fromhex(text.replace("-", ""))
