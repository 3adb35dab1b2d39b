"""Reads what ``qhronos export`` wrote into an instance; what is there already stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qhronos.cli import exporting
from qhronos.cli.event_restoring import (
    FORMLESS,
    TAKEN,
    Ids,
    Line,
    Restored,
    come_back,
    create,
    to_create,
    tried,
)
from qhronos.errors import Conflict, Forbidden, NotFound, QhronosError

if TYPE_CHECKING:
    from qhronos import Client

BATCH = 200
"""Events of a request: as many with schedules as the service computes in one."""

TAIL = 65_536
"""Bytes at the end of a file in which its last line is."""


def check_whole(path: Path) -> None:
    """Look whether an export was written to its end; raises ``QhronosError``."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL))
        lines = file.read().splitlines(keepends=True)
    if not lines or not lines[-1].endswith(b"\n") or b'"type": "end"' not in lines[-1]:
        raise QhronosError(
            f"{path} was not written to its end: complete it with 'qhronos export {path} "
            "--resume', or say --partial to import what it has."
        )


def restore(
    client: Client,
    lines: Iterable[bytes],
    state: Restored,
    *,
    from_line: int,
    update: bool,
    seen: Callable[[Restored], None],
) -> None:
    """Import an export, and write to ``state`` how far it has come; raises ``QhronosError``."""
    numbered = _records(lines, state)
    _check_format(next(numbered, None))
    known = _Known(client)
    while chunk := list(islice(numbered, BATCH)):
        new: list[Line] = []
        for number, record in chunk:
            if record.get("type") == exporting.EVENT:
                new += _event(client, number, record, known, from_line, update, state)
            elif record.get("type") == exporting.SECRET:
                _secret(number, record, known, from_line, state)
            elif number >= from_line:
                _other(client, number, record, known, update, state)
        create(client, new, update, state)
        state.line = chunk[-1][0]
        seen(state)


class _Known:
    """What the instance has, and which keys the file has had so far."""

    def __init__(self, client: Client) -> None:
        self.calendars = {one.name for one in client.calendars.list()}
        self.flows = {(one.space, one.key) for one in client.flows.list()}
        self.ids = Ids(client)
        self.keys: set[str] = set()
        self.secrets = _tags_with_secrets(client)
        self.alerts = _alerts(client)
        self.unsigned: set[str] = set()
        """Tags that have a secret in the file, and none here."""

    def lacking(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """A record of an event, with what is missing here of what would sign for it."""
        left_out = list(record.get("left_out") or ())
        if not self.unsigned or "hmac_secret" in left_out:
            return record
        tags = sorted(self.unsigned.intersection(record["event"].get("tags") or ()))
        left_out += [f"the secret of the tag {tag}" for tag in tags]
        return {**record, "left_out": left_out} if tags else record


def _tags_with_secrets(client: Client) -> set[str]:
    """The tags that have a signing secret here; those who are no admins are told none."""
    try:
        return {one.tag for one in client.signing_secrets.list()}
    except Forbidden:
        return set()


def _alerts(client: Client) -> dict[str, str]:
    """The ids of alerts by their names; an earlier version has none."""
    try:
        return {one.name: one.id for one in client.alerts.list()}
    except NotFound:
        return {}


def _event(
    client: Client,
    number: int,
    record: Mapping[str, Any],
    known: _Known,
    from_line: int,
    update: bool,
    state: Restored,
) -> Iterator[Line]:
    """Look at an event; it is answered if it is to be made."""
    if not (isinstance(record.get("event"), dict) and isinstance(record.get("id"), str)):
        state.refuse(number, FORMLESS)
        return
    record = known.lacking(record)
    line = Line(number, record, to_create(record))
    key = line.event["key"]
    if key in known.keys:
        state.refuse(
            number, f"An event above has the key {key}, too: import it with a token of its scope."
        )
    elif number >= from_line and "key" not in record["event"] and record["id"] in known.ids:
        tried(state, number, partial(come_back, client, line, update, state))
    elif number >= from_line:
        yield line
    known.keys.add(key)


def _secret(
    number: int, record: Mapping[str, Any], known: _Known, from_line: int, state: Restored
) -> None:
    """Note which tag has a secret; an import that goes on behind this line has to know it, too."""
    tag = (record.get("secret") or {}).get("tag")
    if not isinstance(tag, str):
        state.refuse(number, FORMLESS)
        return
    is_there = tag in known.secrets
    if not is_there:
        known.unsigned.add(tag)
        state.unsigned.append(tag)
    if number >= from_line:
        state.outcomes[f"secret {'there already' if is_there else 'left out'}"] += 1


def _other(
    client: Client,
    number: int,
    record: Mapping[str, Any],
    known: _Known,
    update: bool,
    state: Restored,
) -> None:
    kind = record.get("type")
    if kind == exporting.END:
        state.is_whole = True
    elif kind == exporting.TOKEN:
        state.outcomes["token left out"] += 1
    elif kind == exporting.ALERT:
        tried(state, number, partial(_alert, client, record, known, update, state))
    elif kind in (exporting.CALENDAR, exporting.FLOW):
        there = known.calendars if kind == exporting.CALENDAR else known.flows
        tried(state, number, partial(_small, client, record, there, update, state))
    elif kind != exporting.MARK:
        state.refuse(number, f"{kind!r} is no type that this version knows.")


def _records(lines: Iterable[bytes], state: Restored) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        state.bytes += len(line)
        try:
            record = json.loads(line.decode(errors="replace"))
        except ValueError:
            record = None
        if isinstance(record, dict):
            yield number, record
        elif line.strip():
            state.refuse(number, "This is no JSON object: the line may be cut off.")


def _check_format(first: tuple[int, dict[str, Any]] | None) -> None:
    if first is None or first[1].get("type") != exporting.BEGIN:
        raise QhronosError("This is no export of Qhronos: its first line has to say so.")
    if first[1].get("format") != exporting.FORMAT:
        raise QhronosError(
            "A later version has written this export: import it with the command line of that."
        )


def _alert(
    client: Client, record: Mapping[str, Any], known: _Known, update: bool, state: Restored
) -> None:
    """Import an alert, if it goes by mail: any other has an address that is a secret."""
    given = dict(record["alert"])
    name = given["name"]
    if name in known.alerts and not update:
        state.outcomes["alert there already"] += 1
    elif name in known.alerts:
        client.alerts.update(known.alerts[name], **given)
        state.outcomes["alert updated"] += 1
    elif given.get("url"):
        state.outcomes["alert left out"] += 1
        state.silent.append(name)
    else:
        client.alerts.create(**given)
        state.outcomes["alert made"] += 1


def _small(
    client: Client, record: Mapping[str, Any], known: set[Any], update: bool, state: Restored
) -> None:
    """Import a calendar or a flow."""
    kind = record["type"]
    given = dict(record[kind])
    name = given["name"] if kind == exporting.CALENDAR else (given.get("space", ""), given["key"])
    is_new = name not in known
    if not is_new and not update:
        state.outcomes[f"{kind} there already"] += 1
        return
    if kind == exporting.CALENDAR:
        client.calendars.put(given.pop("name"), **given)
    else:
        _flow(client, given)
    state.outcomes[f"{kind} {'made' if is_new else 'updated'}"] += 1


def _flow(client: Client, given: dict[str, Any]) -> None:
    paused, key = given.pop("paused", False), given.pop("key")
    space = given.pop("space", None) or None
    client.flows.put(key, space=space, **given)
    if paused and space is None:
        client.flows.pause(key)
    elif paused:
        raise Conflict(
            f"The flow {key} is paused in the file, and not here: pause it.", status=TAKEN
        )
