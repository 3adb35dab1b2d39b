"""Slow, obvious ways to compute occurrences, to compare the fast ones with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from unittest import mock
from zoneinfo import ZoneInfo

import dateutil.rrule

EXAMPLES = int(os.environ.get("QHRONOS_TEST_EXAMPLES", "200"))
"""How many examples each property is tried with."""
ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Africa/Casablanca",
)
# A few days before a gap or a repeated hour of each zone, as wall time.
NEAR_CHANGES = (
    ("America/New_York", datetime.fromisoformat("2025-03-06")),
    ("America/New_York", datetime.fromisoformat("2025-10-30")),
    ("Europe/Berlin", datetime.fromisoformat("2025-03-27")),
    ("Europe/Berlin", datetime.fromisoformat("2025-10-23")),
    ("Australia/Lord_Howe", datetime.fromisoformat("2025-04-03")),
    ("Australia/Lord_Howe", datetime.fromisoformat("2025-10-02")),
    ("America/Sao_Paulo", datetime.fromisoformat("2018-11-01")),
    ("America/Sao_Paulo", datetime.fromisoformat("2018-02-15")),
    ("Pacific/Apia", datetime.fromisoformat("2011-12-27")),
    ("Africa/Casablanca", datetime.fromisoformat("2025-02-20")),
    ("Africa/Casablanca", datetime.fromisoformat("2025-04-03")),
)


class _Over(Exception):
    """The walk has left the time that is compared."""


class _Bounded(dateutil.rrule._iterinfo):
    """Ends a walk: dateutil looks at UNTIL only where something matches."""

    last = date.max

    def _check(self, year: int, month: int, day: int) -> None:
        if date(year, month, day) > self.last:
            raise _Over

    def ydayset(self, year: int, month: int, day: int) -> tuple:
        self._check(year, 1, 1)
        return super().ydayset(year, month, day)

    def mdayset(self, year: int, month: int, day: int) -> tuple:
        self._check(year, month, 1)
        return super().mdayset(year, month, day)

    def wdayset(self, year: int, month: int, day: int) -> tuple:
        self._check(year, month, day)
        return super().wdayset(year, month, day)

    def ddayset(self, year: int, month: int, day: int) -> tuple:
        self._check(year, month, day)
        return super().ddayset(year, month, day)


def list_with_dateutil(text: str, start: datetime, end: datetime) -> list[datetime]:
    """Let dateutil list the first 400 times of a rule."""
    found: list[datetime] = []
    with mock.patch.object(dateutil.rrule, "_iterinfo", _Bounded):
        _Bounded.last = end.date()
        try:
            for at in islice(dateutil.rrule.rrulestr(text, dtstart=start), 400):
                found.append(at)  # noqa: PERF402 - keeps what came before the end
        except _Over:
            pass
        except ValueError as error:
            # Its way to say that the interval never meets a by-part.
            if "empty" not in str(error):
                raise
    return found


def vectors(name: str) -> dict:
    """Read a file of vectors."""
    return json.loads((Path(__file__).parents[2] / "vectors" / name).read_text())


def ms(text: str) -> int:
    """Read an RFC 3339 time into milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def iso(times: Iterable[int], zone: str = "UTC") -> list[str]:
    """Write times in a zone, for readable comparisons."""
    return [datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).isoformat() for at in times]


def local_ms(naive: datetime, zone: str, fold: int = 0) -> int:
    """Resolve a wall time as ``zoneinfo`` does: in a gap, with the offset before it."""
    return int(naive.replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()) * 1000


def exists(naive: datetime, zone: str) -> bool:
    """Whether a clock in the zone ever shows that time."""
    there = naive.replace(tzinfo=ZoneInfo(zone))
    return there.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == naive


def resolve(naive: datetime, zone: str, gap: str, repeat: str) -> list[int]:
    """Return when a nominal wall time fires, minute by minute."""
    if not exists(naive, zone):
        if gap == "skip":
            return []
        if gap == "shift":
            return [local_ms(naive, zone)]
        valid = naive.replace(second=0)
        while not exists(valid, zone):
            valid += timedelta(minutes=1)
        return [local_ms(valid, zone)]
    copies = [local_ms(naive, zone, fold=0), local_ms(naive, zone, fold=1)]
    return {"first": copies[:1], "second": copies[1:], "both": sorted(set(copies))}[repeat]


def in_zone(nominal: Iterable[datetime], zone: str, gap: str, repeat: str) -> list[int]:
    """Resolve nominal wall times: ascending, each once."""
    return sorted({at for naive in nominal for at in resolve(naive, zone, gap, repeat)})
