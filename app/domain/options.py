"""The settings of an event beside its schedule: read here from JSON, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.domain import misfire, retry
from app.domain.callback import CALLBACKS
from app.domain.durations import parse_duration_ms
from app.domain.expectation import Expectation, parse_expect
from app.domain.flow import FlowSettings, parse_limits
from app.domain.jitter import parse_jitter
from app.domain.misfire import MisfirePolicy, parse_misfire
from app.domain.own_key import key_name
from app.domain.pause import Deletion, Pause
from app.domain.retry import RetryPolicy
from app.domain.retry_form import parse_retry
from app.domain.timetable import ON_EXCLUDED
from app.errors import InvalidInput

OVERLAP = ("allow", "skip", "queue_one", "cancel_previous")
"""What becomes of an occurrence that falls due while the one before it is not over: it is sent all
the same, skipped, or waits (one at most), or it ends the one before."""

DEFAULT_ACK_MS = 3_600_000

_SPACE = "flow_space"
"""Whose flow is meant: kept beside what was given, and never answered."""

_KEY_SPACE = "key_space"
"""Whose key it is; likewise."""

_HIDDEN = (_SPACE, _KEY_SPACE)

_Reader = Callable[[Mapping[str, Any]], Any]

_PLANNING = ("dst", "calendars", "on_excluded", "jitter")
_RECURRING: Mapping[str, Any] = {"calendars": [], "on_excluded": ON_EXCLUDED[0]}
"""What needs a schedule, and what each is if it is left out."""


def _on_excluded(given: Any) -> str:
    if given not in ON_EXCLUDED:
        raise InvalidInput.field("on_excluded", f"must be one of {', '.join(ON_EXCLUDED)}")
    return str(given)


def _pause(given: Any) -> Pause:
    deletion = given.get("deletion")
    return Pause(
        given.get("until_ms"), given.get("note"), None if deletion is None else Deletion(**deletion)
    )


def _flow(given: Mapping[str, Any]) -> FlowSettings | None:
    flow, order = given.get("flow"), given.get("order")
    if flow is None and order != "strict":
        return None
    flow = flow or {}
    limits = parse_limits({**flow, "order": order}, "flow.")
    return FlowSettings(flow.get("key"), given.get(_SPACE, ""), limits)


def _key_name(given: Mapping[str, Any]) -> str | None:
    key = given.get("key")
    return None if key is None else key_name(given.get(_KEY_SPACE, ""), key)


def _setting(name: str, read: Callable[[Any], Any], otherwise: Any) -> _Reader:
    """Reads one setting; ``otherwise`` is what it is if it was not given."""

    def reader(given: Mapping[str, Any]) -> Any:
        value = given.get(name)
        return otherwise if value is None else read(value)

    return reader


_READERS: Mapping[str, _Reader] = {
    "retry": _setting("retry", parse_retry, retry.DEFAULT),
    "misfire": _setting("misfire", parse_misfire, misfire.DEFAULT),
    "jitter_ms": _setting("jitter", parse_jitter, 0),
    "timeout_ms": _setting("timeout", parse_duration_ms, None),
    "ack_timeout_ms": _setting("ack_timeout", parse_duration_ms, DEFAULT_ACK_MS),
    "calendars": _setting("calendars", tuple, ()),
    "on_excluded": _setting("on_excluded", _on_excluded, ON_EXCLUDED[0]),
    "dst": _setting("dst", dict, {}),
    "overlap": _setting("overlap", str, OVERLAP[0]),
    "pause": _setting("pause", _pause, None),
    "flow": _flow,
    "key_name": _key_name,
    "format": _setting("format", str, ""),
    "expect": _setting("expect", parse_expect, None),
}
"""How each value of ``EventOptions`` is read from what was given."""


@dataclass(frozen=True, slots=True)
class EventOptions:
    """The settings of an event, as values, and as they were given.

    ``given`` is the JSON object that is answered and stored: nobody changes it, and what a
    version does not know stays in it. A value is read from it when it is first asked for, and
    kept: what can't be read harms only what needs it. Reading raises ``InvalidInput`` with the
    dotted field. Two are equal if the same was given.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    retry: RetryPolicy = field(init=False, repr=False, compare=False)
    misfire: MisfirePolicy = field(init=False, repr=False, compare=False)
    jitter_ms: int = field(init=False, repr=False, compare=False)
    timeout_ms: int | None = field(init=False, repr=False, compare=False)
    """How long one attempt may take; ``None``: as long as the service's own setting says."""
    ack_timeout_ms: int = field(init=False, repr=False, compare=False)
    """How long a receiver may take to acknowledge."""
    calendars: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Names of the calendars whose days are excluded."""
    on_excluded: str = field(init=False, repr=False, compare=False)
    dst: Mapping[str, str] = field(init=False, repr=False, compare=False)
    """What becomes of wall times that the clock skips or repeats; the schedule's compiler reads
    it."""
    overlap: str = field(init=False, repr=False, compare=False)
    pause: Pause | None = field(init=False, repr=False, compare=False)
    flow: FlowSettings | None = field(init=False, repr=False, compare=False)
    """The flow that the event is in; ``None``: in none."""
    key_name: str | None = field(init=False, repr=False, compare=False)
    """What the store calls the key that the user gave; ``None``: it has none."""
    format: str = field(init=False, repr=False, compare=False)
    """What form its requests have; empty: the service's own."""
    expect: Expectation | None = field(init=False, repr=False, compare=False)
    """Which answers are successes; ``None``: those from 200 to 299."""

    if not TYPE_CHECKING:  # a name that does not exist is still found by the checker

        def __getattr__(self, name: str) -> Any:
            """Read a value that nobody has asked for yet; Python asks here for no other."""
            if name not in _READERS:
                raise AttributeError(name)
            value = _READERS[name](self.given)
            object.__setattr__(self, name, value)
            return value

    @property
    def paused_until_ms(self) -> int | None:
        """When a pause ends by itself; ``None``: there is none, or it does not."""
        return self.pause.until_ms if self.pause else None

    def callback(self, status: str) -> str | None:
        """The URL to tell when an occurrence has ended with this status; ``None``: nobody."""
        url: str | None = self.given.get(CALLBACKS.get(status, ""))
        return url

    @property
    def planning(self) -> tuple[Any, ...]:
        """What an event's scheduled occurrence depends on, as given."""
        return tuple(self.given.get(name) for name in _PLANNING)

    @property
    def answered(self) -> Mapping[str, Any]:
        """The settings that users see, as they gave them."""
        return {name: value for name, value in self.given.items() if name not in _HIDDEN}

    def changed(self, given: Mapping[str, Any]) -> EventOptions:
        """These settings with others in their place; ``None`` takes one away."""
        merged = dict(self.given)
        for name, value in given.items():
            if value is None:
                merged.pop(name, None)
            else:
                merged[name] = value
        return EventOptions(merged)

    def check_one_time(self) -> None:
        """Raise ``InvalidInput`` unless an event without a schedule can have these settings.

        What it has anyway may be given.
        """
        for name, otherwise in _RECURRING.items():
            if self.given.get(name, otherwise) != otherwise:
                raise InvalidInput.field(name, "is for events with a schedule; leave it out")
        _ = self.jitter_ms, self.misfire


NO_OPTIONS = EventOptions()
"""What most events have."""
