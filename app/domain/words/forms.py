"""The grammar: forms of a few words, each with what it says. A text is a row of them.

In a form, ``a|b`` is one of two words, ``[a]`` may be left out, and ``{name}`` is a value that the
reader of that name reads. Of the forms that fit at a place, the longest is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.domain.words import clocks, reading
from app.domain.words.reading import Reader, Tokens
from app.domain.words.vocabulary import ZONE_ABBREVIATIONS

READERS: Final[Mapping[str, Reader]] = {
    "adverb": reading.read_adverb,
    "clocks": clocks.read_clock_times,
    "date": clocks.read_day,
    "dated": clocks.read_day_of_one_year,
    "dates": clocks.read_days,
    "duration": reading.read_duration,
    "exact": clocks.read_exact_time,
    "last": clocks.read_time,
    "minutes": reading.read_number,
    "monthrange": reading.read_month_range,
    "months": reading.read_months,
    "n": reading.read_number,
    "numbers": reading.read_numbers,
    "nth": reading.read_ordinal,
    "nths": reading.read_ordinals,
    "position": reading.read_position,
    "time": clocks.read_time,
    "times": clocks.read_times,
    "unit": reading.read_unit,
    "weekday": reading.read_weekday,
    "weekdayrange": reading.read_weekday_range,
    "weekdays": reading.read_weekdays,
    "yearly": clocks.read_days_of_years,
    "zone": reading.read_zone,
}


@dataclass(frozen=True, slots=True)
class Form:
    """One form. ``says`` is what it means, ``fixed`` are values that it brings along.

    ``ask`` is a sentence that asks back: what people write, and what can't be known.
    """

    pattern: str
    says: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    ask: str = ""


_DATE_OR_EVERY = "write the date, or every {} if it repeats"
_WHICH_TIMES = "say at which times or on which days, as in every day at 9:00 and 17:00"
_EVERY_NTH = "write it as every 3 weeks on Friday, or as the third Friday of every month"
_UNTIL_WHEN = "say when it ends, as in until 31 March 2027, or 10 times"
_WHAT_TIME = "write the day and the time of day, as in every day at 20:00"
_ABBREVIATIONS = "|".join(ZONE_ABBREVIATIONS)
_HOLIDAYS = "give a calendar of holidays in calendars beside the text"

FORMS: Final = (
    # How often.
    Form("every|each {unit}", "period", {"n": 1}),
    Form("every|each {n} {unit}", "period"),
    Form("every|each {nth} {unit}", "period"),
    Form("every|each other|alternate {unit}", "period", {"n": 2}),
    Form("every|each {duration}", "fixed"),
    Form("every|each half [an] hour", "fixed", {"duration": "30m"}),
    Form("every|each quarter [of] [an] hour", "fixed", {"duration": "15m"}),
    Form("every|each hour and a half", "fixed", {"duration": "90m"}),
    Form("every|each {n} hour|hours [and] {minutes} minute|minutes", "fixed"),
    Form("every|each day of the week", "period", {"n": 1, "unit": "day"}),
    Form("{adverb}", "period"),
    Form("once a|an|per|each|every {unit}", "period", {"n": 1}),
    # On which days.
    Form("every|each {weekdays}", "weekdays", {"every": True}),
    Form("[on] {weekdays}", "weekdays"),
    Form("[only] from {weekdayrange}", "weekdays"),
    Form("every|each other|second|2nd|alternate {weekday}", "weekdays", {"every": True, "n": 2}),
    Form("[on] {yearly}", "yearly"),
    Form("every|each {yearly}", "yearly", {"every": True}),
    Form("[on] {yearly} [of|in] every|each year", "yearly", {"every": True}),
    Form("[on] [the] {position}", "position"),
    Form("[on] [the] {position} of|in [the|each|every|a|any] {unit}", "position", {"of": True}),
    Form("every|each {position} of|in [the|each|every|a|any] {unit}", "position", {"of": True}),
    Form("[on] [the] {position} of|in every|each {months}", "position", {"every": True}),
    Form("[on] [the] {position} of|in {months}", "position"),
    Form("every|each {position} of|in {months}", "position", {"every": True}),
    Form("in|during|of {months}", "months"),
    Form("from {monthrange}", "months"),
    Form("every|each {months}", "months", {"every": True}),
    Form("in|during every|each {months}", "months"),
    Form("only the {nths} of each {unit}", "positions"),
    Form("only in {months}", "months"),
    Form("only where there is such a day", "nothing"),
    # At what time.
    Form("at|@ {times}", "times"),
    Form("{clocks}", "times"),
    Form("at the start of every|each hour", "minutes", {"numbers": [0], "every": True}),
    Form("every|each hour on the hour", "minutes", {"numbers": [0], "every": True}),
    Form("hourly on the hour", "minutes", {"numbers": [0], "every": True}),
    Form(
        "[at] minute|minutes {numbers} of|past every|each hour", "minutes", {"every": True}
    ),
    Form("[at] {numbers} minutes past the|every|each hour", "minutes", {"every": True}),
    Form("at minute|minutes {numbers}", "minutes"),
    Form("{exact} to|until|till|through|- {last}", "window"),
    Form("between {time} and {last}", "window"),
    Form("from {time} to|until|till|through|- {last}", "window"),
    # From when, until when, how often in all.
    Form("starting|beginning|counted [on|from] {date} [at] {clocks}", "start"),
    Form("starting|beginning|counted|first [on|from] {date}", "start"),
    Form("from {dated} [on]", "start"),
    Form("until|till {date} [at] {clocks}", "until"),
    Form("until|till {date}", "until"),
    Form("[for] {n} times", "count"),
    Form("once", "count", {"n": 1}),
    Form("except|excluding|but [not] [on|in|during|for] {months}", "except"),
    Form("except|excluding|but [not] [on|for] {weekdays}", "except"),
    Form("except|excluding|but [not] [on|for] {dates}", "except"),
    # Where.
    Form("[in] {zone} [time]", "zone"),
    # Once.
    Form("[on] {dated}", "once"),
    Form("in {n} {unit}", "delay"),
    Form("in a|an {unit}", "delay", {"n": 1}),
    Form("in {duration}", "delay"),
    Form("in half an hour", "delay", {"duration": "30m"}),
    Form("in {n} hour|hours [and] {minutes} minute|minutes", "delay"),
    Form("{n} {unit} from now", "delay"),
    Form("{duration} from now", "delay"),
    # What can't be known.
    Form("twice|thrice [a|per] [{unit}]", ask=_WHICH_TIMES),
    Form("{n} times a|an|per|each|every {unit}", ask=_WHICH_TIMES),
    Form("once a|per {n} {unit}", ask="write every and the number, as in every 2 days"),
    Form("next|this|coming {weekday}", ask=_DATE_OR_EVERY.format("Friday")),
    Form("next|this {unit}", ask="write the date"),
    Form("every|each {nth} {weekday}", ask=_EVERY_NTH),
    Form("every|each {n} {weekdays}", ask="write every 2 weeks on Friday"),
    Form("every|each {nth}", ask="write every month on the 15th"),
    Form("biweekly|semiweekly", ask="write every 2 weeks on Friday, or every Tuesday and Friday"),
    Form("bimonthly|semimonthly", ask="write every 2 months on the 1st, or every month on the 1st "
         "and 15th"),
    Form("nightly|tonight|soon|asap|later|now", ask=_WHAT_TIME),
    Form("starting|beginning now", ask="leave it out, because that is when it begins"),
    Form("[at] half|quarter past|to {n}", ask="write the time in digits, as in 9:30"),
    Form("as soon as possible", ask=_WHAT_TIME),
    Form("[every|each|in|this|at] [the] morning|afternoon|evening|night", ask=_WHAT_TIME),
    Form("[at|on|by] [the] end of the|each|every {unit}", ask="write on the last day of every "
         "month at 17:00"),
    Form("for [the] [next] [a|an] [{n}] {unit}", ask=_UNTIL_WHEN),
    Form("except|excluding|but [not] [on|for] [public|bank] holidays", ask=_HOLIDAYS),
    Form("except|excluding|but [not] [on|for] [the] {position} [of|in] [the|each|every] [{unit}]",
         ask="name its dates, or give a calendar in calendars"),
    Form(f"[in] {_ABBREVIATIONS}", ask="write the time zone as Europe/Berlin or UTC"),
    Form("[on] [public|bank] holidays", ask=_HOLIDAYS),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """A form that fits: what it says, the values that were read, and the place behind it."""

    form: Form
    values: Mapping[str, Any]
    begin: int
    end: int


def longest_match(tokens: Tokens, at: int) -> Match | None:
    """Return the longest form that fits at a place; of two as long, the first."""
    best: Match | None = None
    for form, elements in _ELEMENTS:
        fit = _fit(elements, tokens, at)
        if fit is not None and fit[1] > (at if best is None else best.end):
            best = Match(form, {**form.fixed, **fit[0]}, at, fit[1])
    return best


@dataclass(frozen=True, slots=True)
class _Element:
    words: frozenset[str]
    name: str
    is_optional: bool


def _parse(pattern: str) -> tuple[_Element, ...]:
    found = []
    for part in re.findall(r"\[[^\]]*\]|\S+", pattern):
        is_optional = part.startswith("[")
        inner = part.strip("[]")
        name = inner[1:-1] if inner.startswith("{") else ""
        words = frozenset() if name else frozenset(inner.split("|"))
        found.append(_Element(words, name, is_optional))
    return tuple(found)


_ELEMENTS: Final = tuple((form, _parse(form.pattern)) for form in FORMS)


def _fit(
    elements: tuple[_Element, ...], tokens: Tokens, at: int
) -> tuple[dict[str, Any], int] | None:
    """Read the elements in turn; one that may be left out is left out if what follows needs it."""
    if not elements:
        return {}, at
    element, rest = elements[0], elements[1:]
    after, values = at, {}
    if element.name:
        read = READERS[element.name](tokens, at)
        if read is not None:
            values[element.name], after = read
    elif at < len(tokens) and not element.words.isdisjoint(tokens[at].spellings):
        after = at + 1
    if after > at:
        fit = _fit(rest, tokens, after)
        if fit is not None:
            return {**values, **fit[0]}, fit[1]
    return _fit(rest, tokens, at) if element.is_optional else None
