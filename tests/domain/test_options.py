"""The settings of an event: read when they are needed, kept as they were given."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.misfire import DEFAULT as DEFAULT_MISFIRE
from app.domain.options import DEFAULT_ACK_MS, NO_OPTIONS, EventOptions
from app.domain.pause import Pause
from app.domain.retry import DEFAULT as DEFAULT_RETRY
from app.errors import InvalidInput


def test_without_settings_each_has_its_default() -> None:
    assert (NO_OPTIONS.retry, NO_OPTIONS.misfire) == (DEFAULT_RETRY, DEFAULT_MISFIRE)
    assert (NO_OPTIONS.jitter_ms, NO_OPTIONS.timeout_ms) == (0, None)
    assert (NO_OPTIONS.ack_timeout_ms, NO_OPTIONS.calendars) == (DEFAULT_ACK_MS, ())
    assert (NO_OPTIONS.on_excluded, NO_OPTIONS.overlap) == ("skip", "allow")
    assert NO_OPTIONS.flow is NO_OPTIONS.pause is NO_OPTIONS.callback("failed") is None


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"jitter": "30s"}, "jitter_ms", 30_000),
        ({"timeout": "5s"}, "timeout_ms", 5_000),
        ({"ack_timeout": "1d"}, "ack_timeout_ms", 86_400_000),
        ({"calendars": ["a", "b"]}, "calendars", ("a", "b")),
        ({"on_excluded": "next_day"}, "on_excluded", "next_day"),
        ({"pause": {"until_ms": 5, "note": "why"}}, "pause", Pause(5, "why")),
        ({"pause": {"until_ms": 5}}, "paused_until_ms", 5),
    ],
)
def test_each_is_read_from_what_was_given(given: dict[str, Any], name: str, value: Any) -> None:
    assert getattr(EventOptions(given), name) == value


def test_what_can_not_be_read_harms_only_what_needs_it() -> None:
    options = EventOptions({"jitter": "never", "timeout": "5s"})
    assert options.timeout_ms == 5_000
    with pytest.raises(InvalidInput, match="jitter"):
        _ = options.jitter_ms


def test_a_change_replaces_adds_and_takes_away_and_leaves_the_first_as_it_is() -> None:
    before = EventOptions({"jitter": "1s", "timeout": "5s", "from_a_later_version": 1})
    after = before.changed({"jitter": "2s", "timeout": None, "overlap": "skip"})
    assert after.given == {"jitter": "2s", "overlap": "skip", "from_a_later_version": 1}
    assert (before.jitter_ms, after.jitter_ms) == (1_000, 2_000)


def test_two_are_equal_if_the_same_was_given_read_or_not() -> None:
    read = EventOptions({"jitter": "1s"})
    assert read.jitter_ms == 1_000
    assert read == EventOptions({"jitter": "1s"}) != EventOptions({"jitter": "1000ms"})


def test_users_do_not_see_whose_flow_it_is() -> None:
    options = EventOptions({"flow": {"key": "a"}, "flow_space": "s"})
    assert options.answered == {"flow": {"key": "a"}}
    assert options.flow is not None
    assert options.flow.name("https://example.com") == "s/a"


@pytest.mark.parametrize("name", ["calendars", "on_excluded", "dst"])
def test_a_one_time_event_has_no_settings_of_schedules(name: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        EventOptions({name: ["a"]}).check_one_time()


def test_a_one_time_event_has_its_jitter_checked() -> None:
    EventOptions({"jitter": "1s"}).check_one_time()
    with pytest.raises(InvalidInput, match="jitter"):
        EventOptions({"jitter": "x"}).check_one_time()
