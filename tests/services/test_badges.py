"""What badges say."""

from __future__ import annotations

import pytest

from app.domain.access import MASTER, Access
from app.domain.badge import BAD, FAIR, GOOD, NONE
from app.errors import NotFound
from app.services.badges import GOOD_MS, LATENESS, STATUS, BadgeService
from app.store.stats_keys import counted
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock

OF_RED = Access("wiki", "read", frozenset({"red"}))


@pytest.fixture
def badges(services: Services) -> BadgeService:
    return services.figures.badges


def count(services: Services, tags: str, letters: str, often: int, minutes_ago: int = 0) -> None:
    field = f"{NOW_MS // 60_000 - minutes_ago}\t{tags}\tt\t{letters}"
    services.storage.client.hincrby(counted(0), field, often)
    services.figures.roll_ups.add()


@pytest.mark.parametrize(
    ("completed", "failed", "message", "colour"),
    [
        (10, 0, "100% delivered", GOOD),
        (99_999, 1, "99.99% delivered", GOOD),
        (98, 2, "98% delivered", FAIR),
        (1, 2, "33.33% delivered", BAD),
    ],
)
def test_the_share_is_never_rounded_up(
    services: Services, badges: BadgeService, completed: int, failed: int, message: str, colour: str
) -> None:
    count(services, "red", "2aacompleted", completed)
    count(services, "red", "Faaretrying", 5)
    if failed:
        count(services, "red", "---missed", 1)
    if failed > 1:
        count(services, "red", "F-afailed", failed - 1)
    badge = badges.of("red", STATUS, OF_RED)
    assert (badge.label, badge.message, badge.colour) == ("red", message, colour)


@pytest.mark.parametrize(
    ("bucket", "message", "colour"),
    [
        ("a", "p99 1ms late", GOOD),
        ("j", "p99 1s late", GOOD),
        ("o", "p99 1m late", FAIR),
        ("p", "p99 5m late", BAD),
        ("u", "p99 over a day late", BAD),
    ],
)
def test_lateness_is_what_99_of_100_did_not_exceed(
    services: Services, badges: BadgeService, bucket: str, message: str, colour: str
) -> None:
    count(services, "red", f"2{bucket}acompleted", 3)
    badge = badges.of("red", LATENESS, OF_RED)
    assert (badge.message, badge.colour) == (message, colour)


def test_what_was_not_delivered_to_says_so(services: Services, badges: BadgeService) -> None:
    """Nor was anything that lies further back than a day."""
    count(services, "red", "2aacompleted", 3, minutes_ago=26 * 60)
    for shown in (STATUS, LATENESS):
        badge = badges.of("red", shown, MASTER)
        assert (badge.message, badge.colour) == ("no deliveries", NONE)


def test_a_token_has_badges_of_its_tags_and_what_is_in_its_scope(
    services: Services, badges: BadgeService, clock: FakeClock
) -> None:
    count(services, "red", "2aacompleted", 1)
    with pytest.raises(NotFound):
        badges.of("blue", STATUS, OF_RED)
    assert badges.of("red", STATUS, OF_RED).message == "100% delivered"
    count(services, "red", "F--failed", 1)
    assert badges.of("red", STATUS, OF_RED).message == "100% delivered"
    clock.advance(GOOD_MS)
    assert badges.of("red", STATUS, OF_RED).message == "50% delivered"
