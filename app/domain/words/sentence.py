"""From a text to clauses: what each part of it says, put together, nothing said twice."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from app.domain.words.clauses import Clause, Sentence
from app.domain.words.forms import Match, longest_match
from app.domain.words.reading import Tokens, ask, ask_about, text_at
from app.domain.words.sayings import BETWEEN, SAYERS, words_of
from app.domain.words.tokens import tokenize
from app.domain.words.vocabulary import KNOWN
from app.errors import InvalidInput

EXAMPLES: Final = (
    'as in "every second Friday at 9:00", "on the last working day of every month at 17:00" or '
    '"every 15 minutes between 9:00 and 17:00 on weekdays"'
)
_MAX_CLAUSES: Final = 10
_DAYS: Final = ("period", "weekdays", "position", "yearly", "months")
_BRACKETS: Final = ("(", ")")
_LINKS: Final = frozenset(
    {*BETWEEN, "a", "an", "at", "each", "every", "from", "in", "of", "on", "the"}
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
        is_inside = tokens[at].text in BETWEEN and 0 < at < len(tokens) - 1
        if match is None and (is_inside or tokens[at].text in _BRACKETS):
            at += 1
            continue
        if match is None:
            raise _not_understood(tokens, at)
        if match.form.ask:
            raise _asked(match, tokens)
        if _begins_another(match, clause) and at > begin and tokens[at - 1].text in BETWEEN:
            _close(sentence, clause, tokens, begin, at - 1)
            clause, begin = Clause(), at
        _check_order(clause, match, tokens)
        SAYERS[match.form.says](sentence, clause, match, tokens)
        clause.last, at = match.form.says, match.end
    _close(sentence, clause, tokens, begin, at)
    return sentence


def _check_order(clause: Clause, match: Match, tokens: Tokens) -> None:
    """Ask where it is open which times belong to which days: every day at 9 and on Fridays at 10.

    Times are added only next to other times, and then no days may follow.
    """
    says = match.form.says
    is_apart = says == "times" and clause.times and clause.last != "times"
    limits_some = says in _DAYS and clause.is_extended
    is_every_day = clause.period is not None and clause.period[1] == "day"
    limits_all = says == "weekdays" and clause.times and is_every_day
    if is_apart or limits_some or limits_all:
        words = words_of(tokens[match.begin : match.end])
        raise ask_about(words, tokens[match.begin].position, "begin each part with every")


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
    clause.said = words_of(tokens[begin:end])
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


def _asked(match: Match, tokens: Tokens) -> InvalidInput:
    words = words_of(tokens[match.begin : match.end])
    return ask_about(words, tokens[match.begin].position, match.form.ask)
