"""From a text to clauses: what each part of it says, put together, nothing said twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from app.domain.words.clauses import Clause, Sentence
from app.domain.words.clocks import Day, TimeOfDay, check_halves
from app.domain.words.forms import Match, longest_match
from app.domain.words.reading import NamedDays, Tokens, ask, ask_about, text_at
from app.domain.words.tokens import Token, tokenize
from app.domain.words.vocabulary import KNOWN
from app.errors import InvalidInput

EXAMPLES: Final = (
    'as in "every second Friday at 9:00", "on the last working day of every month at 17:00" or '
    '"every 15 minutes between 9:00 and 17:00 on weekdays"'
)
_MAX_CLAUSES: Final = 10
_BETWEEN: Final = (",", ";", "and", "&")
_BRACKETS: Final = ("(", ")")
_LINKS: Final = frozenset(
    {*_BETWEEN, "a", "an", "at", "each", "every", "from", "in", "of", "on", "the"}
)
"""Words that can't be what is not understood: they only lead to it."""


def read_sentence(text: str) -> Sentence:
    """Read a text; raises ``InvalidInput`` for the field ``text``, which names the word."""
    tokens = tokenize(text)
    sentence = Sentence()
    clause = Clause()
    begin = at = 0
    while at < len(tokens):
        if tokens[at].text == "once" and text_at(tokens, at + 1) in ("every", "each"):
            at += 1  # "once every day" is every day
        match = longest_match(tokens, at)
        is_inside = tokens[at].text in _BETWEEN and 0 < at < len(tokens) - 1
        if match is None and (is_inside or tokens[at].text in _BRACKETS):
            at += 1
            continue
        if match is None:
            raise _not_understood(tokens, at)
        if match.form.ask:
            raise _asked(match, tokens)
        if _begins_another(match, clause) and at > begin and tokens[at - 1].text in _BETWEEN:
            _close(sentence, clause, tokens, begin, at - 1)
            clause, begin = Clause(), at
        SAYERS[match.form.says](sentence, clause, match, tokens)
        at = match.end
    _close(sentence, clause, tokens, begin, at)
    return sentence


def _begins_another(match: Match, clause: Clause) -> bool:
    """Whether it says how often or on which days, and that was said already."""
    has_days = bool(clause.weekdays or clause.position or clause.yearly)
    has_period = clause.period is not None or bool(clause.fixed or clause.minutes)
    if match.form.says in ("period", "fixed"):
        return has_period or (has_days and bool(clause.times))
    if match.form.says == "months" and match.values.get("every"):
        return bool(clause.months)
    if match.form.says in ("weekdays", "position", "yearly") and match.values.get("every"):
        return has_days or has_period
    return False


def _close(sentence: Sentence, clause: Clause, tokens: Tokens, begin: int, end: int) -> None:
    clause.said = _words(tokens[begin:end])
    sentence.clauses.append(clause)
    if len(sentence.clauses) > _MAX_CLAUSES:
        raise InvalidInput.field("text", f"must have at most {_MAX_CLAUSES} parts with every")


def _not_understood(tokens: Tokens, at: int) -> InvalidInput:
    """Name the word: that at which no form fits, or behind it the first that nobody knows."""
    behind = [one for one in tokens[at:] if one.text not in _LINKS]
    strange = [one for one in behind[:2] if one.kind == "word" and one.text not in KNOWN]
    token = (strange or behind[:1] or [tokens[at]])[0]
    near = _near(token.text) if token in strange else ""
    if near:
        return ask(token, f"did you mean {near}?")
    way = "which is not understood" if strange else "which is not understood here"
    return InvalidInput.field(
        "text",
        f'has "{token.raw}" at position {token.position}, {way}; write the schedule {EXAMPLES}',
    )


def _near(word: str) -> str:
    """Return the known word that was probably meant: it begins alike."""
    alike = [known for known in sorted(KNOWN) if known[0] == word[0] and len(word) > 3]
    return next(iter(get_close_matches(word, alike, 1, 0.75)), "")


def _words(tokens: Sequence[Token]) -> str:
    return " ".join(one.raw for one in tokens)


def _asked(match: Match, tokens: Tokens) -> InvalidInput:
    words = _words(tokens[match.begin : match.end])
    return ask_about(words, tokens[match.begin].position, match.form.ask)


def _once(value: Any, match: Match, tokens: Tokens) -> None:
    """Refuse to hear a second time what was said already."""
    if value:
        words = _words(tokens[match.begin : match.end])
        raise ask_about(
            words,
            tokens[match.begin].position,
            "it says again what was said before; say it once, or begin another part with every",
        )


Sayer = Callable[[Sentence, Clause, Match, Tokens], None]


def _say_period(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(clause.period or clause.fixed, match, tokens)
    values = match.values
    unit = values.get("unit", "")
    clause.period = (
        values["adverb"] if "adverb" in values else (values.get("nth") or values["n"], unit)
    )
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
    is_more = unit is not None and unit == clause.of and tokens[match.begin - 1].text in _BETWEEN
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


def _say_until(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(clause.until or clause.count, match, tokens)
    clause.until = _moment(match)


def _say_count(_sentence: Sentence, clause: Clause, match: Match, tokens: Tokens) -> None:
    _once(clause.until or clause.count, match, tokens)
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
