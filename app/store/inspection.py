"""What is stored of one event or occurrence, in a form that people can read.

It is for operators at a terminal: each field by its name in ``fields``, times and ids as text, and
the indexes that list it. What is sealed is left out. It reads a few keys, and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

from app.domain import ids
from app.domain.event import EventStatus
from app.domain.occurrence import OccurrenceStatus
from app.domain.times import to_rfc3339
from app.store import keys, page_keys
from app.store.attempts import read_log
from app.store.codec import (
    DEFINITION_FIELDS,
    EVENT_FIELDS,
    METADATA_FIELDS,
    event_from_row,
    split_tags,
)
from app.store.connection import StoreClient
from app.store.fields import EventField, OccurrenceField
from app.store.hash_field import HashField
from app.store.leaves import count_entries, find_entries
from app.store.page_reads import RecordPage, read_pages
from app.store.page_records import fields_of_packed
from app.store.reading import read_hashes
from app.store.scripts import Scripts
from app.store.short_forms import fields_of, read_occurrences, short_forms
from app.store.sole_occurrences import unlisted
from app.store.terms import TERM
from app.store.whereabouts import locate

_PIECES = {first: rest for first, *rest in (DEFINITION_FIELDS, METADATA_FIELDS)}
_UUID_BYTES = 16
EVERY = ("-inf", "+inf")
_LONGEST = 400
"""Characters of a value that are shown."""


def inspect(client: StoreClient, text: str) -> list[str] | None:
    """Describe an event or an occurrence in lines; ``None`` if the store has none of that id.

    ``text`` is the id as the API writes it. Raises ``StoreUnavailable``.
    """
    event_id, occurrence_id = ids.from_text(text, version=7), ids.from_text(text, version=8)
    if event_id is not None:
        return _event(client, event_id)
    return None if occurrence_id is None else _occurrence(client, occurrence_id)


def _event(client: StoreClient, event_id: bytes) -> list[str] | None:
    locate(client, [event_id])
    partition, key = ids.partition_of_event(event_id), keys.event_of(event_id)
    fields = _read(client, key)
    if not fields:
        return None
    places = [
        *(keys.events(partition, status) for status in EventStatus),
        *(keys.tag_events(partition, tag) for tag in _lines(fields, EventField.TAGS)),
        *(keys.calendar_events(partition, one) for one in _lines(fields, EventField.CALENDARS)),
        *(keys.flow_events(partition, one.encode()) for one in _lines(fields, EventField.FLOW)),
        *(place(partition) for place in (keys.inactive, keys.paused, keys.unscheduled)),
    ]
    (row,) = read_hashes(client, [key], EVENT_FIELDS)
    apart = unlisted(client, [event_from_row(event_id, row)])
    former = [*map(int, fields.get(EventField.CAME_FROM, b"").split())]
    listed = sum(
        _count(client, keys.event_occurrences(one, event_id)) for one in (*former, partition)
    )
    recorded = listed + len(apart)
    lines = [*_head(client, "event", event_id, key), *_fields(EventField, fields)]
    if former:
        lines += ["", *_moved(client, event_id, former)]
    lines += ["", "listed in", *_places(client, places, event_id), ""]
    next_ms = fields.get(EventField.NEXT)
    if next_ms is not None:
        following = ids.to_text(ids.occurrence_id(event_id, int(next_ms)))
        lines.append(f"scheduled: {following}")
    return [*lines, f"claimed or ended: {recorded} occurrences"]


def _moved(client: StoreClient, event_id: bytes, former: Sequence[int]) -> Iterator[str]:
    """Where an event is, and what leads to it; what had ended of it is in those places."""
    yield f"moved: it is in partition {ids.partition_of_event(event_id)}"
    places = [keys.event(one, event_id) for one in former]
    rows = read_hashes(client, places, (EventField.MOVED,))
    for one, (place,) in zip(former, rows, strict=True):
        led = "nowhere" if place is None else f"to partition {int(place)}"
        count = _count(client, keys.event_occurrences(one, event_id))
        yield f"  partition {one} leads {led}, and has {count} of its occurrences"


def _occurrence(client: StoreClient, occurrence_id: bytes) -> list[str] | None:
    ((found_of,),) = read_occurrences(client, [occurrence_id], (OccurrenceField.EVENT,))
    if found_of is not None:
        locate(client, [found_of])
    partition = ids.partition_of_occurrence(occurrence_id)
    key = keys.occurrence_of(occurrence_id)
    short = short_forms(client, [occurrence_id]).get(occurrence_id)
    fields: Mapping[str, bytes] = fields_of(occurrence_id, short) if short else _read(client, key)
    page = None if fields else _page(client, occurrence_id)
    if page is not None:
        packed = next(one for one in page.records if one.id == occurrence_id)
        fields = fields_of_packed(packed)
    event_id = fields.get(OccurrenceField.EVENT)
    if event_id is None:
        return None
    single = (keys.leases, keys.unacknowledged, keys.ended)
    places = [
        *(keys.occurrences(partition, status) for status in OccurrenceStatus),
        keys.event_occurrences(partition, event_id),
        *(keys.tag_occurrences(partition, tag) for tag in _lines(fields, OccurrenceField.TAGS)),
        keys.due(partition, ids.lane_of_event(event_id)),
        *(place(partition) for place in single),
    ]
    home = ids.partition_of_event(event_id)
    flow = fields.get(OccurrenceField.FLOW)
    waits = [keys.flow_waiting(partition, flow)] if flow else []
    return [
        *_head(client, "occurrence", occurrence_id, key, page),
        *_fields(OccurrenceField, fields),
        *([] if home == partition else ["", f"its event has moved to partition {home}"]),
        "",
        "listed in",
        *_places(client, places, occurrence_id),
        *_endings(client, partition, occurrence_id, fields),
        *_places(client, waits, event_id + occurrence_id),
    ]


def _count(client: StoreClient, index: bytes) -> int:
    """How many entries an index has, those in leaves too."""
    ((count,),) = count_entries(Scripts(client), 1, [lambda _: index], [EVERY])
    return count


def _read(client: StoreClient, key: bytes) -> dict[str, bytes]:
    stored = cast("Mapping[bytes, bytes]", client.hgetall(key))
    return {name.decode(errors="replace"): value for name, value in stored.items()}


def _page(client: StoreClient, occurrence_id: bytes) -> RecordPage | None:
    """The page that has an occurrence's record."""
    (found,) = read_pages(client, [occurrence_id])
    return found.pages[0] if found.records else None


def _head(
    client: StoreClient, kind: str, raw: bytes, key: bytes, page: RecordPage | None = None
) -> Iterator[str]:
    yield f"{kind} {ids.to_text(raw)}"
    if page is not None:
        count, place = len(page.records), page_keys.packed(ids.partition_of_occurrence(raw))
        yield f"{_shown(place)}: in a page of {count}, {len(page.raw)} bytes"
        yield ""
        return
    if client.exists(key):
        encoding = cast("bytes", client.object("encoding", key)).decode()
        yield f"{_readable(key)}: {encoding}, {client.memory_usage(key)} bytes"
    else:
        yield f"{_shown(keys.fresh(ids.partition_of_occurrence(raw)))}: in short form"
    yield ""


def _fields(table: type[HashField], fields: Mapping[str, bytes]) -> Iterator[str]:
    """Each field that is stored, as the table of fields has them; then those that it has not."""
    rest = dict(fields)
    for field in table:
        value = rest.pop(field, None)
        for piece in _PIECES.get(field, ()) if isinstance(field, EventField) else ():
            value = (value or b"") + rest.pop(piece, b"") if value is not None else None
        if value is not None:
            yield from _field(field, value)
    for name in sorted(rest):
        yield f"  {'(not in the table)':<18} {name:<6} {_shown(rest[name])}"


def _field(field: HashField, value: bytes) -> Iterator[str]:
    if field == OccurrenceField.LOG and isinstance(field, OccurrenceField):
        attempts = read_log(value)
        yield f"  {field.name:<18} {field:<6} attempts: {len(attempts)}"
        for one in attempts:
            began = to_rfc3339(one.timings.started_us // 1000)
            took_ms = (one.timings.done_us - one.timings.started_us) / 1000
            end = one.error_message or "done"
            yield f"{'':<27} {one.number}: {began}, {took_ms:.1f} ms, {one.status_code}: {end}"
        return
    yield f"  {field.name:<18} {field:<6} {_value(field.kind, value)}"


def _value(kind: str, value: bytes) -> str:
    if kind == "sealed":
        return f"*** ({len(value)} bytes)"
    if kind == "ms" and value.isdigit():
        return to_rfc3339(int(value))
    if kind == "id":
        return ids.to_text(value) if len(value) == _UUID_BYTES else value.hex()
    if kind == "terms":
        return value.hex(" ", TERM)
    if kind == "lines":
        return ", ".join(split_tags(value))
    return _shown(value)


def _shown(value: bytes) -> str:
    """Text on one line, without what a terminal would obey."""
    text = value.decode("utf-8", "backslashreplace")
    shown = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"')
    plain = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in shown)
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}… ({len(value)} bytes)"


def _places(client: StoreClient, places: Iterable[bytes], member: bytes) -> Iterator[str]:
    for place in places:
        score = client.zscore(place, member)
        if score is not None:
            yield f"  {_readable(place):<46} {to_rfc3339(int(score))}"
        elif find_entries(Scripts(client), [place], [member])[0][0]:
            yield f"  {_readable(place):<46} {to_rfc3339(ids.scheduled_ms(member))}, in a leaf"


def _endings(
    client: StoreClient, partition: int, occurrence_id: bytes, fields: Mapping[str, bytes]
) -> Iterator[str]:
    """The group of those with which it ended in short form."""
    place, ended = keys.endings(partition), fields.get(OccurrenceField.COMPLETED, b"")
    if not ended:
        return
    groups = cast("list[bytes]", client.zrangebyscore(place, int(ended), int(ended)))
    if any(occurrence_id in group for group in groups):
        yield f"  {_readable(place):<46} {to_rfc3339(int(ended))}"


def _readable(key: bytes) -> str:
    """A key with the id in it as text."""
    before, name, rest = key.partition(b":event:" if b":event:" in key else b":occurrence:")
    if not name:
        return _shown(key)
    return _shown(before + name) + ids.to_text(rest[:_UUID_BYTES]) + _shown(rest[_UUID_BYTES:])


def _lines(fields: Mapping[str, bytes], field: HashField) -> tuple[str, ...]:
    return split_tags(fields.get(field))
