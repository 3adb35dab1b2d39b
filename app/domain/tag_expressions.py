"""Tag expressions: which tags something must and must not have, as people write it.

::

    expression = term {"OR" term}
    term       = factor {"AND" factor}
    factor     = "NOT" factor | "(" expression ")" | tag
    tag        = words, or any text between quotation marks

``AND`` binds more tightly than ``OR``. An expression is kept as clauses that all have to fit: each
is a number of tags one of which must be there, or of tags one of which must be missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from app.errors import InvalidInput

MAX_TAGS = 20
MAX_CLAUSES = 50

_TOKEN = re.compile(r'\s*(?:([()])|"([^"]*)"|([^\s()"]+))')
_KEYWORDS = ("AND", "OR", "NOT")
_IS_EXPRESSION = re.compile(r'(?:^|[\s(])(?:AND|OR|NOT)(?:[\s("]|$)')


class TagClause(NamedTuple):
    """One of ``has`` must be there, or one of ``lacks`` must be missing."""

    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    def takes(self, tags: Sequence[str]) -> bool:
        """Whether what has these tags fits."""
        return any(one in tags for one in self.has) or any(one not in tags for one in self.lacks)


def is_expression(text: str) -> bool:
    """Whether a text means an expression, and not tags between commas."""
    return _IS_EXPRESSION.search(text) is not None


def read_expression(text: str, read_tag: Callable[[str], str]) -> tuple[TagClause, ...]:
    """The clauses of an expression; ``read_tag`` brings a tag to its one spelling.

    Raises ``InvalidInput`` for what is no expression, and for one that is too long.
    """
    reader = _Reader(text, read_tag)
    clauses = reader.expression()
    reader.expect_end()
    if len(reader.tags) > MAX_TAGS:
        raise InvalidInput(f"must name at most {MAX_TAGS} tags")
    return tuple(dict.fromkeys(TagClause(tuple(sorted(has)), tuple(sorted(lacks)))
                               for has, lacks in clauses.positive))  # fmt: skip


_Clauses = list[tuple[frozenset[str], frozenset[str]]]


class _Part(NamedTuple):
    """The clauses of a part of an expression, and those of its opposite."""

    positive: _Clauses
    negative: _Clauses


class _Reader:
    def __init__(self, text: str, read_tag: Callable[[str], str]) -> None:
        self._tokens = list(_tokens(text))
        self._read_tag = read_tag
        self._depth = 0
        self.tags: set[str] = set()

    def expression(self) -> _Part:
        """Terms between ``OR``."""
        found = self._term()
        while self._takes("OR"):
            other = self._term()
            found = _Part(
                _either(found.positive, other.positive), _both(found.negative, other.negative)
            )
        return found

    def expect_end(self) -> None:
        """Refuse what is left."""
        if self._tokens:
            kind, text = self._tokens[0]
            if kind == ")":
                raise InvalidInput("has a ')' without a '(' before it")
            raise InvalidInput(f"must have AND or OR before {text!r}")

    def _term(self) -> _Part:
        found = self._factor()
        while self._takes("AND"):
            other = self._factor()
            found = _Part(
                _both(found.positive, other.positive), _either(found.negative, other.negative)
            )
        return found

    def _factor(self) -> _Part:
        if self._takes("NOT"):
            self._nest()
            found = self._factor()
            return _Part(found.negative, found.positive)
        if self._takes("("):
            self._nest()
            found = self.expression()
            if not self._takes(")"):
                raise InvalidInput("must have a ')' for each '('")
            return found
        return self._tag()

    def _nest(self) -> None:
        self._depth += 1
        if self._depth > MAX_CLAUSES:
            raise InvalidInput(f"must have at most {MAX_CLAUSES} of '(' and NOT")

    def _tag(self) -> _Part:
        words: list[str] = []
        while self._tokens and self._tokens[0][0] in ("word", "quoted"):
            kind, text = self._tokens.pop(0)
            words.append(text)
            if kind == "quoted" or (self._tokens[:1] and self._tokens[0][0] == "quoted"):
                break
        if not words:
            what = f"before {self._tokens[0][1]!r}" if self._tokens else "at the end"
            raise InvalidInput(f"must have a tag {what}")
        tag = self._read_tag(" ".join(words))
        self.tags.add(tag)
        only = frozenset([tag])
        return _Part([(only, frozenset())], [(frozenset(), only)])

    def _takes(self, kind: str) -> bool:
        if self._tokens and self._tokens[0][0] == kind:
            del self._tokens[0]
            return True
        return False


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise InvalidInput("must have a second quotation mark for each first one")
        at = match.end()
        sign, quoted, word = match.groups()
        if sign:
            yield sign, sign
        elif quoted is not None:
            yield "quoted", quoted
        elif word in _KEYWORDS:
            yield word, word
        elif "," in word:
            raise InvalidInput("must have OR in place of a comma, beside AND, OR, NOT or '('")
        else:
            yield "word", word


def _both(one: _Clauses, other: _Clauses) -> _Clauses:
    return _bounded([*one, *other])


def _either(one: _Clauses, other: _Clauses) -> _Clauses:
    crossed = [
        (a_has | b_has, a_lacks | b_lacks)
        for a_has, a_lacks in one
        for b_has, b_lacks in other
    ]  # fmt: skip
    return _bounded([(has, lacks) for has, lacks in crossed if not has & lacks])


def _bounded(clauses: _Clauses) -> _Clauses:
    found = list(dict.fromkeys(clauses))
    if len(found) > MAX_CLAUSES:
        raise InvalidInput("is too long; write fewer ANDs and ORs in parentheses")
    return found
