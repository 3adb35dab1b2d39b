"""What other programs call cron: each is named, with the same thing in the words used here.

A translation is proposed only if it is exact. Quartz and AWS count the days of the week from 1,
which is Sunday, and put the seconds first (Quartz) or the year last (both).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from app.domain.durations import format_duration, parse_duration_ms
from app.errors import InvalidInput

Readable = Callable[[str], bool]
"""Whether an expression of five or six fields can be read here."""

_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_ZONE = re.compile(r"(?:CRON_)?TZ=(\S*)\s*", re.ASCII | re.IGNORECASE)
_WRAPPED = re.compile(r"(cron|rate|at)\s*\((.*)\)", re.ASCII | re.IGNORECASE | re.DOTALL)
_RATE = re.compile(r"(\d{1,9}) +(minute|hour|day)s?", re.ASCII | re.IGNORECASE)
_EVERY = re.compile(r"@every\s+(\S+)", re.ASCII | re.IGNORECASE)
_COMMAND = re.compile(r"[./~$&|]|[A-Za-z_]+[./_=:]|[A-Za-z_]{10,}")
_CLOCK = re.compile(r"(?<!\S)(\d{1,2}):(\d\d)(?!\S)", re.ASCII)
_YEAR = re.compile(r"[\d*?,/-]+", re.ASCII)
_YEARS = re.compile(r"((?:19|20)\d\d)(?:-((?:19|20)\d\d))?", re.ASCII)
_WEEKDAY = re.compile(r"([1-7])(?:-([1-7]))?(?:/([1-7]))?", re.ASCII)
_OF_MONTH = re.compile(r"([1-7])(L|#[1-5])", re.ASCII)
_REPLACED: Final = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\uff0d", "-"),
    **dict.fromkeys("\uff0a\u2217\u204e\u00d7", "*"),
    **dict.fromkeys("\uff0c\u3001\u060c;", ","),
    **dict.fromkeys("\uff0f\u2044\\", "/"),
}
_KNOWN = re.compile(r"[0-9A-Z*/,\-#?~() \t\n\r\f\v]", re.ASCII | re.IGNORECASE)


def split_zone(text: str) -> tuple[str | None, str]:
    """Return the zone of a prefix ``CRON_TZ=`` or ``TZ=``, ``None`` without one, and the rest."""
    match = _ZONE.match(text)
    return (None, text) if match is None else (match[1], text[match.end() :].strip())


def refuse_lines(text: str, path: str) -> None:
    """Refuse several lines: in a crontab they are several jobs, or one and what it is given."""
    if text.splitlines() != [text]:
        raise InvalidInput.field(
            path,
            "must be one line; take out the line break, and give each of several lines as one of "
            "rules",
        )


def refuse_characters(text: str, path: str, before: int) -> None:
    """Refuse a character that no cron knows, with its position and what to write for it.

    ``before`` is how many characters stand before the text.
    """
    clock = _CLOCK.search(text)
    if clock is not None:
        hour, minute = int(clock[1]), int(clock[2])
        raise InvalidInput.field(
            path,
            f'has the time "{clock[0]}"; write the minute, then the hour, as in '
            f'"{minute} {hour} * * *"',
        )
    for position, character in enumerate(text, before + 1):
        if _KNOWN.fullmatch(character) or character.isspace():
            continue
        instead = _REPLACED.get(character)
        if instead is None and character.isdecimal():
            instead = str(int(character))
        shown = f'"{character}"' if character.isprintable() else f"U+{ord(character):04X}"
        way = "leave it out" if instead is None else f"write {instead} instead"
        raise InvalidInput.field(
            path,
            f"has the character {shown} at position {position}, which cron does not know; {way}",
        )


def refuse_wrapped(text: str, path: str, readable: Readable) -> None:
    """Refuse what is written as a call, as AWS does, and ``@every``."""
    match = _WRAPPED.fullmatch(text)
    if match is not None:
        form, inner = match[1].lower(), match[2].strip()
        if form == "cron":
            fields = inner.upper().split()
            if len(fields) == 5 and readable(inner):
                raise InvalidInput.field(path, f'can\'t be wrapped in cron(…); write "{inner}"')
            raise _translated(fields, path, readable, "AWS", is_year_last=True)
        if form == "rate":
            raise InvalidInput.field(path, f"is a rate of AWS; {_as_every(inner)}")
        raise InvalidInput.field(
            path,
            f'is one moment in the words of AWS; leave the schedule out and give "start_time": '
            f'"{inner[:40]}"',
        )
    every = _EVERY.fullmatch(text)
    if every is not None:
        try:
            period = format_duration(parse_duration_ms(every[1]))
        except InvalidInput:
            period = "5m"
        raise InvalidInput.field(path, f'can\'t be @every; write {{"every": "{period}"}} instead')
    if text.lower() == "@reboot":
        raise InvalidInput.field(
            path, "can't be @reboot, because no machine starts here; write the times, or @daily"
        )


def refuse_other_layouts(written: Sequence[str], path: str, readable: Readable) -> None:
    """Refuse what is not five fields, or six with the seconds first: others' layouts, and words."""
    fields = [field.upper() for field in written]
    if "EVERY" in fields or "AT" in fields or "DAILY" in fields:
        raise InvalidInput.field(
            path, "is in words; give them to POST /preview as text, which makes a schedule of them"
        )
    if any(_COMMAND.match(field) for field in written[5:]) or not (
        len(written) != 7 or _YEAR.fullmatch(written[6])
    ):
        raise InvalidInput.field(
            path, "has a command after its fields; leave it out and give a webhook"
        )
    if len(fields) == 7:
        raise _translated(fields, path, readable, "Quartz", is_year_last=True)
    if len(fields) == 6 and "?" in (fields[2], fields[4]):
        raise _translated(fields, path, readable, "AWS", is_year_last=True)
    if len(fields) > 7:
        raise InvalidInput.field(
            path,
            f"has {len(fields)} fields; write five, and give each of several lines as one of rules",
        )
    if len(fields) not in (5, 6):
        raise InvalidInput.field(
            path,
            f"has {len(fields)} field{'s' * (len(fields) != 1)}; it must have five fields (minute, "
            "hour, day of the month, month, day of the week), or six with the seconds first",
        )


def refuse_quartz_weekdays(fields: Sequence[str], path: str, readable: Readable) -> None:
    """Refuse six fields with ``?`` whose days are numbers: Quartz calls Sunday 1, here it is 0."""
    weekday = fields[5] if len(fields) == 6 else ""
    if "?" in (fields[3], weekday) and (re.search(r"(?<!#)\d", weekday) or weekday == "L"):
        raise _translated(fields, path, readable, "Quartz", is_year_last=False)


def _translated(
    fields: Sequence[str], path: str, readable: Readable, program: str, *, is_year_last: bool
) -> InvalidInput:
    """Make the error that proposes the same times in our words, if there are such."""
    layout = "the seconds first" if program == "Quartz" else "the year last"
    said = f"is in the form of {program}, with {layout} and Sunday as 1"
    years = "*"
    if is_year_last and len(fields) in (6, 7):
        *fields, years = fields
    if program == "AWS":
        fields = ["0", *fields]
    found = _in_our_words(fields) if len(fields) == 6 else None
    if found is None or not readable(found):
        return InvalidInput.field(
            path, f"{said}; write five fields: minute, hour, day, month, day of the week"
        )
    if years in ("*", "?"):
        return InvalidInput.field(path, f'{said}; write "{found}"')
    span = _YEARS.fullmatch(years)
    if span is None:
        return InvalidInput.field(
            path, f'{said}; write "{found}" for each span of years, with start_time and until'
        )
    first, last = span[1], span[2] or span[1]
    return InvalidInput.field(
        path,
        f'{said}; write {{"cron": "{found}", "until": "{last}-12-31"}} '
        f"and a start_time of {first}-01-01",
    )


def _in_our_words(fields: Sequence[str]) -> str | None:
    """Return six fields of Quartz as ours; the seconds are left out if they are 0."""
    second, minute, hour, day, month, weekday = fields
    named = _name_weekdays(weekday)
    is_both = day not in ("?", "*") and weekday not in ("?", "*")
    if named is None or is_both:
        return None
    ours = [minute, hour, "*" if day == "?" else day, month, named]
    return " ".join(ours if second == "0" else [second, *ours])


def _name_weekdays(text: str) -> str | None:
    """Write the numbers of days, Sunday as 1, by their names; ``None``: it has none."""
    if text in ("?", "*"):
        return "*"
    found = []
    for term in text.split(","):
        of_month, match = _OF_MONTH.fullmatch(term), _WEEKDAY.fullmatch(term)
        if of_month is not None:
            found.append(_DAYS[int(of_month[1]) - 1] + of_month[2])
        elif match is not None:
            found.append(_name_range(*match.groups()))
        elif term == "L":
            found.append("SAT")
        elif not re.search(r"(?<!#)\d", term):
            found.append(term)
        else:
            return None
    return ",".join(found)


def _name_range(first: str, last: str | None, step: str | None) -> str:
    start = int(first) - 1
    if step is None:
        return _DAYS[start] if last is None else f"{_DAYS[start]}-{_DAYS[int(last) - 1]}"
    length = (6 if last is None else int(last) - 1) - start
    days = range(start, start + (length if length >= 0 else length + 7) + 1, int(step))
    return ",".join(_DAYS[day % 7] for day in days)


def _as_every(inner: str) -> str:
    match = _RATE.fullmatch(inner)
    if match is None or int(match[1]) == 0:
        return 'write {"every": "5m"} for every five minutes'
    return f'write {{"every": "{int(match[1])}{match[2][0].lower()}"}}'
