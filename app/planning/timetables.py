"""From an event's definition to its timetable: rule, calendars, jitter."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from app.domain.calendar import Calendar
from app.domain.durations import parse_duration_ms
from app.domain.event import Event
from app.domain.misfire import DEFAULT, MisfirePolicy, parse_misfire
from app.domain.recurrence import Recurrence, compile_schedule
from app.domain.timetable import ON_EXCLUDED, Timetable
from app.errors import InvalidInput
from app.planning.density import check_density
from app.store.claims import Claim
from app.store.codec import dump_json

MAX_JITTER_MS = 7 * 86_400_000


class Calendars(Protocol):
    """Calendars by name; see ``app.planning.calendar_cache``."""

    def named(self, names: Sequence[str], /) -> tuple[Calendar, ...]:
        """The calendars of these names; raises ``InvalidInput`` for one that does not exist."""
        ...

    def known(self, names: Sequence[str], /) -> tuple[Calendar, ...]:
        """Those of these names that exist."""
        ...


@lru_cache(maxsize=4096)
def _rule(schedule: bytes, start_ms: int, timezone: str | None, dst: bytes) -> Recurrence:
    return compile_schedule(json.loads(schedule), start_ms, timezone, dst=json.loads(dst) or None)


@lru_cache(maxsize=1024)
def _misfire(given: bytes) -> MisfirePolicy:
    return parse_misfire(json.loads(given))


def misfire_of(options: Mapping[str, Any]) -> MisfirePolicy:
    """The misfire policy of an event; the default one unless it was given."""
    given = options.get("misfire")
    return DEFAULT if given is None else _misfire(dump_json(given))


def jitter_of(options: Mapping[str, Any]) -> int:
    """The jitter of an event in ms; raises ``InvalidInput``."""
    given = options.get("jitter")
    if given is None:
        return 0
    try:
        jitter_ms = parse_duration_ms(given)
    except InvalidInput as error:
        raise InvalidInput.field("jitter", error.message) from None
    if jitter_ms > MAX_JITTER_MS:
        raise InvalidInput.field("jitter", "must be at most 7d")
    return jitter_ms


def check_one_time(event: Event) -> None:
    """Check the planning options of a one-time event; raises ``InvalidInput``."""
    for name in ("calendars", "on_excluded", "dst"):
        if name in event.options:
            raise InvalidInput.field(name, "is for events with a schedule; leave it out")
    jitter_of(event.options)
    misfire_of(event.options)


class Timetables:
    """Makes timetables; rules are compiled once per definition."""

    def __init__(self, calendars: Calendars, most_a_minute: int = 0) -> None:
        """``most_a_minute``: how often a schedule may occur within a minute, 0 for any."""
        self._calendars = calendars
        self._most_a_minute = most_a_minute

    def checked(self, event: Event) -> Timetable:
        """The timetable of a recurring event that is being written.

        Raises ``InvalidInput`` for whatever its definition has wrong, calendars included.
        """
        on_excluded = event.options.get("on_excluded", "skip")
        if on_excluded not in ON_EXCLUDED:
            raise InvalidInput.field("on_excluded", f"must be one of {', '.join(ON_EXCLUDED)}")
        misfire_of(event.options)
        names = event.options.get("calendars") or ()
        calendars = self._calendars.named(names) if names else ()
        timetable = _timetable(
            event.id, event.schedule or {}, event.start_ms, event.timezone, event.options, calendars
        )
        check_density(timetable.rule, self._most_a_minute)
        return timetable

    def of_event(self, event: Event) -> Timetable:
        """The timetable of a recurring event that was accepted before."""
        return self._stored(
            event.id, event.schedule or {}, event.start_ms, event.timezone, event.options
        )

    def of_claim(self, claim: Claim, doc: Mapping[str, Any]) -> Timetable:
        """The timetable of a claimed occurrence's event."""
        return self._stored(
            claim.event_id, doc["plan"], doc["start"], doc.get("tz"), doc.get("opt", {})
        )

    def _stored(
        self,
        event_id: bytes,
        schedule: Mapping[str, Any],
        start_ms: int,
        timezone: str | None,
        options: Mapping[str, Any],
    ) -> Timetable:
        names = options.get("calendars") or ()
        calendars = self._calendars.known(names) if names else ()
        return _timetable(event_id, schedule, start_ms, timezone, options, calendars)


def _timetable(
    event_id: bytes,
    schedule: Mapping[str, Any],
    start_ms: int,
    timezone: str | None,
    options: Mapping[str, Any],
    calendars: Sequence[Calendar],
) -> Timetable:
    dst = options.get("dst") or {}
    return Timetable(
        _rule(dump_json(schedule), start_ms, timezone, dump_json(dst)),
        timezone,
        calendars=calendars,
        on_excluded=options.get("on_excluded", "skip"),
        jitter_ms=jitter_of(options),
        seed=event_id,
    )
