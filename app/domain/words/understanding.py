"""From a text to what the API takes: a start, a time zone and a schedule. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any, Final

from app.domain.durations import parse_duration_ms
from app.domain.recurrence import compile_schedule, resolve_local, validate_timezone
from app.domain.times import to_rfc3339
from app.domain.words.clauses import Clause, Sentence
from app.domain.words.clocks import Day, TimeOfDay
from app.domain.words.dates import (
    NEEDS_ZONE,
    date_of,
    moment_ms,
    say_date,
    say_moment,
    wall_at,
)
from app.domain.words.reading import ask
from app.domain.words.rules import Schedule, question, rules_of
from app.domain.words.sentence import read_sentence
from app.domain.words.vocabulary import MONTH_NAMES
from app.errors import InvalidInput

_MINUTE_MS: Final = 60_000
_UNITS: Final = {"second": "s", "minute": "m", "hour": "h"}


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text says. Without a ``schedule`` it is one moment, ``start_ms`` (ms UTC).

    ``beginning`` says in words what the schedule's own words leave out: when it begins, and on
    which dates it does not occur. ``skipped_start`` is the start that was given, if it is a wall
    time that the clock skips: then ``start_ms`` shows another.
    """

    start_ms: int
    timezone: str | None
    schedule: Schedule | None
    beginning: str
    skipped_start: datetime | None = None

    @property
    def start_time(self) -> str:
        """The start as ``POST /events`` takes it, so that the event does what was understood."""
        if self.skipped_start is not None:
            return self.skipped_start.isoformat()
        return to_rfc3339(self.start_ms)


def understand(
    text: str, now_ms: int, timezone: str | None = None, start: int | datetime | None = None
) -> Understood:
    """Read a text that says when; raises ``InvalidInput`` for ``text``, which asks back.

    ``timezone`` and ``start`` are what was given beside it: ms UTC, or a wall time in the zone.
    """
    sentence = read_sentence(text)
    zone = _zone(sentence.zone, timezone)
    skipped = None
    if start is not None:
        start, skipped = _start(start, zone)
    if sentence.day is not None or sentence.delay is not None:
        if start is not None:
            raise InvalidInput.field("start_time", "must not stand beside a text with a date")
        return _once(sentence, now_ms, zone)
    if sentence.start is not None:
        if start is not None:
            raise InvalidInput.field("start_time", "must not stand beside a text with a start")
        begin = moment_ms(*sentence.start, now_ms, zone)
        has_time = sentence.start[1] is not None
        return _recurring(sentence, now_ms, zone, begin, has_time=has_time, is_said=True)
    found = _recurring(sentence, now_ms, zone, start, has_time=start is not None, is_said=False)
    return replace(found, skipped_start=skipped)


def _start(given: int | datetime, zone: str | None) -> tuple[int, datetime | None]:
    """The start, ms UTC, and what was given if the clock skips it."""
    try:
        if not isinstance(given, datetime):
            wall_at(given, zone)
            return given, None
        if zone is None:
            raise InvalidInput.field(
                "start_time", "needs an offset, as in 2026-01-31T09:00:00Z, or a timezone beside it"
            )
        start = resolve_local(given, zone)
        return start, given if wall_at(start, zone) != given else None
    except (OverflowError, ValueError):
        raise InvalidInput.field(
            "start_time", "must be a time that a clock in its zone shows before the year 10000"
        ) from None


def _zone(said: str | None, given: str | None) -> str | None:
    if said is None:
        return given
    try:
        validate_timezone(said)
    except InvalidInput as error:
        reason = error.fields["timezone"][0]
        raise InvalidInput.field("text", f"names a time zone, which {reason}") from None
    if given not in (None, said):
        raise InvalidInput.field(
            "text", f"names the zone {said}, but timezone is {given}; leave one of them out"
        )
    return said


def _recurring(
    sentence: Sentence,
    now_ms: int,
    zone: str | None,
    start_ms: int | None,
    *,
    has_time: bool,
    is_said: bool,
) -> Understood:
    wall = None if start_ms is None else wall_at(start_ms, zone)
    found: list[Schedule] = []
    for clause in sentence.clauses:
        if not has_time and not clause.times and wall is not None:
            rules = rules_of(clause, None if _needs_time(clause) else wall)
        else:
            rules = rules_of(clause, wall)
        found += _ended(clause, rules, now_ms, zone)
    schedule = found[0] if len(found) == 1 else {"rules": found}
    schedule = {**schedule, **_excluded(sentence.clauses, found, now_ms, zone)}
    left_out = _left_out(sentence.clauses, now_ms, zone)
    is_counted = any(rule.get("interval", 1) > 1 or "count" in rule for rule in found)
    is_elapsed = any("every" in rule for rule in found)
    if start_ms is None and is_counted:
        if len(sentence.clauses) > 1:
            raise question(sentence.clauses[0], "say from when, as in starting 27 November 2026")
        begin = now_ms - now_ms % _MINUTE_MS
        start_ms = _first(sentence.clauses[0], found, begin, now_ms, zone)
    elif start_ms is None:
        return Understood(now_ms - now_ms % _MINUTE_MS, zone, schedule, left_out)
    elif is_said and len(sentence.clauses) == 1 and not is_elapsed:
        start_ms = _first(sentence.clauses[0], found, start_ms, start_ms - 1, zone)
    elif not is_said:
        return Understood(start_ms, zone, schedule, left_out)
    starting = f", starting {say_date(wall_at(start_ms, zone).date())}"
    return Understood(start_ms, zone, schedule, left_out + ("" if is_elapsed else starting))


def _left_out(clauses: Sequence[Clause], now_ms: int, zone: str | None) -> str:
    """Say which dates are left out, of which the schedule's own words only say how many."""
    said = [
        f"{day.day} {MONTH_NAMES[day.month - 1].title()} of every year"
        if day.month and day.year is None
        else say_date(date_of(day, now_ms, zone))
        for clause in clauses
        for day in clause.except_days
    ]
    return f", left out: {', '.join(said)}" if said else ""


def _needs_time(clause: Clause) -> bool:
    return not clause.fixed and (clause.period is None or clause.period[1] not in _UNITS)


def _first(
    clause: Clause, rules: Sequence[Schedule], begin: int, after: int, zone: str | None
) -> int:
    """Return the first moment after another one; from there every second or third is counted."""
    plain = [
        {name: part for name, part in rule.items() if name not in ("interval", "count", "until")}
        for rule in rules
    ]
    at = compile_schedule({"rules": plain}, begin, zone).next_after(after)
    if at is None:
        raise question(clause, "it never comes")
    return at


def _ended(clause: Clause, rules: list[Schedule], now_ms: int, zone: str | None) -> list[Schedule]:
    """Give the rules their end."""
    if clause.count is not None:
        if len(rules) > 1:
            raise question(clause, "say until when, because its times are several rules")
        if clause.count < 1:
            raise question(clause, "how often is at least once")
        return [{**rules[0], "count": clause.count}]
    if clause.until is None:
        return rules
    day, clock = clause.until
    at = date_of(day, now_ms, zone)
    if at < wall_at(now_ms, zone).date():
        raise ask(day.token, "that date has passed")
    until = at.isoformat()
    if clock is not None:
        if zone is None:
            raise ask(clock.token, NEEDS_ZONE)
        until = datetime.combine(at, time(*clock.parts)).isoformat()
    return [{**rule, "until": until} for rule in rules]


def _excluded(
    clauses: Sequence[Clause], rules: Sequence[Schedule], now_ms: int, zone: str | None
) -> Schedule:
    """Return ``exclude``: dates, or a rule for the same day of every year."""
    excluded: list[Any] = []
    for clause in clauses:
        if clause.except_days and len(clauses) > 1:
            raise question(clause, "except dates of a single rule, in an event of its own")
        for day in clause.except_days:
            if day.month and day.year is None:
                excluded += _every_year(clause, day, rules)
            else:
                excluded.append(date_of(day, now_ms, zone).isoformat())
    return {"exclude": excluded} if excluded else {}


def _every_year(clause: Clause, day: Day, rules: Sequence[Schedule]) -> list[Schedule]:
    names = ("by_hour", "by_minute", "by_second")
    if not all("by_hour" in rule for rule in rules):
        raise question(clause, "write the date with its year")
    return [
        {
            "frequency": "yearly",
            "by_month": [day.month],
            "by_month_day": [day.day],
            **{name: rule[name] for name in names if name in rule},
        }
        for rule in rules
    ]


def _once(sentence: Sentence, now_ms: int, zone: str | None) -> Understood:
    clause = sentence.clauses[0]
    others = (clause.period, clause.fixed, clause.position, clause.yearly, clause.window)
    ends = (clause.until, clause.except_days, clause.except_months, clause.except_weekdays)
    if (
        any((*others, *ends, clause.months, clause.minutes, sentence.start))
        or len(sentence.clauses) > 1
        or clause.is_every
        or clause.count not in (None, 1)
    ):
        raise question(
            clause, "say starting before the date if it repeats, else leave all else out"
        )
    if len(clause.times) > 1:
        raise ask(clause.times[1].token, "one moment has one time of day")
    clock = clause.times[0] if clause.times else None
    at = _of_delay(sentence.delay, clause, clock, now_ms, zone)
    if sentence.day is not None:
        if clock is None:
            raise question(clause, "say at what time, as in at 9:00")
        if clock.token.text == "midnight":
            raise ask(clock.token, "write 0:00, and the day that begins then")
        at = moment_ms(sentence.day, clock, now_ms, zone)
        _check_weekday(clause, sentence.day, date_of(sentence.day, now_ms, zone))
    elif clause.weekdays:
        raise question(clause, "write the date")
    if at <= now_ms:
        raise question(clause, "that moment has passed")
    return Understood(at, zone, None, f"once, on {say_moment(wall_at(at, zone))} {zone or 'UTC'}")


def _of_delay(
    delay: tuple[int, str] | str | None,
    clause: Clause,
    clock: TimeOfDay | None,
    now_ms: int,
    zone: str | None,
) -> int:
    if delay is None:
        return now_ms
    if isinstance(delay, tuple) and delay[1] in ("day", "week"):
        if clock is None:
            raise question(clause, 'say at what time, as in "in 2 days at 9:00"')
        days = delay[0] * (7 if delay[1] == "week" else 1)
        if days > 36_600:
            raise question(clause, "that is too far away")
        return moment_ms(Day(None, 0, 0, days, clock.token), clock, now_ms, zone)
    if clock is not None:
        raise ask(clock.token, "say either how long from now, or at what time")
    if isinstance(delay, tuple) and delay[1] not in _UNITS:
        raise question(clause, "write the date")
    text = delay if isinstance(delay, str) else f"{delay[0]}{_UNITS[delay[1]]}"
    try:
        return now_ms + parse_duration_ms(text)
    except InvalidInput as error:
        raise question(clause, error.message) from None


def _check_weekday(clause: Clause, day: Day, at: date) -> None:
    if clause.weekdays and clause.weekdays != (at.weekday(),):
        raise ask(day.token, f"{say_date(at)} is a {at:%A}")
