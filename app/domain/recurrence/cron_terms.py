"""The terms of a cron expression: each is understood without doubt, or named with the way out.

What is understood comes back in the words of cronsim: numbers, and ranges that ascend. A range that
runs over the end of its field, as in ``FRI-MON``, is both parts. Quartz, croniter and Cronos read
it so; cronie and robfig refuse it, and Debian's cron takes it and never runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.errors import InvalidInput

_MONTHS: Final = (
    *("JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY"),
    *("AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"),
)
_DAYS: Final = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
_MONTH_NAMES: Final = {
    **{name: number for number, name in enumerate(_MONTHS, 1)},
    **{name[:3]: number for number, name in enumerate(_MONTHS, 1)},
    "SEPT": 9,
}
_DAY_NAMES: Final = {
    **{name: number for number, name in enumerate(_DAYS)},
    **{name[:3]: number for number, name in enumerate(_DAYS)},
    **dict.fromkeys(("THUR", "THURS"), 4),
    "TUES": 2,
    "WEDS": 3,
}
_SUNDAY: Final = 7
_MOST_SHOWN: Final = 20
"""How many characters of a term an error repeats."""


@dataclass(frozen=True, slots=True)
class CronField:
    """One field: its values, their names, and what its steps are called as a duration.

    A step of a whole ``cycle`` matches once in each, which is what it says.
    """

    label: str
    low: int
    high: int
    cycle: int | None
    names: dict[str, int]
    values: str
    unit: tuple[str, str]


_NO_NAMES: Final[dict[str, int]] = {}
CRON_FIELDS: Final = (
    CronField("second", 0, 59, 60, _NO_NAMES, "write 0 to 59", ("s", "seconds")),
    CronField("minute", 0, 59, 60, _NO_NAMES, "write 0 to 59", ("m", "minutes")),
    CronField("hour", 0, 23, 24, _NO_NAMES, "write 0 to 23", ("h", "hours")),
    CronField("day of the month", 1, 31, None, _NO_NAMES, "write 1 to 31 or L", ("d", "days")),
    CronField("month", 1, 12, 12, _MONTH_NAMES, "write 1 to 12 or JAN to DEC", ("", "months")),
    CronField("day of the week", 0, 7, 7, _DAY_NAMES, "write 0 to 7 or SUN to SAT", ("d", "days")),
)
_SECOND, _MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY = range(6)

_VALUE = r"(?:\d{1,4}|[A-Z]{3,9})"
_RANGE = re.compile(rf"(\*|{_VALUE})(?:-({_VALUE}))?(?:/(\d{{1,9}}))?", re.ASCII)
_LAST_WEEKDAY = re.compile(r"(\d|[A-Z]{3,9}?)(L)", re.ASCII)
_NTH_WEEKDAY = re.compile(rf"({_VALUE})(#[1-5])", re.ASCII)
_NEAREST = re.compile(r"\d{1,2}W", re.ASCII)

_ANY: Final = (_SECOND, _MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY)
_HINTS: Final = (
    (r"", _ANY, "a comma is one too many, or a value is missing"),
    (r"H(\(.*\))?(/\d+)?", _ANY, "H is of Jenkins; write a number, and give jitter to spread"),
    (r".*~.*", _ANY, "write a number instead of a random one, and give jitter to spread"),
    (r"24", (_HOUR,), "write 0 for midnight"),
    (r"60", (_SECOND, _MINUTE), "write 0, at which the next one begins"),
    (r"(19|20)\d\d", (_WEEKDAY,), "a year has no field; give start_time and until"),
    (r"8|9", (_WEEKDAY,), "write 0 or 7 for Sunday, 1 for Monday, 6 for Saturday"),
    (r"\?", _ANY, "? can stand for a day alone; write *"),
    (r"/\d+", _ANY, "write * before the step, as in */5"),
    (r".*/0+", _ANY, "write a step of at least 1"),
    (r"L(/\d+)?", (_WEEKDAY,), "write SAT, or 5L for the last Friday of the month"),
    (r"L(\d|[A-Z]{3})", (_WEEKDAY,), "write the day before the L, as in 5L or FRIL"),
    (r".*#(L|-1)", (_WEEKDAY,), "write L for the last, as in 5L or FRIL"),
    (r".*#.*", (_WEEKDAY,), "write a number of 1 to 5 after a day, as in FRI#2"),
    (r".*#.*", _ANY, "# belongs to the day of the week"),
    (r"\d*W.*|WL", (_WEEKDAY,), "W belongs to the day of the month; write MON-FRI for workdays"),
    (r"WL", (_DAY,), "write LW for the last weekday of the month"),
    (r".*W", (_DAY,), "write one day of 1 to 31 before the W, as in 15W"),
    (r".*-.*L|L", _ANY, "L can follow one day of the week, or stand for a day of the month"),
    (r".*/.*", _ANY, "write a whole number after the slash, as in */5"),
)
_HINTED: Final = tuple((re.compile(form, re.ASCII), where, way) for form, where, way in _HINTS)
_FROM_END = re.compile(r"L-(\d{1,2})", re.ASCII)


def read_term_list(index: int, text: str, place: int, path: str, *, is_new: bool) -> str:
    """Return a field in numbers; raises ``InvalidInput`` that names the term and its place.

    ``index`` is that of ``CRON_FIELDS``, ``place`` counts the fields as they were written, from 1.
    What can be read, but is surely not meant, is refused if it ``is_new``.
    """
    terms = text.split(",")
    if is_new and index == _WEEKDAY:
        _refuse_bare_ordinals(terms, place, path)
    return ",".join([_read_term(index, term, place, path, is_new=is_new) for term in terms])


def _read_term(index: int, term: str, place: int, path: str, *, is_new: bool) -> str:
    field = CRON_FIELDS[index]
    of_month = _read_day_of_month(field, term) if index in (_DAY, _WEEKDAY) else None
    if of_month is not None:
        return of_month
    match = _RANGE.fullmatch(term)
    if match is None or not _is_range(field, *match.groups()):
        raise _refused(index, term, place, path)
    first, last, step = match[1], match[2], int(match[3] or 1)
    if is_new and last is None:
        _refuse_long_step(field, term, step, place, path)
    if first == "*":
        return term
    if last is None:
        return f"{_value(field, first)}/{step}" if match[3] else f"{_value(field, first)}"
    return _ascending(index, _value(field, first), _value(field, last), step)


def _is_range(field: CronField, first: str, last: str | None, step: str | None) -> bool:
    """Whether a value, ``*`` or a range is one of the field's, and its step is one."""
    if step is not None and int(step) == 0:
        return False
    if first == "*":
        return last is None
    return all(field.low <= _value(field, text) <= field.high for text in (first, last or first))


def _value(field: CronField, text: str) -> int:
    """Return a value, which is beyond the field's if there is none of that name."""
    return int(text) if text.isdecimal() else field.names.get(text, field.high + 1)


def _read_day_of_month(field: CronField, term: str) -> str | None:
    """Read ``L``, ``LW``, ``15W``, ``5L`` and ``FRI#2``, each in its field; else ``None``."""
    if not field.names:
        is_day = _NEAREST.fullmatch(term) and 1 <= int(term[:-1]) <= field.high
        return term if is_day or term in ("L", "LW") else None
    match = _LAST_WEEKDAY.fullmatch(term) or _NTH_WEEKDAY.fullmatch(term)
    if match is None or not 0 <= _value(field, match[1]) <= field.high:
        return None
    return f"{_value(field, match[1])}{match[2]}"


def _ascending(index: int, first: int, last: int, step: int) -> str:
    """Write a range as ranges that ascend; over the end of the field it goes on at its start."""
    field = CRON_FIELDS[index]
    if index == _WEEKDAY:
        if first == _SUNDAY and last != _SUNDAY:
            first = 0
        if last == 0 < first:
            last = _SUNDAY
    if first <= last:
        return f"{first}-{last}" if step == 1 else f"{first}-{last}/{step}"
    end = 6 if index == _WEEKDAY else field.high
    values = [*range(first, end + 1), *range(field.low, last + 1)]
    if step > 1:
        return ",".join(map(str, values[::step]))
    if index == _WEEKDAY:
        return f"{first}-7,1" if last == 1 else f"{first}-7,1-{last}"
    return f"{first}-{end},{field.low}-{last}"


def _refuse_long_step(field: CronField, term: str, step: int, place: int, path: str) -> None:
    """Refuse a step over more than the field, which matches once in each and not so rarely."""
    if step <= field.high - field.low or step == field.cycle:
        return
    unit, words = field.unit
    other = f'{{"every": "{step}{unit}"}}'
    if not unit:
        other = f'{{"frequency": "monthly", "interval": {step}}}'
    raise InvalidInput.field(
        path,
        f"has {_shown(term)} in field {place} ({field.label}), a step beyond its end, so that it "
        f"would match once in every round of it; for every {step} {words} write {other}",
    )


def _refuse_bare_ordinals(terms: Sequence[str], place: int, path: str) -> None:
    """Refuse ``FRI#1,3``, in which 3 is Wednesday and was probably meant as the third Friday."""
    day = None
    for term in terms:
        if "#" in term:
            day = term.partition("#")[0]
        elif day is not None and term in ("1", "2", "3", "4", "5"):
            raise InvalidInput.field(
                path,
                f"has {_shown(term)} after a # in field {place} (day of the week); "
                f"write {day[:9]}#{term}, or {_DAYS[int(term)][:3]} if that day is meant",
            )


def _refused(index: int, term: str, place: int, path: str) -> InvalidInput:
    field = CRON_FIELDS[index]
    hints = _HINTED if len(term) <= _MOST_SHOWN else ()
    way = next(
        (way for form, where, way in hints if index in where and form.fullmatch(term)),
        field.values,
    )
    from_end = _FROM_END.fullmatch(term)
    if from_end is not None and index == _DAY:
        day = int(from_end[1]) + 1
        way = f'write {{"frequency": "monthly", "by_month_day": [-{day}]}} instead of cron'
    elif way == field.values and field.names and re.fullmatch(r"[A-Z]{2,9}(-[A-Z]{2,9})?", term):
        way = _nearest_names(field, term)
    return InvalidInput.field(
        path, f"has {_shown(term)} in field {place} ({field.label}), which can't be read; {way}"
    )


def _nearest_names(field: CronField, term: str) -> str:
    """Say which names there are; a beginning that only one has is spelled out."""
    found = []
    for word in term.split("-"):
        names = sorted({name[:3] for name in field.names if name.startswith(word)})
        if len(names) != 1:
            return f"{field.values}, the names in English"
        found += names
    return f"write {'-'.join(found)}"


def _shown(term: str) -> str:
    return f'"{term[:_MOST_SHOWN]}"' if len(term) <= _MOST_SHOWN else f'"{term[:_MOST_SHOWN]}…"'
