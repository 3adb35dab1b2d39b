"""Scopes and tag filters as groups of indexes: what matches is in one index of every group."""

from __future__ import annotations

import pytest

from app.domain.access import MASTER, Access
from app.services.queries import TagFilter
from app.services.scoping import scope_word, tag_clauses
from app.store import keys
from app.store.selections import IndexClause

SCOPED = Access("me", "read", frozenset({"a", "b"}))


def names(clauses: list[IndexClause]) -> list[list[bytes]]:
    assert not any(clause.lacks for clause in clauses)
    return [[key(0) for key in clause.has] for clause in clauses]


def tags(*wanted: str) -> list[bytes]:
    return [keys.tag_events(0, tag=tag) for tag in wanted]


@pytest.mark.parametrize(
    ("chosen", "access", "groups"),
    [
        (TagFilter(), MASTER, []),
        (TagFilter(("x", "y")), MASTER, [tags("x", "y")]),
        (TagFilter(("x", "y"), match_all=True), MASTER, [tags("x"), tags("y")]),
        (TagFilter(), SCOPED, [tags("a", "b")]),
        (TagFilter(("a",)), SCOPED, [tags("a")]),
        (TagFilter(("a", "x")), SCOPED, [tags("a", "x"), tags("a", "b")]),
        (TagFilter(("a", "x"), match_all=True), SCOPED, [tags("a"), tags("x")]),
        (TagFilter(("x",), match_all=True), SCOPED, [tags("x"), tags("a", "b")]),
    ],
)
def test_the_scope_is_a_group_unless_the_filter_implies_it(
    chosen: TagFilter, access: Access, groups: list[list[bytes]]
) -> None:
    """One tag of the scope in an all-of filter implies it, and so do only tags of the scope."""
    assert names(tag_clauses(chosen, access, "events")) == groups


def test_occurrences_have_indexes_of_their_own() -> None:
    (group,) = names(tag_clauses(TagFilter(("x",)), MASTER, "occurrences"))
    assert group == [keys.tag_occurrences(0, tag="x")]


def test_scopes_differ_in_their_text_and_their_order_does_not_matter() -> None:
    same = Access("you", "write", frozenset({"b", "a"}))
    assert scope_word(SCOPED) == scope_word(same) != scope_word(MASTER)
    assert scope_word(SCOPED) != scope_word(Access("me", "read", frozenset({"a,b"})))
