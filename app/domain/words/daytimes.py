"""Times of day: grids of them, and the fewest rules or cron lines that have just these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from app.domain.words.clocks import TimeOfDay
from app.domain.words.reading import ask
from app.errors import InvalidInput

Time = tuple[int, int, int]

_DAY: Final = 1_440
_HOUR: Final = 60
MOST_RULES: Final = 20


def of_clocks(clocks: Iterable[TimeOfDay]) -> list[Time]:
    """Return times of day, sorted, each once."""
    return sorted({clock.parts for clock in clocks})


def rectangles(times: Sequence[Time]) -> list[tuple[list[int], list[int], list[int]]]:
    """Split times into hours, minutes and seconds all of whose combinations are among them."""
    of_hour: dict[tuple[tuple[int, int], ...], list[int]] = {}
    for hour in sorted({time[0] for time in times}):
        rest = tuple(time[1:] for time in times if time[0] == hour)
        of_hour.setdefault(rest, []).append(hour)
    found = []
    for rest, hours in of_hour.items():
        minutes, seconds = sorted({one[0] for one in rest}), sorted({one[1] for one in rest})
        if len(minutes) * len(seconds) == len(rest):
            found.append((hours, minutes, seconds))
        else:
            found += [(hours, [minute], [second]) for minute, second in rest]
    return found


def grid(minutes: int, window: tuple[TimeOfDay, TimeOfDay] | None) -> list[Time]:
    """Return every so many minutes of the window, both ends included, or of the whole day."""
    if window is None:
        if _DAY % minutes:
            raise InvalidInput.field(
                "text",
                "has a period of which a day is no whole number; say between which times, as in "
                "between 9:00 and 17:00",
            )
        return [(at // _HOUR, at % _HOUR, 0) for at in range(0, _DAY, minutes)]
    first, last = window
    if first.second or last.second:
        raise ask(first.token, "a window begins and ends with a minute")
    begin, end = (one.hour * _HOUR + one.minute for one in window)
    return [(at // _HOUR, at % _HOUR, 0) for at in range(begin, end + 1, minutes)]


def cron_times(times: Sequence[Time]) -> list[str]:
    """Return the fields for minute and hour of cron lines that have just these times."""
    lines = [
        f"{_field(minutes, _HOUR)} {_field(hours, 24)}" for hours, minutes, _ in rectangles(times)
    ]
    if len(lines) > MOST_RULES:
        raise InvalidInput.field("text", "has too many times of day; use a longer period")
    return lines


def _field(values: Sequence[int], size: int) -> str:
    """Write values as ``*``, a step, a range or a list."""
    step = values[1] - values[0] if len(values) > 1 else 0
    is_even = step > 0 and list(values) == list(range(values[0], values[-1] + 1, step))
    if is_even and size % step == 0 and list(values) == list(range(0, size, step)):
        return "*" if step == 1 else f"*/{step}"
    if is_even and len(values) > 2:
        return f"{values[0]}-{values[-1]}" + (f"/{step}" if step > 1 else "")
    return ",".join(map(str, values))
