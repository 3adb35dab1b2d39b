"""Time zones as stretches of constant offset, so that a rule can be followed by arithmetic.

Inside this package an instant is whole seconds since 1970 UTC, and a *wall* time is the same count
read off a local clock: ``wall = instant + offset``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, reset_tzpath

from app.errors import InvalidInput

# The pinned tzdata alone: every host computes the same, however old its own files are.
reset_tzpath(())

DAY: Final = 86_400
EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
HORIZON: Final = (date(9999, 12, 30).toordinal() - EPOCH_ORDINAL) * DAY
"""No occurrence is looked for after this wall time; what follows has no date left to jump to."""
EARLIEST: Final = (date(1900, 1, 1).toordinal() - EPOCH_ORDINAL) * DAY
"""The earliest start; before it no clock followed the rules of its zone."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+){0,3}", re.ASCII)
_NOT_ZONES = ("posix/", "right/", "Factory", "localtime", "posixrules")
# Shorter than the shortest stretch between two changes in the tz database since 1900 (a week less
# an hour: Recife 2000, Gaza 2054), so that no change hides between two probes.
_PROBE: Final = 5 * DAY


@dataclass(frozen=True, slots=True)
class Stretch:
    """The instants ``start <= t < end`` share ``offset``; ``before`` and ``after`` adjoin it."""

    start: int
    end: int
    offset: int
    before: int
    after: int

    def is_early(self, instant: int) -> bool:
        """Whether what the gap before it has skipped may fire at an instant in it."""
        return instant < self.start + self.offset - self.before


class Zone:
    """One IANA time zone."""

    __slots__ = ("assumed", "info", "name")

    def __init__(self, name: str, info: ZoneInfo, *, assumed: bool = False) -> None:
        """``assumed``: nobody named it, so no wall time may be read in it."""
        self.assumed = assumed
        self.name = name
        self.info = info

    def offset_at(self, instant: int) -> int:
        """Return the offset from UTC, in seconds, that is in force at the instant."""
        return _offset(self.info, instant)

    def stretch_at(self, instant: int) -> Stretch:
        """Return the stretch of constant offset around the instant (within its UTC year)."""
        if self.name == "UTC":
            return _UTC_STRETCH
        year = (_EPOCH + timedelta(seconds=instant)).year
        for stretch in _stretches(self.name, year):
            if instant < stretch.end:
                return stretch
        raise AssertionError(instant)  # pragma: no cover - the last stretch ends with the year

    def offsets_of(self, wall: int) -> tuple[int, int]:
        """Return the offsets before and after a change of the clock that touches a wall time.

        They are the same where none does. Before is less: the clock skips it; more: it comes twice.
        """
        if EARLIEST <= wall < HORIZON:
            stretch = self.stretch_at(wall)  # about there: no offset is longer than a day
            offset = stretch.offset
            begins, ends = stretch.start + max(offset, stretch.before), min(offset, stretch.after)
            if begins <= wall < stretch.end + ends:
                return offset, offset
        local = wall_datetime(wall)
        return self._offset_of(local, 0), self._offset_of(local, 1)

    def _offset_of(self, wall: datetime, fold: int) -> int:
        offset = wall.replace(tzinfo=self.info, fold=fold).utcoffset()
        return 0 if offset is None else offset.days * DAY + offset.seconds

    def change_near(self, instant: int) -> Stretch | None:
        """Return the stretch around an instant if what its gap has skipped may fire then."""
        if not EARLIEST <= instant < HORIZON:
            return None
        stretch = self.stretch_at(instant)
        return stretch if stretch.is_early(instant) else None

    def resolve(self, wall: datetime) -> int:
        """Return the instant of a naive wall time: RFC 5545 3.3.5, as in ``resolve_local``."""
        return int(wall.replace(tzinfo=self.info, fold=0).timestamp())


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UTC_STRETCH = Stretch(EARLIEST - 10 * DAY, HORIZON + DAY, 0, 0, 0)


def _offset(info: ZoneInfo, instant: int) -> int:
    offset = datetime.fromtimestamp(instant, info).utcoffset()
    return 0 if offset is None else offset.days * DAY + offset.seconds


@lru_cache(maxsize=4096)
def _stretches(name: str, year: int) -> tuple[Stretch, ...]:
    """Cut one UTC year where the offset changes.

    A cut between years falls into no repeated hour of the tz database since 1970, so that
    ``before`` and ``after`` tell all that a stretch needs to know about its neighbours.
    """
    info = get_zone(name).info
    first = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    last = int(datetime(year + 1, 1, 1, tzinfo=UTC).timestamp()) if year < 9999 else HORIZON + DAY
    cuts = []
    known, offset = first, _offset(info, first)
    while known < last:
        probe = min(known + _PROBE, last)
        found = _offset(info, probe - 1)
        if found != offset:
            probe = _change_between(info, known - 1, probe - 1, offset)
            cuts.append((probe, _offset(info, probe)))
            offset = cuts[-1][1]
        known = probe
    starts = [(first, _offset(info, first)), *cuts]
    ends = [*(cut[0] for cut in cuts), last]
    befores = [_offset(info, first - 1), *(start[1] for start in starts[:-1])]
    afters = [*(cut[1] for cut in cuts), _offset(info, min(last, HORIZON))]
    return tuple(
        Stretch(start, end, offset, before, after)
        for (start, offset), end, before, after in zip(starts, ends, befores, afters, strict=True)
    )


def _change_between(info: ZoneInfo, low: int, high: int, offset: int) -> int:
    """Return the first instant in ``low < t <= high`` whose offset is another one."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(info, middle) == offset:
            low = middle
        else:
            high = middle
    return high


ASSUMED_UTC = Zone("UTC", ZoneInfo("UTC"), assumed=True)
"""What recurrence is computed in when no zone was given: a default, not a guess at wall times."""


@lru_cache(maxsize=1024)
def get_zone(name: str) -> Zone:
    """Return the zone of that IANA name; raises ``InvalidInput`` for ``timezone``."""
    if len(name) <= 64 and _NAME.fullmatch(name) and not name.startswith(_NOT_ZONES):
        try:
            return Zone(name, ZoneInfo(name))
        except (KeyError, ValueError, OSError):  # OSError: a folder of zones, such as "America"
            pass
    shown = name if len(name) <= 64 else name[:61] + "..."
    raise InvalidInput.field(
        "timezone", f"must be an IANA time zone such as Europe/Berlin, not {shown!r}"
    )


def validate_timezone(name: str) -> None:
    """Accept an IANA time zone name; raises ``InvalidInput`` with the field ``timezone``."""
    get_zone(name)


def resolve_local(naive: datetime, timezone: str) -> int:
    """Return the UTC milliseconds of a wall time in a zone.

    RFC 5545 3.3.5: a time in a gap is read with the offset before the gap, and of a time that
    repeats the first copy is meant.
    """
    instant = get_zone(timezone).resolve(naive.replace(microsecond=0))
    return instant * 1000 + naive.microsecond // 1000


def wall_datetime(wall: int) -> datetime:
    """Return a wall time as a naive datetime."""
    return datetime.fromordinal(wall // DAY + EPOCH_ORDINAL) + timedelta(seconds=wall % DAY)
