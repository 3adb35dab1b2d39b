"""Settings of an event: as values where they are used, as given where they are answered."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain import misfire, retry
from app.domain.options import NO_OPTIONS, EventOptions
from app.domain.pause import Pause
from app.domain.retry import RetryPolicy
from app.errors import InvalidInput

GIVEN: dict[str, Any] = {
    "retry": {"attempts": 2, "delays": ["5s"]},
    "misfire": {"policy": "skip", "grace": "1m"},
    "jitter": "10m",
    "timeout": "20s",
    "ack_timeout": "5m",
    "calendars": ["a", "b"],
    "on_excluded": "next_day",
    "dst": {"gap": "skip"},
    "overlap": "skip",
    "pause": {"until_ms": 7, "note": "why"},
}
VALUES: dict[str, Any] = {
    "retry": RetryPolicy(attempts=2, delays_ms=(5_000,), jitter=0.0),
    "misfire": misfire.MisfirePolicy(60_000, "skip"),
    "jitter_ms": 600_000,
    "timeout_ms": 20_000,
    "ack_timeout_ms": 300_000,
    "calendars": ("a", "b"),
    "on_excluded": "next_day",
    "dst": {"gap": "skip"},
    "overlap": "skip",
    "pause": Pause(7, "why"),
    "paused_until_ms": 7,
}
DEFAULTS: dict[str, Any] = {
    "retry": retry.DEFAULT,
    "misfire": misfire.DEFAULT,
    "jitter_ms": 0,
    "timeout_ms": None,
    "ack_timeout_ms": 3_600_000,
    "calendars": (),
    "on_excluded": "skip",
    "dst": {},
    "overlap": "allow",
    "pause": None,
    "paused_until_ms": None,
}


@pytest.mark.parametrize("name", VALUES)
def test_each_setting_is_a_value_and_has_a_default(name: str) -> None:
    assert getattr(EventOptions(GIVEN), name) == VALUES[name]
    assert getattr(NO_OPTIONS, name) == DEFAULTS[name]
    assert getattr(EventOptions(dict.fromkeys(GIVEN)), name) == DEFAULTS[name]


def test_a_setting_is_read_once() -> None:
    options = EventOptions(GIVEN)
    assert options.retry is options.retry
    flow = EventOptions({"flow": {"key": "k"}})
    assert flow.flow is flow.flow


@pytest.mark.parametrize(
    ("name", "value", "attribute", "field"),
    [
        ("retry", {"attempts": 0}, "retry", "retry.attempts"),
        ("misfire", {"limit": 0}, "misfire", "misfire.limit"),
        ("jitter", "soon", "jitter_ms", "jitter"),
        ("jitter", "8d", "jitter_ms", "jitter"),
        ("on_excluded", "hope", "on_excluded", "on_excluded"),
        ("flow", {"rate": "often"}, "flow", "flow.rate"),
    ],
)
def test_what_can_not_be_read_is_named_and_harms_nothing_else(
    name: str, value: Any, attribute: str, field: str
) -> None:
    """A later version may have stored what this one can't read: it delivers all the same."""
    options = EventOptions({**GIVEN, name: value})
    for _ in range(2):
        with pytest.raises(InvalidInput) as caught:
            getattr(options, attribute)
        assert list(caught.value.fields) == [field]
    for other in VALUES.keys() - {attribute}:
        assert getattr(options, other) == VALUES[other]
    assert options.answered == options.given


def test_what_a_version_does_not_know_is_kept_and_answered() -> None:
    options = EventOptions({"future": {"a": 1}}).changed({"jitter": "1m"})
    assert options.given == {"future": {"a": 1}, "jitter": "1m"}
    assert options.answered == options.given


def test_changing_keeps_the_order_in_which_settings_were_given() -> None:
    """They are answered and stored in it: a change that changes nothing must not move them."""
    before = EventOptions({"timeout": "1s", "jitter": "1m", "order": "any"})
    after = before.changed({"jitter": "2m", "timeout": None, "overlap": "skip", "retry": None})
    assert list(after.given.items()) == [("jitter", "2m"), ("order", "any"), ("overlap", "skip")]
    assert list(before.given) == ["timeout", "jitter", "order"]
    assert (before.jitter_ms, after.jitter_ms) == (60_000, 120_000)


def test_two_are_equal_if_the_same_was_given() -> None:
    one, other = EventOptions({"jitter": "1m"}), EventOptions({"jitter": "1m"})
    assert one.jitter_ms == 60_000
    assert one == other != EventOptions({"jitter": "60s"})


def test_whose_flow_is_meant_is_nobodys_business() -> None:
    options = EventOptions({"flow_space": "s", "flow": {"key": "k"}})
    assert options.answered == {"flow": {"key": "k"}}
    assert options.flow is not None
    assert options.flow.name("https://example.com/") == "s/k"


def test_whose_key_is_meant_is_nobodys_business() -> None:
    options = EventOptions({"key_space": "s", "key": "k"})
    assert (options.answered, options.key_name) == ({"key": "k"}, "s/k")
    assert NO_OPTIONS.key_name is None


def test_who_is_told_of_an_end() -> None:
    options = EventOptions({"on_failure": "https://sad.example/"})
    assert options.callback("failed") == "https://sad.example/"
    assert options.callback("completed") is options.callback("missed") is None


def test_only_planning_settings_have_an_event_planned_anew() -> None:
    planning = {"dst": {}, "calendars": ["a"], "on_excluded": "skip", "jitter": "1m"}
    for name, value in planning.items():
        assert EventOptions({name: value}).planning != NO_OPTIONS.planning
    assert EventOptions({"retry": {"attempts": 2}}).planning == NO_OPTIONS.planning


@pytest.mark.parametrize("name", ["calendars", "on_excluded"])
def test_a_one_time_event_has_no_settings_of_schedules(name: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        EventOptions({name: ["a"]}).check_one_time()


def test_a_one_time_event_has_its_jitter_checked() -> None:
    EventOptions({"jitter": "1s"}).check_one_time()
    with pytest.raises(InvalidInput, match="jitter"):
        EventOptions({"jitter": "x"}).check_one_time()
