"""Events of an export, made in another instance or known again in their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from qhronos.cli.editing import READ_ONLY
from qhronos.cli.naming import reasons
from qhronos.errors import Conflict, Forbidden, Invalid, NotFound

if TYPE_CHECKING:
    from qhronos import Client, Event

PAGE = 1_000
FORMLESS = "This record has not the form of an export."
TAKEN = 409
"""The status of an event whose key another one has."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that could not be imported."""

    line: int
    reason: str


@dataclass(slots=True)
class Restored:
    """How far an import has come; ``outcomes`` counts, as in ``event made``."""

    line: int = 0
    """Up to which all is done."""

    bytes: int = 0
    """Of the file, that were read."""

    outcomes: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    """Tags whose secret is in no export, and not set here."""

    silent: list[str] = field(default_factory=list)
    """Alerts whose address is in no export."""

    is_whole: bool = False

    def refuse(self, line: int, reason: str) -> None:
        """Note what could not be done."""
        self.refused.append(Refused(line, reason))


@dataclass(frozen=True, slots=True)
class Line:
    """A line with an event: its number, its record, and the new event that it would be."""

    number: int
    record: Mapping[str, Any]
    event: Mapping[str, Any]


def to_create(record: Mapping[str, Any]) -> dict[str, Any]:
    """The event of a record as a new one. One without a key has its old id as its key.

    What has lost its secrets is paused: it would be delivered wrongly.
    """
    event = {**record["event"]}
    event.setdefault("key", f"id-{record['id']}")
    if record.get("left_out"):
        event["status"] = "paused"
    return event


class Ids:
    """The ids of the instance, read when the first one is asked for.

    An event without a key is known by its id in the instance that the export is of.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._found: set[str] | None = None

    def __contains__(self, event_id: str) -> bool:
        if self._found is None:
            listed = self._client.events.list(fields="id,name,status", limit=PAGE)
            self._found = {one.id for one in listed}
        return event_id in self._found


def create(client: Client, lines: Sequence[Line], update: bool, state: Restored) -> None:
    """Create events together; those that are refused are tried alone, which has more room."""
    if not lines:
        return
    made = client.events.create_many([one.event for one in lines])
    for result, one in zip(made, lines, strict=True):
        event, record = one.event, one.record
        if result.id is not None:
            act = partial(_pause, client, result.id, record)
            state.outcomes["event made"] += 1
        elif result.status == TAKEN and not update:
            act = partial(_pause_what_broke_off, client, event, record)
            state.outcomes["event there already"] += 1
        else:
            act = partial(_alone, client, event, record, state)
        tried(state, one.number, act)


def _pause_what_broke_off(
    client: Client, event: Mapping[str, Any], record: Mapping[str, Any]
) -> None:
    """An import that ended between an event and its pause has left it without the reason."""
    if event.get("status") != "paused":
        return
    found = client.events.get_by_key(event["key"])
    if found.status == "paused" and not (found.pause and (found.pause.until or found.pause.note)):
        _pause(client, found.id, record)


def _alone(
    client: Client, event: Mapping[str, Any], record: Mapping[str, Any], state: Restored
) -> None:
    try:
        found = client.events.get_by_key(event["key"])
    except NotFound:
        fields = {name: value for name, value in event.items() if name != "key"}
        found = client.events.put(event["key"], **fields)
        _pause(client, found.id, record)
        state.outcomes["event made"] += 1
    else:
        _change(client, found, event, record, state)


def come_back(client: Client, line: Line, update: bool, state: Restored) -> None:
    """Come back to the event of a line in the instance that the export is of."""
    if update:
        found = client.events.get(line.record["id"])
        _change(client, found, line.event, line.record, state)
    else:
        state.outcomes["event there already"] += 1


def _change(
    client: Client,
    found: Event,
    event: Mapping[str, Any],
    record: Mapping[str, Any],
    state: Restored,
) -> None:
    fields = {name: value for name, value in event.items() if name != "key"}
    if record.get("left_out"):
        # Its secrets are stored here, and stay; so it goes on as it is.
        fields["status"] = found.status
        headers = found.action["params"].get("headers")
        if headers and found.action["type"] == fields["action"]["type"]:
            params = {**fields["action"]["params"], "headers": headers}
            fields["action"] = {**fields["action"], "params": params}
    gone = found.raw.keys() - fields.keys() - READ_ONLY - {"key", "headers"}
    client.events.update(found.id, **{**fields, **dict.fromkeys(gone)})
    state.outcomes["event updated"] += 1


def _pause(client: Client, event_id: str, record: Mapping[str, Any]) -> None:
    """Say why an event is paused, as it was, or since it has lost its secrets."""
    pause = record.get("pause") or {}
    if missing := record.get("left_out"):
        note = f"Imported without {', '.join(missing)}: give them, then resume."
        client.events.pause(event_id, note=note[:250])
    elif pause.get("until") or pause.get("note"):
        client.events.pause(event_id, until=pause.get("until"), note=pause.get("note"))


def tried(state: Restored, line: int, act: Callable[[], None]) -> None:
    """Do what may be refused, which is noted; what the service can't do at the moment is raised."""
    try:
        act()
    except (Invalid, Conflict, Forbidden, NotFound) as error:
        state.refuse(line, reasons(error))
    except (KeyError, TypeError, AttributeError):
        state.refuse(line, FORMLESS)
