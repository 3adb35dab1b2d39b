"""Tag expressions: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.tag_expressions import MAX_CLAUSES, is_expression, read_expression
from app.errors import InvalidInput

TAGS = ("a", "b", "c", "black friday")
SUBSETS = [some for size in range(5) for some in itertools.combinations(TAGS, size)]


def fits(text: str, tags: tuple[str, ...]) -> bool:
    return all(clause.takes(tags) for clause in read_expression(text, str))


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("a AND b", True), ("NOT a", True), ("(a OR b) AND c", True), ("NOT(a)", True),
        ('"R AND D"', True), ('NOT "R AND D"', True), ("a,b", False), ("(draft)", False),
        ("ANDROID", False), ("a and b", False), ("R&D ANDROID", False), ("", False),
    ],
)  # fmt: skip
def test_a_word_makes_it_an_expression(text: str, is_one: bool) -> None:
    assert is_expression(text) is is_one


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a AND b", lambda tags: "a" in tags and "b" in tags),
        ("a OR b AND c", lambda tags: "a" in tags or ("b" in tags and "c" in tags)),
        ("(a OR b) AND c", lambda tags: ("a" in tags or "b" in tags) and "c" in tags),
        ("NOT a", lambda tags: "a" not in tags),
        ("NOT (a OR b)", lambda tags: "a" not in tags and "b" not in tags),
        ("NOT NOT a", lambda tags: "a" in tags),
        ("black friday AND NOT a", lambda tags: "black friday" in tags and "a" not in tags),
        ('NOT "black friday"', lambda tags: "black friday" not in tags),
        ("a OR NOT a", lambda tags: True),
        ("a AND NOT a", lambda tags: False),
    ],
)
def test_what_an_expression_means(text, meant) -> None:
    for tags in SUBSETS:
        assert fits(text, tags) == meant(tags), tags


_EXPRESSIONS = st.recursive(
    st.sampled_from(TAGS),
    lambda some: st.one_of(
        st.tuples(st.just("NOT"), some),
        st.tuples(some, st.sampled_from(["AND", "OR"]), some),
    ),
    max_leaves=6,
)


def written(tree: object) -> str:
    return tree if isinstance(tree, str) else "(" + " ".join(map(written, tree)) + ")"  # type: ignore[call-overload]


def meant_by(tree: object, tags: tuple[str, ...]) -> bool:
    if isinstance(tree, str):
        return tree in tags
    assert isinstance(tree, tuple)
    if tree[0] == "NOT":
        return not meant_by(tree[1], tags)
    one, word, other = tree
    combine = all if word == "AND" else any
    return combine([meant_by(one, tags), meant_by(other, tags)])


@given(tree=_EXPRESSIONS)
def test_any_expression_means_what_its_tree_means(tree: object) -> None:
    for tags in SUBSETS:
        assert fits(written(tree), tags) == meant_by(tree, tags)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a AND", "must have a tag at the end"),
        ("AND a", "must have a tag before 'AND'"),
        ("a AND OR b", "must have a tag before 'OR'"),
        ("(a OR b", "must have a ')' for each '('"),
        ("a OR b)", "has a ')' without a '('"),
        ("a OR (b) c", "must have AND or OR before 'c'"),
        ('a AND "b', "must have a second quotation mark"),
        ("a,b AND c", "must have OR in place of a comma"),
        (" OR ".join(f"t{n}" for n in range(21)), "at most 20 tags"),
        (" OR ".join(f"(a{n} AND b{n} AND c{n})" for n in range(5)), "is too long"),
        ("NOT " * (MAX_CLAUSES + 1) + "a", "must have at most"),
    ],
)
def test_what_is_no_expression_is_told_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_expression(text, str)
    assert said in refused.value.message
