"""What happened and is planned, by day: a month or a week of days, or one day by the hour. UTC."""

from __future__ import annotations

from calendar import Calendar
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from app.domain.ical.writing import Happening
from app.services.feed import FeedDays

VIEWS = ("month", "week", "day")
FIRST_DAY, LAST_DAY = date(1971, 1, 1), date(9998, 12, 31)
"""Beyond these, there is no month before or after."""

NAMED = {"month": 3, "week": 12, "day": 200}
"""How many names one day shows in each view; what is more is counted."""

_DAY = timedelta(days=1)


@dataclass(slots=True)
class AgendaLine:
    """What one event did or will do on a day, by the status that most of it has."""

    name: str
    event_id: bytes
    first: Happening
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How often it is there."""
        return sum(self.counts.values())


@dataclass(slots=True)
class DayOfAgenda:
    """One day: how many of each status, and its events, the earliest first."""

    day: date
    is_in_view: bool
    counts: Counter[str] = field(default_factory=Counter)
    lines: dict[tuple[bytes, str], AgendaLine] = field(default_factory=dict)

    def add(self, one: Happening) -> None:
        """Count one."""
        self.counts[one.status.value] += 1
        line = self.lines.setdefault(
            (one.event_id, one.name), AgendaLine(one.name, one.event_id, one)
        )
        line.counts[one.status.value] += 1


@dataclass(frozen=True, slots=True)
class AgendaSpan:
    """The days that a view shows, in weeks; those before and after belong to other months."""

    view: str
    day: date
    first: date
    last: date

    @property
    def window(self) -> FeedDays:
        """Its moments."""
        return FeedDays(_ms(self.first), _ms(self.last + _DAY))

    @property
    def before(self) -> date:
        """A day of the span before."""
        if self.view == "month":
            return self.day.replace(day=1) - _DAY
        return self.first - _DAY

    @property
    def after(self) -> date:
        """A day of the span behind."""
        if self.view == "month":
            return self.day.replace(day=28) + 4 * _DAY
        return self.last + _DAY


def span_of(view: str, day: date) -> AgendaSpan:
    """The span that shows a day. Weeks begin on Mondays."""
    day = min(max(day, FIRST_DAY), LAST_DAY)
    if view == "day":
        return AgendaSpan(view, day, day, day)
    if view == "week":
        monday = day - day.weekday() * _DAY
        return AgendaSpan(view, day, monday, monday + 6 * _DAY)
    days = list(Calendar().itermonthdates(day.year, day.month))
    return AgendaSpan("month", day, days[0], days[-1])


def days_of(span: AgendaSpan, happenings: Sequence[Happening]) -> list[DayOfAgenda]:
    """Every day of a span, with what is on it."""
    days: dict[date, DayOfAgenda] = {}
    day = span.first
    while day <= span.last:
        is_in_view = span.view != "month" or day.month == span.day.month
        days[day] = DayOfAgenda(day, is_in_view)
        day += _DAY
    for one in happenings:
        on = datetime.fromtimestamp(one.scheduled_ms // 1000, UTC).date()
        if on in days:
            days[on].add(one)
    return list(days.values())


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
