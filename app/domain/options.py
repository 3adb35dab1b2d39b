"""The settings of an event beside its schedule: read here from JSON, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from app.domain import misfire, retry
from app.domain.callback import CALLBACKS
from app.domain.durations import parse_duration_ms
from app.domain.flow import FlowSettings, parse_limits
from app.domain.jitter import parse_jitter
from app.domain.misfire import parse_misfire
from app.domain.pause import Pause
from app.domain.retry_form import parse_retry
from app.domain.timetable import ON_EXCLUDED
from app.errors import InvalidInput

OVERLAP = ("allow", "skip", "queue_one", "cancel_previous")
"""What becomes of an occurrence that falls due while the one before it is not over: it is sent all
the same, skipped, or waits (one at most), or it ends the one before."""

DEFAULT_ACK_MS = 3_600_000

_SPACE = "flow_space"
"""Whose flow is meant: kept beside what was given, and never answered."""

_PLANNING = ("dst", "calendars", "on_excluded", "jitter")
_RECURRING = ("calendars", "on_excluded", "dst")

Value = TypeVar("Value")


class _Setting(Generic[Value]):
    """A setting whose value is read when it is first asked for, and kept."""

    def __init__(self, name: str, read: Callable[[Any], Value], otherwise: Value) -> None:
        self._name = name
        self._read = read
        self._otherwise = otherwise

    def __get__(self, options: EventOptions, _owner: type[EventOptions]) -> Value:
        known = options.known
        if self._name not in known:
            given = options.given.get(self._name)
            known[self._name] = self._otherwise if given is None else self._read(given)
        value: Value = known[self._name]
        return value


def _on_excluded(given: Any) -> str:
    if given not in ON_EXCLUDED:
        raise InvalidInput.field("on_excluded", f"must be one of {', '.join(ON_EXCLUDED)}")
    return str(given)


def _pause(given: Any) -> Pause:
    return Pause(given.get("until_ms"), given.get("note"))


@dataclass(frozen=True, slots=True)
class EventOptions:
    """The settings of an event, as values, and as they were given.

    ``given`` is the JSON object that is answered and stored: nobody changes it, and what a
    version does not know stays in it. A value is read from it when it is first asked for, so that
    what can't be read harms only what needs it. Reading raises ``InvalidInput`` with the dotted
    field. Two are equal if the same was given.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The values that were asked for already."""

    retry = _Setting("retry", parse_retry, retry.DEFAULT)
    misfire = _Setting("misfire", parse_misfire, misfire.DEFAULT)
    jitter_ms = _Setting("jitter", parse_jitter, 0)
    timeout_ms = _Setting[int | None]("timeout", parse_duration_ms, None)
    """How long one attempt may take; ``None``: as long as the service's own setting says."""
    ack_timeout_ms = _Setting("ack_timeout", parse_duration_ms, DEFAULT_ACK_MS)
    """How long a receiver may take to acknowledge."""
    calendars = _Setting[tuple[str, ...]]("calendars", tuple, ())
    """Names of the calendars whose days are excluded."""
    on_excluded = _Setting("on_excluded", _on_excluded, ON_EXCLUDED[0])
    dst = _Setting[Mapping[str, str]]("dst", dict, {})
    """What becomes of wall times that the clock skips or repeats; the schedule's compiler reads
    it."""
    overlap = _Setting("overlap", str, OVERLAP[0])
    pause = _Setting[Pause | None]("pause", _pause, None)

    @property
    def paused_until_ms(self) -> int | None:
        """When a pause ends by itself; ``None``: there is none, or it does not."""
        return self.pause.until_ms if self.pause else None

    @property
    def flow(self) -> FlowSettings | None:
        """The flow that the event is in; ``None``: in none."""
        given, order = self.given.get("flow"), self.given.get("order")
        if given is None and order != "strict":
            return None
        if "flow" not in self.known:
            flow = given or {}
            limits = parse_limits({**flow, "order": order}, "flow.")
            self.known["flow"] = FlowSettings(flow.get("key"), self.given.get(_SPACE, ""), limits)
        found: FlowSettings = self.known["flow"]
        return found

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
        return {name: value for name, value in self.given.items() if name != _SPACE}

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
        """Raise ``InvalidInput`` unless an event without a schedule can have these settings."""
        for name in _RECURRING:
            if name in self.given:
                raise InvalidInput.field(name, "is for events with a schedule; leave it out")
        _ = self.jitter_ms, self.misfire


NO_OPTIONS = EventOptions()
"""What most events have."""
