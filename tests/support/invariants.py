"""What must hold of a store at rest, whatever has happened to it.

Every key is read once; then what one key says is compared with what the others say. A key that
nobody knows, or that speaks of something that is not there, is a sentence too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, cast

import redis

from app.domain import ids
from app.domain.event import EventStatus
from app.domain.occurrence import OccurrenceStatus
from app.store import keys
from app.store.codec import EVENT_FIELDS, definition_from_doc, event_from_row
from app.store.page_codec import Packed, decode
from app.store.page_records import ended_of, fields_of_packed
from app.store.short_forms import fields_of
from app.store.sole_occurrences import sole_occurrence
from app.store.terms import TERM, host_terms
from tests.support.values import values_of

_OPEN_IN_DUE = {"scheduled", "retrying"}
_OF_OCCURRENCES = ("due", "leases", "unacknowledged", "ended")
_OF_EVENTS = ("inactive", "unscheduled", "paused")
_SCORED = (*_OF_OCCURRENCES, *_OF_EVENTS)
_GLOBAL = re.compile(
    rb"qh:(meta|drains|\{shares\}(:places)?|sweep|\{slos\}|fence(:\{\d+\})?|\{stats\}(:(minute|hour|day):\d+)?|\{watch\}:(drains|runs|canary|canary:turn)|\{lateness\}|\{metrics\}(:from:.+)?|\{live\}:.+|\{secrets\}|\{processes\}(:facts)?|\{limits\}:.+|owned:.+|rates:\d+|\{calendars\}(:version|:pending)?"
    rb"|\{tokens(:\d+)?\}(:ending|:(of|token|used|revoked|barred):.+)?"
    rb"|\{archive\}:failing|\{metrics\}(:from:.+)?|\{alerts\}(:(sealed|groups|sends|watch|leader|set-aside))?"
    rb"|\{audit(:\d+)?\}(:head|:segments|:intents|:(done|settled):.+)?"
    rb"|\{flows(:\d+)?\}(:used|:(flow|busy|answer):.+)?|\{breakers\}(:steps)?"
    rb"|\{(retries|bulk)\}(:running|:ended|:(job|of):.+)?"
    rb"|\{imports\}(:running|:ended|:sources|:(job|file|seen|lines|of|held):.+)?)",
    re.DOTALL,
)


def snapshot(client: redis.Redis) -> dict[bytes, Any]:
    """Every key of the service and its value: two equal snapshots are two equal stores."""
    keys = sorted(client.scan_iter(match=b"qh:*", count=10_000))
    # A key that has expired meanwhile has no value.
    return {key: value for key, value in zip(keys, values_of(client, keys), strict=True) if value}


def broken(
    client: redis.Redis, partitions: int = 1, found: Mapping[bytes, Any] | None = None
) -> list[str]:
    """Sentences about what does not hold; empty for a sound store.

    ``found`` is a snapshot, if there is one already.
    """
    return contradictions(snapshot(client) if found is None else found, partitions)


def contradictions(found: Mapping[bytes, Any], partitions: int) -> list[str]:
    """Sentences about what does not hold in a snapshot; empty for a sound store."""
    parts = [Partition(b"qh:{%d}:" % number) for number in range(partitions)]
    problems: list[str] = []
    for key, value in found.items():
        owner = next((part for part in parts if key.startswith(part.prefix)), None)
        known = owner.take(key, value) if owner else _GLOBAL.fullmatch(key) is not None
        if not known:
            problems.append(f"nobody knows the key {key!r}")
    for part in parts:
        problems += part.problems()
    problems += _whereabouts(parts)
    return problems


def _whereabouts(parts: Sequence[Partition]) -> Iterable[str]:
    """The partition that an event's id names has it, or leads to the one that does."""
    for number, part in enumerate(parts):
        for event in part.events:
            if (where := _led_to(parts, event)) != number:
                yield f"event {ids.to_text(event)} is in {number}, and its id leads to {where}"
        for event in part.led:
            if event in part.events:
                yield f"event {ids.to_text(event)} has left {number}, and is there"
            if event not in parts[_led_to(parts, event)].events:
                yield f"{number} leads to {ids.to_text(event)}, which is nowhere"


def _led_to(parts: Sequence[Partition], event: bytes) -> int:
    where = ids.first_partition_of(event)
    while where < len(parts) and event in parts[where].led:
        where = parts[where].led[event]
    return where


def listed_twice(client: redis.Redis, partitions: int) -> list[str]:
    """Sentences about occurrences in two statuses at once: that may never be, at rest or not."""
    problems = []
    for partition in range(partitions):
        pipe = client.pipeline(transaction=True)  # all at one moment: they may be changing
        for each in OccurrenceStatus:
            pipe.zrange(keys.occurrences(partition, each), 0, -1)
        listed = cast("list[list[bytes]]", pipe.execute())
        lists = {each.value: found for each, found in zip(OccurrenceStatus, listed, strict=True)}
        for one, count in Counter(chain(*lists.values())).items():
            if count > 1:
                where = [status for status, members in lists.items() if one in members]
                problems.append(f"occurrence {ids.to_text(one)} is listed as {where}")
    return problems


class Partition:
    """The keys of one partition, sorted by what they are."""

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix
        self.scored: dict[str, dict[bytes, float]] = {name: {} for name in _SCORED}
        self.status: dict[str, dict[bytes, float]] = {one.value: {} for one in OccurrenceStatus}
        self.event_status: dict[str, dict[bytes, float]] = {one.value: {} for one in EventStatus}
        self.events: dict[bytes, dict[bytes, bytes]] = {}
        self.led: dict[bytes, int] = {}
        self.occurrences: dict[bytes, dict[bytes, bytes]] = {}
        self.twice: list[bytes] = []
        self.of_event: dict[bytes, dict[bytes, float]] = {}
        self.by_tag: dict[tuple[bytes, bytes], dict[bytes, float]] = {}
        self.by_calendar: dict[bytes, dict[bytes, float]] = {}
        self.keys: dict[bytes, bytes] = {}
        self.in_parts: dict[str, dict[bytes | None, dict[bytes, float]]] = {
            "names": {},
            "terms": {},
        }
        self.by_flow: dict[bytes, dict[bytes, float]] = {}
        self.waiting: dict[bytes, dict[bytes, float]] = {}
        self.flowing: dict[bytes, float] = {}
        self.lanes: dict[bytes, float] = {}
        self.of_lane: dict[bytes, dict[bytes, float]] = {}
        self.ended_together: dict[bytes, float] = {}
        self.endings_twice: list[bytes] = []
        self.completed: set[bytes] = set()
        self.pages: dict[bytes, list[Packed]] = {}
        self.page_names: dict[bytes, float] = {}
        self.page_ends: dict[bytes, float] = {}
        self.leaf_names: dict[bytes, dict[bytes, float]] = {}
        self.leaves: dict[bytes, dict[bytes, list[bytes]]] = {}
        self.in_leaves: list[tuple[bytes, dict[bytes, float]]] = []
        self.leaf_sizes: dict[bytes, bytes] = {}

    def take(self, key: bytes, value: Any) -> bool:
        """Put a key into its place; whether it has one. An id may hold any byte, colons too."""
        kind, _, rest = key[len(self.prefix) :].partition(b":")
        name = kind.decode("ascii", "replace")
        if name in self.scored and name != "due" and not rest:
            self.scored[name] = value
        elif name == "events" and rest.decode("ascii", "replace") in self.event_status:
            self.event_status[rest.decode()] = value
        elif name == "event" and len(rest) == 16 and set(value) == {b"mv"}:
            self.led[rest] = int(value[b"mv"])
        elif name == "event" and len(rest) == 16:
            self.events[rest] = value
        elif name == "event" and len(rest) == 28 and rest.endswith(b":occurrences"):
            self.of_event[rest[:16]] = value
        elif name == "occurrences" and rest.decode("ascii", "replace") in self.status:
            self.status[rest.decode()] = value
        elif name == "tag" and rest.endswith((b":events", b":occurrences")):
            tag, _, what = rest.rpartition(b":")
            self.by_tag[tag, what] = value
        elif name == "calendar" and rest.endswith(b":events"):
            self.by_calendar[rest[: -len(b":events")]] = value
        elif name in self.in_parts:
            is_part = key != self.prefix + kind
            self.in_parts[name][rest if is_part else None] = value
        else:
            return (
                self._take_occurrence(name, rest, value)
                or self._take_lane(name, rest, value)
                or self._take_flow(name, rest, value)
                or self._take_key(name, rest, value)
                or self._take_pages(name, rest, value)
                or (name in ("claim", "made", "answer", "source", "held") and bool(rest))
                or (name == "stats" and rest in (b"", b"taken"))
                or (name in ("sweep", "mover") and not rest)
                or (name == "event" and len(rest) == 22 and rest.endswith(b":names"))
            )
        return True

    def _take_occurrence(self, name: str, rest: bytes, value: Any) -> bool:
        if name == "endings" and not rest:
            for member, ended in value.items():
                ones = [member[at : at + 16] for at in range(0, len(member), 16)]
                self.endings_twice += [one for one in ones if one in self.ended_together]
                self.ended_together |= dict.fromkeys(ones, ended)
        elif name == "occurrence" and len(rest) == 16:
            self.twice += [rest] if rest in self.occurrences else []
            self.occurrences[rest] = value
        elif name == "fresh" and not rest:
            for one, short in value.items():
                fields = fields_of(one, short).items()
                self.twice += [one] if one in self.occurrences else []
                self.completed |= {one} if ("st", b"completed") in fields else set()
                self.occurrences[one] = {field.encode(): text for field, text in fields}
        else:
            return False
        return True

    def _take_pages(self, name: str, rest: bytes, value: Any) -> bool:
        if name == "packed" and not rest:
            self.pages = {page: decode(raw) for page, raw in value.items()}
            for one in chain(*self.pages.values()):
                self.twice += [one.id] if one.id in self.occurrences else []
                fields = fields_of_packed(one).items()
                self.occurrences[one.id] = {field.encode(): text for field, text in fields}
        elif name == "pages" and not rest:
            self.page_names = value
        elif name == "page-ends" and not rest:
            self.page_ends = value
        elif name == "leaves" and rest:
            self.leaf_names[rest] = value
        elif name == "leaf" and len(rest) > 16:
            found = [value[at : at + 16] for at in range(0, len(value), 16)]
            self.leaves.setdefault(rest[16:], {})[rest[:16]] = found
            entries: dict[bytes, float] = {one: ids.scheduled_ms(one) for one in found}
            self.in_leaves.append((rest[16:], entries))
        elif name == "leaf-sizes" and not rest:
            self.leaf_sizes = value
        else:
            return False
        return True

    def _take_lane(self, name: str, rest: bytes, value: Any) -> bool:
        if name == "due" and rest.isdigit():
            self.of_lane[rest] = value
            self.scored["due"] = self.scored["due"] | value
        elif name == "lane-heads" and not rest:
            self.lanes = value
        else:
            return False
        return True

    def _take_key(self, name: str, rest: bytes, value: Any) -> bool:
        if name == "key" and rest:
            self.keys[rest] = value
        return name == "key" and bool(rest)

    def _take_flow(self, name: str, rest: bytes, value: Any) -> bool:
        if name == "flowing" and not rest:
            self.flowing = value
        elif name in ("flow", "flow-events") and rest:
            (self.waiting if name == "flow" else self.by_flow)[rest] = value
        else:
            return False
        return True

    def settle(self) -> Iterable[str]:
        """Put what is in leaves to the indexes that these belong to; what is in both."""
        for index, entries in self.in_leaves:
            what, _, rest = index.partition(b":")
            if what == b"occurrences":
                place = self.status[rest.decode()]
            elif what == b"event":
                place = self.of_event.setdefault(rest[:16], {})
            else:
                tag, _, of = rest.rpartition(b":")
                place = self.by_tag.setdefault((tag, of), {})
            yield from (f"{index!r} and a leaf have {one.hex()}" for one in entries if one in place)
            place |= entries
        self.in_leaves = []

    def problems(self) -> list[str]:
        """What does not hold here."""
        return [
            *self.settle(),
            *self._leaves(),
            *(f"occurrence {ids.to_text(one)} has a short form and a hash" for one in self.twice),
            *self._occurrences(),
            *self._endings(),
            *self._pages(),
            *self._lanes(),
            *self._events(),
            *self._indexes(),
            *self._in_parts(),
            *self._keys(),
            *self._flows(),
        ]

    def _lanes(self) -> Iterable[str]:
        """Each is listed under its earliest, and has its events' occurrences and no others."""
        heads = {lane: min(members.values()) for lane, members in self.of_lane.items()}
        if heads != self.lanes:
            yield f"the lanes are listed as {self.lanes} and begin at {heads}"
        for lane, members in self.of_lane.items():
            for occurrence in members:
                event = self.occurrences.get(occurrence, {}).get(b"e")
                if event is not None and ids.lane_of_event(event) != int(lane):
                    yield f"occurrence {ids.to_text(occurrence)} is in lane {lane!r}"

    def _occurrences(self) -> Iterable[str]:
        for occurrence, fields in self.occurrences.items():
            status = fields.get(b"st", b"scheduled").decode()
            text = f"occurrence {ids.to_text(occurrence)}"
            at = int(fields[b"at"])
            where = {
                name: found[occurrence]
                for name, found in self.status.items()
                if occurrence in found
            }
            if where != {status: at}:
                yield f"{text} is {status} for {at} and listed as {where}"
            is_open = status in _OPEN_IN_DUE and b"w" not in fields
            due = int(fields.get(b"na", at)) if is_open else None
            event = self.events.get(fields[b"e"], {})
            if event.get(b"qd") == occurrence and self.scored["due"].get(occurrence) == at:
                due = at  # called before others, now that the one before it is over
            if self.scored["due"].get(occurrence) != due:
                yield f"{text} is {status}; due: {self.scored['due'].get(occurrence)}, not {due}"
            held = status == "dispatched"
            if not self._is_held_as_it_says(occurrence, fields, held=held):
                yield f"{text} is {status}; its lease or its receiver's word says otherwise"
            ended = status not in _OPEN_IN_DUE and not held
            if {occurrence in self._ends(occurrence), b"c" in fields} != {ended}:
                yield f"{text} is {status}; ended at {fields.get(b'c')!r}, or not listed so"
            listed = occurrence in self.of_event.get(fields[b"e"], {})
            if b"cb" in fields:
                if listed:
                    yield f"{text} is a callback, and its event lists it"
            elif not (listed or self._follows_from_event(occurrence, fields)) and (
                ended or held or event.get(b"next") != fields[b"at"]
            ):
                yield f"{text} is {status}, its event does not list it and waits for another"

    def _ends(self, occurrence: bytes) -> Mapping[bytes, float]:
        """Where retention finds it once it has ended."""
        if any(one.id == occurrence for page in self.pages.values() for one in page):
            is_listed = occurrence in self.ended_together or occurrence in self.scored["ended"]
            return {} if is_listed else {occurrence: 0}
        return self.ended_together if occurrence in self.completed else self.scored["ended"]

    def _endings(self) -> Iterable[str]:
        """Those that ended together are listed once, and as they say themselves."""
        yield from (f"occurrence {ids.to_text(one)} ended twice" for one in self.endings_twice)
        for one, ended_ms in self.ended_together.items():
            if self.occurrences.get(one, {}).get(b"c") != b"%d" % ended_ms:
                yield f"occurrence {ids.to_text(one)} has not ended at {ended_ms}, as is listed"

    def _leaves(self) -> Iterable[str]:
        """Each entry is in the leaf where it belongs, and they are counted."""
        if {name: set(found) for name, found in self.leaf_names.items()} != {
            name: set(found) for name, found in self.leaves.items()
        }:
            yield f"the leaves are {self.leaf_names}, not {self.leaves}"
        packed = {one.id for page in self.pages.values() for one in page}
        for index, leaves in self.leaves.items():
            found = [one for name in sorted(leaves) for one in leaves[name]]
            if found != sorted(set(found)) or not packed.issuperset(found):
                yield f"leaves of {index!r} have {[one.hex() for one in found]}"
            names = [*sorted(leaves), b"\xff" * 17]
            for name, following in pairwise(names):
                its = leaves[name]
                if not (its and name <= its[0] <= its[-1] < following and len(its) <= 1024):
                    yield f"the leaf {name.hex()} of {index!r} has {[one.hex() for one in its]}"
            if self.leaf_sizes.get(index) != b"%d" % len(found):
                yield f"leaves of {index!r} have {len(found)} entries, not {self.leaf_sizes}"
        if self.leaf_sizes.keys() != self.leaves.keys():
            yield f"the sizes of leaves are {self.leaf_sizes}"

    def _pages(self) -> Iterable[str]:
        """Each record is in the page where it belongs, and retention knows how old that is."""
        if not self.pages.keys() == self.page_names.keys() == self.page_ends.keys():
            yield f"the pages are {set(self.pages)}; {self.page_names}, {self.page_ends}"
        names = [*sorted(self.pages), b"\xff" * 17]
        for name, following in pairwise(names):
            found = [one.id for one in self.pages[name]]
            if found != sorted(set(found)) or not name <= found[0] <= found[-1] < following:
                yield f"the page {name.hex()} has {[one.hex() for one in found]}"
            if self.page_ends.get(name) != min(map(ended_of, self.pages[name])):
                yield f"the first of the page {name.hex()} has not ended at {self.page_ends}"

    def _follows_from_event(self, occurrence: bytes, fields: Mapping[bytes, bytes]) -> bool:
        """The one of a one-time event need not be listed, if it has no second attempt to come."""
        event_id = fields[b"e"]
        row = [self.events.get(event_id, {}).get(one.encode()) for one in EVENT_FIELDS]
        is_simple = b"c" in fields or occurrence in self.scored["leases"]
        return is_simple and sole_occurrence(event_from_row(event_id, row)) == occurrence

    def _is_held_as_it_says(
        self, occurrence: bytes, fields: Mapping[bytes, bytes], *, held: bool
    ) -> bool:
        """What is dispatched has a worker, or waits for its receiver to acknowledge it."""
        lease = fields.get(b"l", b"")
        waits = lease.startswith(b"ack:")
        signs = {occurrence in self.scored["unacknowledged"], b"ack" in fields, waits}
        leased = occurrence in self.scored["leases"]
        return len(signs) == 1 and leased == (held and not waits) and bool(lease) == held

    def _events(self) -> Iterable[str]:
        if sum(map(len, self.event_status.values())) != len(self.events):
            yield "the lists of events are not the events"
        open_ones = (b"scheduled", b"retrying", b"dispatched")
        unfinished = {
            fields[b"e"]
            for fields in self.occurrences.values()
            if fields.get(b"st", b"scheduled") in open_ones
        }
        for event, fields in self.events.items():
            text, status = f"event {ids.to_text(event)}", fields[b"st"]
            listed = self.event_status[status.decode()].get(event)
            if listed != ids.created_ms(event):
                yield f"{text} is {status!r} and listed there as made at {listed}"
            if problem := self._what_comes(event, fields, unfinished):
                yield f"{text} {problem}"
            if (status == b"inactive") != (event in self.scored["inactive"]):
                yield f"{text} is {status!r}; retention thinks otherwise"
            if (status == b"paused" and b"pu" in fields) != (event in self.scored["paused"]):
                yield f"{text} is {status!r}; who resumes thinks otherwise"

    def _what_comes(
        self, event: bytes, fields: Mapping[bytes, bytes], unfinished: set[bytes]
    ) -> str | None:
        """An active event waits for one occurrence, for a successor, or for its last to end."""
        status, following = fields[b"st"], fields.get(b"next")
        if following is not None:
            scheduled = self.occurrences.get(ids.occurrence_id(event, int(following)))
            if scheduled is None or b"st" in scheduled:
                return "names a next occurrence that is not scheduled"
            return None if status == b"active" else f"is {status!r} and has something scheduled"
        if status != b"active":
            return None
        if b"rec" in fields:
            waits = event in self.scored["unscheduled"]
            return None if waits else "is active and has nothing scheduled"
        return None if event in unfinished else "is active, and nothing is left to come"

    def _indexes(self) -> Iterable[str]:
        for name in (*_SCORED, *self.status):
            exists = self.events if name in _OF_EVENTS else self.occurrences
            for one in self.scored.get(name, self.status.get(name, {})):
                if one not in exists:
                    yield f"{name} lists {ids.to_text(one)}, which does not exist"
        for event, listed in self.of_event.items():
            for one in listed:
                if self.occurrences.get(one, {}).get(b"e") != event:
                    yield f"event {ids.to_text(event)} lists {ids.to_text(one)}, not its own"
        yield from _differences("tag", self._tagged(), self.by_tag)
        for what, field, stored in (
            ("calendar", b"cals", self.by_calendar),
            ("flow", b"fl", self.by_flow),
        ):
            named: dict[bytes, set[bytes]] = {}
            for event, fields in self.events.items():
                for one in _lines(fields.get(field)):
                    named.setdefault(one, set()).add(event)
            yield from _differences(what, named, stored)

    def _in_parts(self) -> Iterable[str]:
        """Each event is listed by its name and its terms, and by nothing else."""
        names = {_name(fields) + b"\0" + event for event, fields in self.events.items()}
        yield from _parts("names", self.in_parts["names"], names)
        terms = {term + event for event, fields in self.events.items() for term in _terms(fields)}
        yield from _parts("terms", self.in_parts["terms"], terms)

    def _keys(self) -> Iterable[str]:
        """Each key that a user gave leads to the event that says that it has it."""
        wanted = {fields[b"key"]: one for one, fields in self.events.items() if b"key" in fields}
        if wanted != self.keys:
            yield f"the keys of users lead to {self.keys}, not to {wanted}"
        if len(wanted) != sum(b"key" in fields for fields in self.events.values()):
            yield "two events have the same key of a user"

    def _flows(self) -> Iterable[str]:
        """What waits for a flow says so, and its flow is among those that are looked at."""
        wanted: dict[bytes, set[bytes]] = {}
        for occurrence, fields in self.occurrences.items():
            if b"w" in fields:
                wanted.setdefault(fields[b"w"], set()).add(fields[b"e"] + occurrence)
        for flow in wanted.keys() | self.waiting.keys():
            if wanted.get(flow, set()) != set(self.waiting.get(flow, {})):
                yield f"flow {flow!r} is wrong about what waits for it"
            if flow not in self.flowing:
                yield f"flow {flow!r} is not looked at"

    def _tagged(self) -> dict[tuple[bytes, bytes], set[bytes]]:
        tagged: dict[tuple[bytes, bytes], set[bytes]] = {}
        for event, fields in self.events.items():
            for tag in _lines(fields.get(b"tags")):
                tagged.setdefault((tag, b"events"), set()).add(event)
        for one, fields in self.occurrences.items():
            # One that was never claimed has those of its event.
            own = fields.get(b"tags", self.events.get(fields[b"e"], {}).get(b"tags"))
            for tag in _lines(own):
                tagged.setdefault((tag, b"occurrences"), set()).add(one)
        return tagged


def _differences(
    what: str, wanted: Mapping[Any, set[bytes]], stored: Mapping[Any, Mapping[bytes, float]]
) -> Iterable[str]:
    for name in wanted.keys() | stored.keys():
        for one in wanted.get(name, set()) ^ set(stored.get(name, {})):
            yield f"the index of {what} {name!r} is wrong about {ids.to_text(one)}"


def _parts(
    what: str, parts: dict[bytes | None, dict[bytes, float]], wanted: set[bytes]
) -> Iterable[str]:
    """Each entry of an index is in the part to which it belongs, and no part is too large."""
    bounds = parts.pop(None, {})
    for one in {one for part in parts.values() for one in part} ^ wanted:
        yield f"the index of {what} is wrong about {one!r}"
    if set(bounds) != {bound for bound in parts if bound}:
        yield f"the parts of the index of {what} are {set(parts)}, not {set(bounds)}"
    edges = [b"", *sorted(bounds)]
    for bound, end in zip(edges, [*edges[1:], b"\xff" * 9], strict=True):
        part = parts.get(bound, {})
        if len(part) > 128 or not all(bound <= one < end for one in part):
            yield f"the part of the index of {what} from {bound!r} on is wrong"


def _name(fields: Mapping[bytes, bytes]) -> bytes:
    """An event's name as JSON writes it, without its quotation marks."""
    found = re.match(rb'{"name":"((?:[^"\\]|\\.)*)"', _definition(fields))
    assert found is not None
    return found[1]


def _terms(fields: Mapping[bytes, bytes]) -> Iterable[bytes]:
    """The terms of an event's hosts, and those that its hash keeps."""
    kept = fields.get(b"tm", b"")
    every = host_terms(definition_from_doc(_definition(fields)).action.target) + kept
    return (every[at : at + TERM] for at in range(0, len(every), TERM))


def _definition(fields: Mapping[bytes, bytes]) -> bytes:
    return b"".join(fields.get(piece, b"") for piece in (b"doc", b"d2", b"d3", b"d4"))


def _lines(raw: bytes | None) -> list[bytes]:
    return raw.split(b"\n") if raw else []
