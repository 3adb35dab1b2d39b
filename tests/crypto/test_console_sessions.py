"""Sessions in cookies: sealed, bounded in time, good under the key before."""

from __future__ import annotations

import pytest

from app.crypto.console_sessions import LINK_S, SESSION_S, ConsoleSessions

NOW_S = 1_767_225_600
OLD, NEW = "an old secret of thirty-two bytes", "a new secret of thirty-two bytes!"


def test_a_session_gives_its_token_back_until_it_ends():
    sessions = ConsoleSessions([NEW])
    value = sessions.seal(b"token", NOW_S)
    assert "token" not in value
    assert sessions.open(value, NOW_S + SESSION_S) == b"token"
    assert sessions.open(value, NOW_S + SESSION_S + 1) is None


@pytest.mark.parametrize("value", ["", "x", "ä", "gAAAAA", "\x00"])
def test_what_is_none_of_ours_is_none(value):
    assert ConsoleSessions([NEW]).open(value, NOW_S) is None


def test_a_session_outlives_a_change_of_the_key_by_one():
    value = ConsoleSessions([OLD]).seal(b"token", NOW_S)
    assert ConsoleSessions([NEW, OLD]).open(value, NOW_S) == b"token"
    assert ConsoleSessions([NEW]).open(value, NOW_S) is None


def test_a_link_is_no_session_and_a_session_no_link():
    sessions = ConsoleSessions([NEW])
    link, session = sessions.seal_link(b"token", NOW_S), sessions.seal(b"token", NOW_S)
    assert sessions.open(link, NOW_S) is None
    assert sessions.open_link(session, NOW_S) is None
    opened = sessions.open_link(link, NOW_S + LINK_S)
    assert opened is not None
    assert opened.token == b"token"
    assert sessions.open_link(link, NOW_S + LINK_S + 1) is None
    again = sessions.open_link(sessions.seal_link(b"token", NOW_S), NOW_S)
    assert again is not None
    assert again.name != opened.name


def test_the_value_of_forms_belongs_to_its_session():
    sessions = ConsoleSessions([NEW])
    one, other = sessions.seal(b"token", NOW_S), sessions.seal(b"token", NOW_S)
    assert sessions.is_form_token(sessions.form_token(one), one)
    assert not sessions.is_form_token(sessions.form_token(one), other)
    assert not sessions.is_form_token("ä", one)
