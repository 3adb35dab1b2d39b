"""Who may do what."""

from __future__ import annotations

import pytest

from app.domain.access import LEVELS, MASTER, Access

ONE = Access("a", "read_write", frozenset({"red", "blue"}))


@pytest.mark.parametrize(
    ("level", "reads", "writes", "is_admin"),
    [
        ("read", True, False, False),
        ("write", False, True, False),
        ("read_write", True, True, False),
        ("admin", True, True, True),
    ],
)
def test_each_level_has_its_rights(level: str, reads: bool, writes: bool, is_admin: bool) -> None:
    access = Access("a", level)
    assert (access.can_read, access.can_write, access.is_admin) == (reads, writes, is_admin)
    assert level in LEVELS


@pytest.mark.parametrize(
    ("tags", "sees", "may_change"),
    [
        ((), False, False),
        (("red",), True, True),
        (("red", "blue"), True, True),
        (("red", "green"), True, False),
        (("green",), False, False),
    ],
)
def test_one_tag_in_scope_shows_an_event_and_all_of_them_let_it_be_changed(
    tags: tuple[str, ...], sees: bool, may_change: bool
) -> None:
    assert (ONE.sees(tags), ONE.may_change(iter(tags))) == (sees, may_change)
    assert MASTER.sees(tags)
    assert MASTER.may_change(tags)


def test_the_master_token_is_an_admin_of_no_scope() -> None:
    assert (MASTER.subject, MASTER.level, MASTER.scope) == ("master", "admin", frozenset())
