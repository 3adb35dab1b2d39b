"""Writes what an instance has, one JSON object a line, so that a broken run goes on.

The first line says what the file is, the last one that it is whole. Between them are records, and
after each page of events a mark that says where the next one begins.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from qhronos.cli.editing import READ_ONLY
from qhronos.errors import Forbidden, NotFound, QhronosError

if TYPE_CHECKING:
    from qhronos import Client
    from qhronos.decoding import Model

FORMAT = 1
BEGIN, MARK, END = "qhronos-export", "mark", "end"
EVENT, CALENDAR, FLOW, TOKEN, SECRET = "event", "calendar", "flow", "token", "secret"
ALERT = "alert"
PAGE = 1_000

LIMITS = ("key", "space", "rate", "burst", "concurrency", "order", "paused")
TOLD = ("name", "type", "on", "tags", "to", "url", "per_hour", "lag")
"""Of an alert; the service answers the host of ``url`` alone."""

DAYS = ("name", "description", "dates", "ranges", "rules", "weekdays", "holidays")


@dataclass(slots=True)
class Export:
    """A file that is being written: how many records of each type, and what was left out."""

    counts: Counter[str] = field(default_factory=Counter)
    without_secrets: int = 0
    looked_at: int = 0
    total: int | None = None
    cursor: str | None = None
    can_go_on: bool = False
    """Whether the file has a mark."""


def begin(client: Client, file: IO[str], state: Export, seen: Callable[[Export], None]) -> None:
    """Write an export from its beginning; ``seen`` is told how far it has come."""
    about = {
        "format": FORMAT,
        "version": client.status().version,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    _write(file, BEGIN, about)
    for kind, record in _without_events(client):
        state.counts[kind] += 1
        _write(file, kind, record)
    _mark(file, state)
    go_on(client, file, state, seen)


def go_on(client: Client, file: IO[str], state: Export, seen: Callable[[Export], None]) -> None:
    """Write the events from the last mark on, then the end."""
    for page in client.event_pages(limit=PAGE, cursor=state.cursor):
        if page.missing:
            raise QhronosError(
                "A part of the store is away, and its events would not be in the export: go on "
                "with it when GET /status has no problem shard_away any more."
            )
        for event in page.items:
            record = of_event(event.raw)
            if record is not None:
                state.counts[EVENT] += 1
                state.without_secrets += bool(record.get("left_out"))
                _write(file, EVENT, record)
        state.looked_at += len(page.items)
        state.total = page.total
        state.cursor = page.cursor
        if page.cursor is not None:
            _mark(file, state)
        seen(state)
    _write(file, END, _counted(state))
    file.flush()


def of_event(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an export has of an event; ``None`` if nothing more will come of it.

    ``left_out`` names what the service tells nobody.
    """
    if raw["status"] == "inactive":
        return None
    event = {name: value for name, value in raw.items() if name not in READ_ONLY}
    left_out = ["hmac_secret"] if raw.get("has_hmac_secret") else []
    for holder in (event, event["action"]["params"]):
        if headers := holder.pop("headers", None):
            left_out += sorted(headers)
    record = {"id": raw["id"], "event": event, "pause": raw.get("pause")}
    return record | ({"left_out": left_out} if left_out else {})


def last_mark(file: IO[bytes]) -> Export:
    """Find where an export was broken off, and cut off what stands behind; raises ``QhronosError``.

    The file stands at its new end then.
    """
    found: Export | None = None
    end = 0
    for line in iter(file.readline, b""):
        record = _parsed(line)
        if record.get("type") == END:
            raise QhronosError("This export is whole: there is nothing to go on with.")
        if record.get("type") == MARK and line.endswith(b"\n"):
            found = Export(
                Counter(record["counts"]),
                record["without_secrets"],
                looked_at=record["counts"].get(EVENT, 0),
                cursor=record["cursor"],
                can_go_on=True,
            )
            end = file.tell()
    if found is None:
        raise QhronosError("The file has no mark to go on from: delete it, and export again.")
    file.seek(end)
    file.truncate()
    return found


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _without_events(client: Client) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for calendar in client.calendars.list():
        yield CALENDAR, _members(calendar.raw, DAYS)
    for flow in client.flows.list():
        yield FLOW, {name: flow.raw[name] for name in LIMITS if flow.raw.get(name) is not None}
    yield from _listed(ALERT, client.alerts.list, lambda one: _members(one, TOLD))
    yield from _listed(TOKEN, client.tokens.list, lambda one: one)
    yield from _listed(SECRET, client.signing_secrets.list, lambda one: _members(one, ("tag",)))


def _listed(
    kind: str,
    read: Callable[[], Iterator[Model]],
    record: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Go through what not everybody may see, and not every version has."""
    try:
        for one in read():
            yield kind, record(one.raw)
    except (Forbidden, NotFound):
        return


def _members(raw: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: raw[name] for name in names if raw.get(name)}


def _mark(file: IO[str], state: Export) -> None:
    _write(file, MARK, {"cursor": state.cursor, **_counted(state)})
    file.flush()
    state.can_go_on = True


def _counted(state: Export) -> dict[str, Any]:
    return {"counts": dict(state.counts), "without_secrets": state.without_secrets}


def _write(file: IO[str], kind: str, record: Mapping[str, Any]) -> None:
    file.write(json.dumps({"type": kind, **_named(kind, record)}, ensure_ascii=False) + "\n")


def _named(kind: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
    return record if kind in (BEGIN, MARK, END, EVENT) else {kind: record}
