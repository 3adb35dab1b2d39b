"""Sessions in cookies: sealed, bounded in time, good under the key before."""

from __future__ import annotations

import pytest

from app.crypto.console_sessions import SESSION_S, ConsoleSessions

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


def test_the_value_of_forms_belongs_to_its_session():
    sessions = ConsoleSessions([NEW])
    one, other = sessions.seal(b"token", NOW_S), sessions.seal(b"token", NOW_S)
    assert sessions.is_form_token(sessions.form_token(one), one)
    assert not sessions.is_form_token(sessions.form_token(one), other)
    assert not sessions.is_form_token("ä", one)
