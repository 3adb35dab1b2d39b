r"""A page: the records of some hundred ended occurrences, compressed.

Records that lie beside each other resemble each other, column by column: so a page keeps for every
field the values of all its records together, and DEFLATE (RFC 1951) makes little of them. What
follows from something else is left out: most ids follow from the event and the scheduled time
(``ids.occurrence_id``), that of a callback also from how what it tells of ended
(``ids.callback_id``), and most moments lie a little behind that time.

A record is an occurrence in short form or the fields of its hash, see ``short_forms``; what is read
of a page is what was written, byte for byte. Before it is compressed, a page is a list of columns,
each a list of byte strings::

    ids        what does not follow of each id: its time as a distance from the one before, in
               decimal, then a colon and its other bytes if they do not follow
    events     the distinct ids of events
    event      for each record the number of its event's id
    shapes     the distinct lists of field names; that of a short form is ``_SHORT``
    shape      for each record the number of its list
    …          for each field name, in the order in which ``shapes`` has them, the values
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from app.domain import ids
from app.store.fields import OccurrenceField

_MOMENTS = frozenset(one.value.encode() for one in OccurrenceField if one.kind == "ms")
"""Fields that are moments: most are kept as a distance from the scheduled time."""

_EVENT = OccurrenceField.EVENT.encode()
_BEHIND = b"+"
"""What stands behind the name of a field whose values are distances."""

_CALLBACK = OccurrenceField.CALLBACK.encode()
_TOLD = _CALLBACK + b"!"
"""The field of a callback without the id of what it tells of, with moments as distances. A record
that has it leaves its id out, too."""

_SHORT = (b"took", b"line", b"short-tags", b"short-body")


class Packed(NamedTuple):
    """A record as the store has it: a short form, or else the fields of a hash."""

    id: bytes
    short: bytes | None
    hash: Mapping[bytes, bytes]


def encode(records: Sequence[Packed]) -> bytes:
    """Write records, in the order of their ids, as a page."""
    events: dict[bytes, int] = {}
    shapes: dict[tuple[bytes, ...], int] = {}
    rows, columns = ([], [], []), {}  # type: tuple[list[bytes], ...], dict[bytes, list[bytes]]
    before_ms = 0
    for one in records:
        at_ms = ids.scheduled_ms(one.id)
        event, values = _split(one, at_ms)
        told = _shortened(one.id, event, at_ms, values.get(_CALLBACK, b""))
        if told is not None:
            values = {_TOLD if name == _CALLBACK else name: values[name] for name in values}
            values[_TOLD] = told
        follows = told is not None or _follows(one.id, event, at_ms)
        rest = b"" if follows else b":" + one.id[6:]
        rows[0].append(b"%d%b" % (at_ms - before_ms, rest))
        rows[1].append(b"%d" % events.setdefault(event, len(events)))
        rows[2].append(b"%d" % shapes.setdefault(tuple(values), len(shapes)))
        for name, value in values.items():
            columns.setdefault(name, []).append(value)
        before_ms = at_ms
    listed = [_join(shape) for shape in shapes]
    table = [rows[0], list(events), rows[1], listed, rows[2], *columns.values()]
    raw = b"".join(map(_join, table))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(raw) + packer.flush()


def decode(page: bytes) -> list[Packed]:
    """Read all records of a page."""
    raw = iter(_columns(zlib.decompress(page, -15)))
    moments, events, event_of, listed, shape_of = (next(raw) for _ in range(5))
    shapes = [next(iter(_columns(one))) for one in listed]
    columns = {name: iter(next(raw)) for name in dict.fromkeys(n for one in shapes for n in one)}
    found, at_ms = [], 0
    for moment, number, kind in zip(moments, event_of, shape_of, strict=True):
        distance, has_rest, rest = moment.partition(b":")
        at_ms += int(distance)
        event = events[int(number)]
        values = {name: next(columns[name]) for name in shapes[int(kind)]}
        if _TOLD in values:
            one, values[_CALLBACK] = _callback(event, at_ms, values.pop(_TOLD))
        else:
            one = at_ms.to_bytes(6, "big") + rest if has_rest else ids.occurrence_id(event, at_ms)
        found.append(_joined(one, event, values, at_ms))
    return found


def _follows(one: bytes, event: bytes, at_ms: int) -> bool:
    return len(event) == 16 and ids.occurrence_id(event, at_ms) == one


def _callback(event: bytes, at_ms: int, told: bytes) -> tuple[bytes, bytes]:
    """The id of a callback and its field, from what is kept of this."""
    status, scheduled, completed, rest = told.split(b"\n", 3)
    about = ids.occurrence_id(event, at_ms)
    moments = int(scheduled) + at_ms, int(completed) + at_ms
    value = b"%b%b\n%d\n%d\n%b" % (about, status, *moments, rest)
    return ids.callback_id(event, about, status.decode()), value


def _shortened(one: bytes, event: bytes, at_ms: int, value: bytes) -> bytes | None:
    """What is kept of the field of a callback; ``None`` if id and field do not follow from that."""
    if not value or len(event) != 16:
        return None
    try:
        status, scheduled, completed, rest = value[16:].split(b"\n", 3)
        moments = int(scheduled) - at_ms, int(completed) - at_ms
        told = b"%b\n%d\n%d\n%b" % (status, *moments, rest)
        return told if _callback(event, at_ms, told) == (one, value) else None
    except ValueError:  # no callback is written so
        return None


def _split(one: Packed, at_ms: int) -> tuple[bytes, dict[bytes, bytes]]:
    """The event of a record, and its values by column."""
    if one.short is not None:
        head, _, rest = one.short[16:].partition(b"\n")
        tags, _, body = rest.partition(b"\t")
        took, line = head.split(b",=", 1)
        return one.short[:16], dict(zip(_SHORT, (took, line, tags, body), strict=True))
    values: dict[bytes, bytes] = {}
    for name in sorted(one.hash):
        value = one.hash[name]
        if name in _MOMENTS and value.isdigit() and b"%d" % int(value) == value:
            values[name + _BEHIND] = b"%d" % (int(value) - at_ms)
        elif name != _EVENT:
            values[name] = value
    return one.hash[_EVENT], values


def _joined(one: bytes, event: bytes, values: dict[bytes, bytes], at_ms: int) -> Packed:
    if _SHORT[0] in values:
        took, line, tags, body = (values[name] for name in _SHORT)
        return Packed(one, b"%b%b,=%b\n%b\t%b" % (event, took, line, tags, body), {})
    fields = {_EVENT: event}
    for name, value in values.items():
        if name.endswith(_BEHIND):
            fields[name.removesuffix(_BEHIND)] = b"%d" % (int(value) + at_ms)
        else:
            fields[name] = value
    return Packed(one, None, fields)


def _join(column: Iterable[bytes]) -> bytes:
    """A column: how many values, their lengths, a newline, the values."""
    values = list(column)
    lengths = b",".join(b"%d" % len(one) for one in values)
    return b"%d:%b\n%b" % (len(values), lengths, b"".join(values))


def _columns(raw: bytes) -> Iterator[list[bytes]]:
    at = 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        _, _, lengths = raw[at:end].partition(b":")
        at = end + 1
        values = []
        for size in map(int, lengths.split(b",") if lengths else ()):
            values.append(raw[at : at + size])
            at += size
        yield values
