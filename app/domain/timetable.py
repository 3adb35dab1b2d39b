"""A timetable: what a rule gives, less or moved by calendars, spread by jitter."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.budget import current
from app.domain.calendar import Calendar
from app.domain.recurrence import Notice, Recurrence
from app.domain.recurrence.moments import LAST_MS
from app.errors import InvalidInput

ON_EXCLUDED = ("skip", "next_day", "previous_day")
MAX_EXCLUDED_DAYS = 3_660
"""After ten years of excluded days a series counts as ended."""

MAX_MOVE_DAYS = 31
"""An occurrence that would have to move further is skipped."""

MAX_MOVED_A_DAY = 24
"""Moving is for schedules of a few occurrences a day."""

_LAST_DAY = date(9999, 11, 1)
"""No occurrence of a later day is moved: there might be no day to move it to."""

_EPOCH = date(1970, 1, 1)
_DAY = timedelta(days=1)
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Firing:
    """One occurrence to come.

    ``nominal_ms`` is the rule's own time; ``reason`` says why ``scheduled_ms`` is another day.
    """

    scheduled_ms: int
    nominal_ms: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A time that the rule gives and a calendar takes away."""

    nominal_ms: int
    reason: str


class Timetable:
    """When an event fires. Times are ms UTC, days are days in the event's zone.

    An occurrence is of the day of its wall time: one at 23:30 is, also where the clock jumps from
    23:00 to midnight and it fires on the next.
    """

    def __init__(
        self,
        rule: Recurrence,
        timezone: str | None,
        *,
        calendars: Sequence[Calendar] = (),
        on_excluded: str = "skip",
        jitter_ms: int = 0,
        seed: bytes = b"",
    ) -> None:
        """``seed`` (the event's id) makes the jitter of different events differ."""
        self.rule = rule
        self._zone = ZoneInfo(timezone or "UTC")
        self._calendars = calendars
        self._step = {"skip": 0, "next_day": 1, "previous_day": -1}[on_excluded]
        self._jitter_ms = jitter_ms
        self._seed = seed
        if self._step and calendars:
            self._check_sparse()

    def explain(self) -> str:
        """Say in one English sentence when it fires, without a full stop."""
        words = self.rule.explain()
        if self._calendars:
            words += f", except on {' and '.join(one.words for one in self._calendars)}"
            words += {0: "", 1: ": then on the next free day", -1: ": then on the free day before"}[
                self._step
            ]
        return words

    def next_after(self, after_ms: int) -> Firing | None:
        """The first firing strictly after a moment; ``None``: there is none."""
        if not self._calendars:
            found = self.rule.next_after(after_ms)
            return None if found is None else Firing(found, found)
        return self._next_moved(after_ms) if self._step else self._next_kept(after_ms)

    def has(self, at_ms: int) -> bool:
        """Whether it fires at exactly that moment."""
        found = self.next_after(at_ms - 1)
        return found is not None and found.scheduled_ms == at_ms

    def upcoming(self, after_ms: int, count: int, until_ms: int | None = None) -> list[Firing]:
        """At most ``count`` firings after a moment, up to ``until_ms``."""
        if not self._calendars:
            return [Firing(at, at) for at in self.rule.upcoming(after_ms, count, until_ms)]
        found: list[Firing] = []
        while len(found) < count:
            firing = self.next_after(after_ms)
            if firing is None or (until_ms is not None and firing.scheduled_ms > until_ms):
                break
            found.append(firing)
            after_ms = firing.scheduled_ms
        return found

    def skipped(self, after_ms: int, before_ms: int, count: int) -> list[Skipped]:
        """At most ``count`` of the times between two moments that calendars take away."""
        found: list[Skipped] = []
        if self._step or not self._calendars:
            return found
        at = self.rule.next_after(after_ms)
        while at is not None and at < before_ms and len(found) < count:
            reason = self._reason_at(at)
            if reason is None:
                # Nothing is taken from a day like any other: go on behind it.
                at = self.rule.next_after(self._behind(at))
            else:
                found.append(Skipped(at, reason))
                at = self.rule.next_after(at)
        return found

    def notices(self, after_ms: int, until_ms: int) -> list[Notice]:
        """What happens between two moments that may surprise: see ``Notice``."""
        found = list(self.rule.notices(after_ms, until_ms))
        for calendar in self._calendars:
            last = calendar.last_listed
            if last is None:
                continue
            following = self.next_after(max(after_ms, self._end_of(last)))
            if following is not None and following.scheduled_ms <= until_ms:
                notice = calendar.end(following.scheduled_ms)
                found += [notice] if notice else []
        return found

    def planned_ms(self, scheduled_ms: int) -> int:
        """When to attempt an occurrence: its time plus its share of the jitter.

        The same however often it is computed; never before the scheduled time and never as late
        as the next.
        """
        if not self._jitter_ms:
            return scheduled_ms
        following = self.next_after(scheduled_ms)
        room = self._jitter_ms
        if following is not None:
            room = min(room, following.scheduled_ms - scheduled_ms - 1)
        return scheduled_ms + spread(self._seed, scheduled_ms, room)

    def _next_kept(self, after_ms: int) -> Firing | None:
        at = self.rule.next_after(after_ms)
        for _ in range(MAX_EXCLUDED_DAYS):
            if at is None:
                return None
            if self._reason_at(at) is None:
                return Firing(at, at)
            at = self.rule.next_after(self._behind(at))
        return None

    def _next_moved(self, after_ms: int) -> Firing | None:
        if after_ms >= LAST_MS:
            return None
        day = _EPOCH + self.rule.earliest_wall(after_ms) // _DAY_MS * _DAY
        if self._step > 0:
            # What this day gives may still be to come, on the day that it is moved to.
            day = self._moved(day) or day
        for _ in range(MAX_EXCLUDED_DAYS):
            if day > _LAST_DAY:
                return None
            first = self._first_landing(day, after_ms)
            if first is not None:
                return first
            nominal = self.rule.next_after(self._end_of(day))
            if nominal is None:
                return None
            source = next((one for one in self._days(nominal) if one > day), day + _DAY)
            target = self._moved(source)
            # Where a day's occurrences land may have been looked at already: then go on behind.
            day = target if target is not None and target > day else source
        return None

    def _first_landing(self, day: date, after_ms: int) -> Firing | None:
        landed = [one for one in self._landing(day) if one.scheduled_ms > after_ms]
        if landed and all(one.scheduled_ms > self._end_of(day) for one in landed):
            # The clock jumps over the next midnight: they come among those of the next day.
            landed += (one for one in self._landing(day + _DAY) if one.scheduled_ms > after_ms)
        return min(landed, key=lambda one: one.scheduled_ms, default=None)

    def _landing(self, day: date) -> Iterator[Firing]:
        """What fires on a day: its own occurrences, and those moved here from excluded days."""
        if self._reason(day) is not None:
            return
        for at, _ in self._nominal(day):
            yield Firing(at, at)
        source = day - self._step * _DAY
        for _ in range(MAX_MOVE_DAYS):
            reason = self._reason(source)
            if reason is None:
                return
            for at, clock_ms in self._nominal(source):
                for moved in self.rule.moments_of(_number(day) * _DAY_MS + clock_ms):
                    yield Firing(moved, at, reason)
            source -= self._step * _DAY

    def _moved(self, day: date) -> date | None:
        for _ in range(MAX_MOVE_DAYS + 1 if day <= _LAST_DAY else 0):
            if self._reason(day) is None:
                return day
            day += self._step * _DAY
        return None

    def _nominal(self, day: date) -> list[tuple[int, int]]:
        """The occurrences of a day: when each fires, and its time of day on the wall."""
        start, end = self._start_of(day), self._end_of(day)
        last = self.rule.skipped_until(end + 1)
        first_wall = _number(day) * _DAY_MS
        return [
            (at, wall - first_wall)
            for at in self.rule.upcoming(start - 1, MAX_MOVED_A_DAY + 1, last)
            for wall in self.rule.walls_of(at)
            if 0 <= wall - first_wall < _DAY_MS
        ]

    def _check_sparse(self) -> None:
        first = self.rule.next_after(-(1 << 62))
        if first is not None and len(self._nominal(self._day(first) + _DAY)) > MAX_MOVED_A_DAY:
            raise InvalidInput.field(
                "on_excluded",
                f"moves whole days, so it is for at most {MAX_MOVED_A_DAY} occurrences a day; "
                "use skip",
            )

    def _reason_at(self, at_ms: int) -> str | None:
        """Why an occurrence is taken away; ``None``: it is not, or not for each of its days."""
        found = None
        for day in self._days(at_ms):
            found = self._reason(day)
            if found is None:
                return None
        return found

    def _reason(self, day: date) -> str | None:
        current().spend(len(self._calendars))
        for calendar in self._calendars:
            reason = calendar.reason(day)
            if reason is not None:
                return reason
        return None

    def _day(self, at_ms: int) -> date:
        return datetime.fromtimestamp(at_ms / 1000, self._zone).date()

    def _behind(self, at_ms: int) -> int:
        """Up to when all occurrences are of the same day as this one."""
        if self.rule.is_early(at_ms):
            return at_ms
        return max(at_ms, self._end_of(self._day(at_ms)))

    def _days(self, at_ms: int) -> list[date]:
        """The days of an occurrence, ascending: mostly one."""
        days = {wall // _DAY_MS for wall in self.rule.walls_of(at_ms)}
        return [_EPOCH + day * _DAY for day in sorted(days)]

    def _start_of(self, day: date) -> int:
        return int(datetime.combine(day, time(), self._zone).astimezone(UTC).timestamp() * 1000)

    def _end_of(self, day: date) -> int:
        return self._start_of(day + _DAY) - 1


def _number(day: date) -> int:
    return (day - _EPOCH).days


def spread(seed: bytes, scheduled_ms: int, room_ms: int) -> int:
    """A stable offset from 0 to ``room_ms`` for one occurrence of one event."""
    if room_ms <= 0:
        return 0
    text = seed + scheduled_ms.to_bytes(8, "big", signed=True)
    digest = hashlib.blake2b(text, digest_size=8, person=b"jitter").digest()
    return int.from_bytes(digest, "big") * (room_ms + 1) >> 64
