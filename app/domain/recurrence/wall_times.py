"""Wall times as instants, where the clock skips them or shows them twice, by an event's ``dst``.

A wall time that was given stays one: what it means is found each time it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from app.domain.recurrence.zones import Stretch, Zone, get_zone
from app.domain.times import MAX_MS, RANGE
from app.errors import InvalidInput

_POLICIES: Final = {"gap": ("next", "skip", "shift"), "repeat": ("first", "second", "both")}
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - on the wall
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Policy:
    """What happens to a wall time that the clock skips, or shows twice."""

    gap: str = "next"
    repeat: str = "first"
    elapsed: bool = False
    """Set by the rule, never by a user, who may ask for the same of a rule in wall time."""


ELAPSED = Policy(gap="skip", repeat="both", elapsed=True)
"""Follows the time that passes: an hour that is left out is not missing, one repeated counts."""


def read_policy(dst: Mapping[str, Any]) -> Policy:
    """Read ``dst``, checking all of it; raises ``InvalidInput`` naming the field."""
    for name, value in dst.items():
        if name not in _POLICIES:
            raise InvalidInput.field(f"dst.{name}", "is not known; dst has gap and repeat")
        if value not in _POLICIES[name]:
            words = _POLICIES[name]
            raise InvalidInput.field(
                f"dst.{name}", f"must be {', '.join(words[:-1])} or {words[-1]}"
            )
    return Policy(gap=dst.get("gap", "next"), repeat=dst.get("repeat", "first"))


class Start(NamedTuple):
    """Where a series begins, in milliseconds.

    ``wall_ms`` is the wall time that was given, counted as if in UTC, where the clock changes
    there: then the instant alone does not tell it. ``None``: it does.
    """

    ms: int
    wall_ms: int | None
    is_skipped: bool = False
    """The clock skips it, and ``dst`` says that nothing occurs then."""


def read_start(naive: datetime, timezone: str, dst: Mapping[str, Any]) -> Start:
    """Read the wall time at which an event starts by its ``dst``.

    Of a time that comes twice, ``both`` means from the first on. With ``skip`` a series whose start
    is skipped begins when the clock goes on. Raises ``InvalidInput``.
    """
    zone, policy = get_zone(timezone), read_policy(dst)
    wall_ms = wall_ms_of(naive)
    found = moments_of(wall_ms, zone, policy)
    before, after = zone.offsets_of(wall_ms // 1000)
    if not found:
        change = _change(wall_ms // 1000, zone)
        return Start(change.start * 1000 + wall_ms % 1000, wall_ms, is_skipped=True)
    if not 0 <= found[0] <= MAX_MS:
        raise InvalidInput.field("start_time", RANGE)
    return Start(found[0], wall_ms if before != after else None)


def wall_ms_of(naive: datetime) -> int:
    """Count the milliseconds of a naive time since 1970, on its own clock."""
    return (naive - _EPOCH) // _MILLISECOND


def naive_of(wall_ms: int) -> datetime:
    """The reverse of ``wall_ms_of``."""
    return _EPOCH + wall_ms * _MILLISECOND


def moments_of(wall_ms: int, zone: Zone, policy: Policy) -> tuple[int, ...]:
    """Return the moments that a wall time means, in order: one, none, or two."""
    wall, fraction = divmod(wall_ms, 1000)
    before, after = zone.offsets_of(wall)
    if before == after:
        return (wall_ms - before * 1000,)
    if before > after:
        copies = (wall_ms - before * 1000, wall_ms - after * 1000)
        return {"first": copies[:1], "second": copies[1:]}.get(policy.repeat, copies)
    if policy.gap == "skip":
        return ()
    if policy.gap == "shift":
        return (wall_ms - before * 1000,)
    return (_change(wall, zone).start * 1000 + fraction,)


def change_at(wall: int, zone: Zone) -> Stretch | None:
    """Return the stretch whose beginning skips a wall time or brings it again, if one does."""
    before, after = zone.offsets_of(wall)
    return None if before == after else _change(wall, zone)


def latest_of(wall_ms: int, zone: Zone) -> int:
    """Return a moment after which no wall time up to this one fires, whatever the policy."""
    latest = wall_ms - min(zone.offsets_of(wall_ms // 1000)) * 1000
    stretch = zone.change_near(latest // 1000)
    if stretch is None:
        return latest
    # What the clock has just skipped may be shifted behind what it shows now.
    return (stretch.start + stretch.offset - stretch.before) * 1000 - 1


def end_of(wall_ms: int, zone: Zone, policy: Policy) -> int:
    """Return the last moment, by the time that passes, at which the clock is not past a wall time.

    In a gap that is the moment before the clock jumps; of two copies the one that ``policy`` has.
    """
    wall = wall_ms // 1000
    before, after = zone.offsets_of(wall)
    if before < after:
        return _change(wall, zone).start * 1000 - 1
    return moments_of(wall_ms, zone, policy)[-1]


def _change(wall: int, zone: Zone) -> Stretch:
    """Return the stretch that begins with the change that touches a wall time."""
    stretch = zone.stretch_at(wall - min(zone.offsets_of(wall)))
    while stretch.before == stretch.offset:  # cut at the turn of a year, where nothing changes
        stretch = zone.stretch_at(stretch.start - 1)
    return stretch
