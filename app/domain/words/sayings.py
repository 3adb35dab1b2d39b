"""What each form says: how it changes the clause or the sentence. Nothing may be said twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from app.domain.words.clauses import Clause, Sentence
from app.domain.words.clocks import Day, TimeOfDay, check_halves
from app.domain.words.forms import Match
from app.domain.words.reading import NamedDays, Tokens, ask, ask_about
from app.domain.words.tokens import Token

BETWEEN: Final = (",", ";", "and", "&")
"""What may stand between two forms."""


def words_of(tokens: Sequence[Token]) -> str:
    """Return tokens as they were written."""
    return " ".join(one.raw for one in tokens)


def _once(value: Any, match: Match, tokens: Tokens) -> None:
    """Refuse to hear a second time what was said already."""
    if value:
        words = words_of(tokens[match.begin : match.end])
        raise ask_about(
            words,
            tokens[match.begin].position,
            "it says again what was said before; say it once, or begin another part with every",
        )


Sayer = Callable[[Sentence, Clause, Match, Tokens], None]


def _say_period(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(clause.period or clause.fixed, match, tokens)
    values = match.values
    if values.get("nth") in (1, -1):
        raise ask(tokens[match.begin + 1], "say of what, as in the first day of every month")
    number = values.get("nth") or values.get("n", 0)
    clause.period = values.get("adverb", (number, values.get("unit", "")))
    if clause.period[0] < 1:
        raise ask(tokens[match.begin], "a period is at least 1, as in every 2 days")
    clause.is_every = True


def _say_fixed(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(clause.period or clause.fixed, match, tokens)
    clause.fixed = _duration(match.values)
    clause.is_every = True


def _say_weekdays(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(clause.weekdays, match, tokens)
    values = match.values
    one = NamedDays((values.get("weekday", 0),), is_plural=False)
    days = values.get("weekdays", values.get("weekdayrange", one))
    clause.weekdays = days.days
    clause.is_every |= days.is_plural or "every" in values
    if "n" in values:
        _once(clause.period, match, tokens)
        clause.period = (values["n"], "week")


def _say_position(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    values = match.values
    unit = values.get("unit")
    is_more = unit is not None and unit == clause.of and tokens[match.begin - 1].text in BETWEEN
    _once(clause.position and not is_more, match, tokens)
    clause.position = [*clause.position, *values["position"]]
    clause.of = values.get("unit", clause.of)
    clause.is_every |= "every" in values or "of" in values
    if "months" in values:
        _once(clause.months, match, tokens)
        clause.months = values["months"]


def _say_yearly(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(clause.yearly, match, tokens)
    clause.yearly = match.values["yearly"]
    clause.is_every |= "every" in match.values


def _say_months(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(clause.months, match, tokens)
    clause.months = match.values.get("months") or match.values["monthrange"]
    clause.is_every |= "every" in match.values


def _say_positions(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(clause.positions, match, tokens)
    unit = match.values["unit"]
    if clause.period is None and clause.weekdays and unit == "week":
        clause.period = (1, "week")
    if clause.period is None or clause.period[1] != unit:
        raise ask(tokens[match.end - 1], "say every and the same unit before it")
    clause.positions = tuple(match.values["nths"])


def _say_times(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(clause.window or clause.minutes, match, tokens)
    times = match.values.get("times") or match.values["clocks"]
    clause.is_extended = bool(clause.times)
    clause.times = [*clause.times, *times]
    check_halves(clause.times)


def _say_minutes(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(clause.minutes or clause.times, match, tokens)
    minutes = match.values["numbers"]
    if not all(0 <= minute <= 59 for minute in minutes):
        raise ask(tokens[match.begin], "a minute is 0 to 59")
    clause.minutes = tuple(sorted(set(minutes)))
    if match.values.get("every"):
        _once(clause.period, match, tokens)
        clause.period, clause.is_every = (1, "hour"), True


def _say_window(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(clause.window or clause.times, match, tokens)
    first, last = match.values.get("time") or match.values["exact"], match.values["last"]
    check_halves([first, last])
    if last.parts <= first.parts:
        raise ask(last.token, "the end must be later on the same day than the beginning")
    clause.window = (first, last)


def _moment(match: Match) -> tuple[Day, TimeOfDay | None]:
    clocks = match.values.get("clocks", [None])
    if len(clocks) > 1:
        raise ask(clocks[1].token, "one time is enough here")
    return match.values.get("date") or match.values["dated"], clocks[0]


def _say_start(sentence: Sentence, _clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(sentence.start, match, tokens)
    sentence.start = _moment(match)


def _check_end(clause: Clause, match: Match, tokens: Tokens) -> None:
    if clause.until or clause.count is not None:
        raise ask(tokens[match.begin], "say once how it ends: until when, or how many times")


def _say_until(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _check_end(clause, match, tokens)
    clause.until = _moment(match)


def _say_count(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _check_end(clause, match, tokens)
    clause.count = match.values["n"]


def _say_except(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    values = match.values
    if "months" in values:
        _once(clause.except_months, match, tokens)
        clause.except_months = values["months"]
    elif "weekdays" in values:
        _once(clause.except_weekdays, match, tokens)
        clause.except_weekdays = values["weekdays"].days
    else:
        clause.except_days = [*clause.except_days, *values["dates"]]


def _say_zone(sentence: Sentence, _clause: Clause, match: Match, tokens: Tokens) -> None:
    zone = match.values["zone"]
    if sentence.zone not in (None, zone):
        raise ask(tokens[match.begin], f"another time zone was named before, {sentence.zone}")
    sentence.zone = zone


def _say_once(sentence: Sentence, _clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(sentence.day or sentence.delay, match, tokens)
    sentence.day = match.values["dated"]


def _say_delay(sentence: Sentence, _clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(sentence.day or sentence.delay, match, tokens)
    values = match.values
    sentence.delay = (values["n"], values["unit"]) if "unit" in values else _duration(values)


def _duration(values: Mapping[str, Any]) -> str:
    return values.get("duration") or f"{values['n']}h{values['minutes']}m"


def _say_nothing(_sentence: Sentence, _clause: Clause, _match: Match, _tokens: Tokens) -> None:
    """What goes without saying."""


SAYERS: Final[Mapping[str, Sayer]] = {
    "nothing": _say_nothing,
    "period": _say_period,
    "fixed": _say_fixed,
    "weekdays": _say_weekdays,
    "position": _say_position,
    "yearly": _say_yearly,
    "months": _say_months,
    "positions": _say_positions,
    "times": _say_times,
    "minutes": _say_minutes,
    "window": _say_window,
    "start": _say_start,
    "until": _say_until,
    "count": _say_count,
    "except": _say_except,
    "zone": _say_zone,
    "once": _say_once,
    "delay": _say_delay,
}
