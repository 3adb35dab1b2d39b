"""Tokens: registered, listed, revoked one by one or all of a subject, and checked at every use.

Tests ``app.store.tokens``, too.
"""

from __future__ import annotations

import pytest

from app.domain.access import Access
from app.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from app.services import tokens as module
from app.services.tokens import NOTE_USE_EVERY_MS
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock

NOW_S = NOW_MS // 1000
EXPIRES_MS = NOW_MS + 50 * 365 * 86_400_000
"""Far ahead: the store expires tokens by its own clock."""


def jti(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


@pytest.fixture
def register(services: Services, clock: FakeClock):
    def make(number: int, subject: str = "me") -> str:
        services.tokens.register(jti(number), Access(subject, "read"), EXPIRES_MS, "a test")
        clock.advance(1)
        return jti(number)

    return make


def listed(services: Services, subject: str | None = None) -> list[str]:
    return [one.jti for one in services.tokens.list(subject, 100, None).items]


def test_they_are_listed_newest_first_by_subject_or_all(services, register) -> None:
    first, other, last = register(1), register(2, "other"), register(3)
    assert listed(services) == [last, other, first]
    assert listed(services, "me") == [last, first]


def test_a_list_has_pages_and_its_cursor_is_for_its_subject(services, register) -> None:
    made = [register(number) for number in range(5)]
    page = services.tokens.list("me", 3, None)
    rest = services.tokens.list("me", 3, page.next_cursor)
    assert [one.jti for one in (*page.items, *rest.items)] == made[::-1]
    assert (page.total, rest.next_cursor) == (5, None)
    with pytest.raises(InvalidInput, match="cursor"):
        services.tokens.list("other", 3, page.next_cursor)


def test_a_revoked_token_is_refused_at_its_next_use(services, register) -> None:
    token, other = register(1), register(2)
    services.tokens.check(token, "me", NOW_S, EXPIRES_MS)
    assert services.tokens.revoke(token).jti == token
    with pytest.raises(Unauthenticated, match="revoked"):
        services.tokens.check(token, "me", NOW_S, EXPIRES_MS)
    services.tokens.check(other, "me", NOW_S, EXPIRES_MS)
    assert listed(services) == [other]


@pytest.mark.parametrize("wrong", ["", "x", jti(9), jti(1).upper() + "\n"])
def test_what_is_no_token_can_not_be_revoked(services, register, wrong) -> None:
    register(1)
    with pytest.raises(NotFound):
        services.tokens.revoke(wrong)


def test_revoking_a_subject_takes_also_what_was_never_registered(services, register) -> None:
    """Such tokens are refused by their issue time; a new one is dated after it."""
    register(1), register(2), register(3, "other")
    assert services.tokens.revoke_all("me") == 2
    assert listed(services) == [jti(3)]
    with pytest.raises(Unauthenticated):
        services.tokens.check(jti(8), "me", NOW_S, EXPIRES_MS)
    issued_s = services.tokens.issue_second("me")
    assert issued_s == NOW_S + 1
    services.tokens.check(jti(9), "me", issued_s, EXPIRES_MS)
    assert services.tokens.issue_second("other") == NOW_S


def test_the_last_use_is_noted_once_a_minute(services, register, clock) -> None:
    token = register(1)

    def last_used() -> int | None:
        return services.tokens.list("me", 1, None).items[0].last_used_ms

    first_ms = clock.ms
    services.tokens.check(token, "me", NOW_S, EXPIRES_MS)
    clock.advance(NOTE_USE_EVERY_MS - 1)
    services.tokens.check(token, "me", NOW_S, EXPIRES_MS)
    assert last_used() == first_ms
    clock.advance(1)
    services.tokens.check(token, "me", NOW_S, EXPIRES_MS)
    assert last_used() == clock.ms


def test_expired_tokens_leave_the_registry(services, register, clock) -> None:
    register(1)
    assert services.tokens.forget_ended(clock.ms) == 0
    assert services.tokens.forget_ended(EXPIRES_MS + 1) >= 1
    assert listed(services) == []


@pytest.mark.parametrize(
    ("limit", "said"), [("MAX_OF_SUBJECT", "2 tokens of this sub"), ("MAX_IN_ALL", "2 tokens that")]
)
def test_tokens_are_bounded(services, register, monkeypatch, limit, said) -> None:
    """By those that are valid: revoking one makes room."""
    monkeypatch.setattr(module, limit, 2)
    first = register(1)
    services.tokens.require_room("me")
    register(2)
    with pytest.raises(Conflict, match=said):
        services.tokens.require_room("me")
    if limit == "MAX_OF_SUBJECT":
        services.tokens.require_room("other")
    services.tokens.revoke(first)
    services.tokens.require_room("me")
