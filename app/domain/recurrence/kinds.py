"""The four ways to write a rule, each compiled to a series and to words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.domain.budget import BudgetExceeded, current
from app.domain.durations import format_duration, parse_duration_ms
from app.domain.recurrence.build import SUB_DAILY, build_pattern
from app.domain.recurrence.context import Context
from app.domain.recurrence.cron import Cron, read_cron
from app.domain.recurrence.cron_zones import check_zone
from app.domain.recurrence.explain import explain_end, explain_every, explain_rule
from app.domain.recurrence.moments import LAST_MS, day_end_ms
from app.domain.recurrence.naming import Naming
from app.domain.recurrence.pattern import Pattern
from app.domain.recurrence.rrule_text import MAX_TEXT, read_parts
from app.domain.recurrence.rule import (
    PARTS,
    WEEKDAYS,
    Rule,
    Until,
    read_count,
    read_rule,
    read_until,
)
from app.domain.recurrence.series import Every, Series, WallSeries
from app.domain.recurrence.wall_times import ELAPSED, Policy, end_of, latest_of, naive_of
from app.domain.recurrence.zones import DAY, HORIZON, wall_datetime
from app.errors import InvalidInput

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "frequency": PARTS,
    "rrule": ("rrule",),
    "cron": ("cron", "count", "until"),
    "every": ("every", "count", "until"),
}
"""What tells the kind, and the members that may stand with it."""

DEFAULTS: Final[Mapping[str, Any]] = {"interval": 1, "week_start": WEEKDAYS[0]}
"""What parts of a rule are if they are left out."""

MAX_WALKED_COUNT: Final = 100_000
_WALK_AT_MOST: Final = 100
_RULE_STEPS: Final = 50
_CRON_STEPS: Final = 400
"""What it costs to read a rule, in steps."""

_SHORTEST_PERIOD_MS: Final = 1_000
_SECONDS = {"secondly": 1, "minutely": 60, "hourly": 3600, "daily": DAY, "weekly": 7 * DAY}


@dataclass(frozen=True, slots=True)
class Compiled:
    """One rule, ready."""

    series: Series
    words: str


def compile_kind(kind: str, given: Mapping[str, Any], path: str, context: Context) -> Compiled:
    """Compile a mapping whose members are known to belong to its kind."""
    current().spend(_steps_to_read(kind, given))
    if kind == "every":
        return _compile_every(given, path, context)
    if kind == "cron":
        return _compile_cron(given, path, context)
    if kind == "rrule":
        naming = Naming(f"{path}.rrule", is_text=True)
        return _compile_rule(read_parts(given["rrule"], naming.path), naming, context)
    return _compile_rule(given, Naming(path), context)


def _steps_to_read(kind: str, given: Mapping[str, Any]) -> int:
    if kind == "cron":
        # Each term of a list is made into all that it stands for, then put into words.
        return _CRON_STEPS + min(len(str(given["cron"])), MAX_TEXT)
    if kind == "rrule":
        return _RULE_STEPS + str(given["rrule"]).count(",", 0, MAX_TEXT)
    return _RULE_STEPS + sum(len(part) for part in given.values() if isinstance(part, list | tuple))


def _compile_every(given: Mapping[str, Any], path: str, context: Context) -> Compiled:
    naming = Naming(path)
    text = given["every"]
    try:
        period_ms = parse_duration_ms(text if isinstance(text, str) else "")
    except InvalidInput as error:
        raise naming.error("every", error.message) from None
    if period_ms < _SHORTEST_PERIOD_MS:
        raise naming.error("every", "must be at least 1s")
    series = Every(context.start_ms, period_ms)
    count = read_count(given, naming)
    until = read_until(given, naming, context.zone)
    _end(series, until, context)
    if count is not None:
        series.end_ms = context.start_ms + (count - 1) * period_ms
    start = wall_datetime(context.start_shown)
    words = explain_every(format_duration(period_ms), start, context.zone)
    return Compiled(series, words + explain_end(count, until, context.zone))


def _compile_cron(given: Mapping[str, Any], path: str, context: Context) -> Compiled:
    naming = Naming(path)
    cron = read_cron(given["cron"], f"{path}.cron", is_new=context.ends.may_be_misread)
    check_zone(cron.zone, context.zone, f"{path}.cron")
    if context.ends.is_new and not cron.pattern.can_match(context.start_wall):
        raise naming.error("cron", "never matches any date; change its day or month")
    series = _cron_series(cron, context)
    count = read_count(given, naming)
    until = read_until(given, naming, context.zone)
    _end(series, until, context)
    if count is not None:
        series.end_ms = _walk(series, count, naming, context)
    words = f"{cron.words} {context.zone.name}"
    return Compiled(series, words + explain_end(count, until, context.zone))


def _cron_series(cron: Cron, context: Context) -> WallSeries:
    """Follow Debian's cron across a change of the clock.

    With a wildcard it runs by elapsed time. So it does through a gap with a field of seconds,
    which Debian's cron does not have, unless a policy is given.
    """
    policy = context.policy
    if cron.is_wildcard:
        policy = ELAPSED
    elif cron.has_seconds and not context.gap_is_given:
        policy = replace(policy, gap="skip")
    return _wall_series(cron.pattern, context, policy, fraction_ms=0, in_steps=False)


def _wall_series(
    pattern: Pattern, context: Context, policy: Policy, *, fraction_ms: int, in_steps: bool
) -> WallSeries:
    series = WallSeries(
        pattern,
        context.zone,
        policy,
        context.start_ms,
        fraction_ms,
        in_steps=in_steps,
        start_offset=context.start_offset,
    )
    if context.start_wall != context.start_shown:
        series.first_wall = context.start_wall
    return series


def _end(series: Series, until: Until | None, context: Context) -> None:
    """Let a series end with ``until``, which it compares with its own kind of time."""
    if until is None:
        return
    zone = context.zone
    if not until.is_wall:
        series.end_ms = until.ms
    elif isinstance(series, WallSeries) and not series.policy.elapsed:
        series.end_wall = (until.ms - series.fraction_ms) // 1000
        series.end_ms = latest_of(until.ms, zone)
    elif until.is_day:
        series.end_ms = day_end_ms(naive_of(until.ms).date(), zone)
    else:
        series.end_ms = end_of(until.ms, zone, context.policy)
    if series.end_ms is not None:
        series.end_ms = min(series.end_ms, LAST_MS)


def _compile_rule(parts: Mapping[str, Any], naming: Naming, context: Context) -> Compiled:
    rule = read_rule(parts, naming, context.zone)
    pattern = build_pattern(rule, context.start_wall)
    series = _rule_series(pattern, rule, context) if pattern is not None else None
    if series is None or (context.ends.is_new and not _can_match(series, context)):
        path = naming.path if naming.is_text else f"{naming.path}.frequency"
        raise InvalidInput.field(
            path, "never matches, or too rarely to wait for; change the rule so that it does"
        )
    _end(series, rule.until, context)
    if rule.count is not None:
        series.end_ms = _end_of_count(series, rule, rule.count, naming, context)
    words = explain_rule(rule, wall_datetime(context.start_wall), context.zone)
    return Compiled(series, words + explain_end(rule.count, rule.until, context.zone))


def _runs_by_elapsed_time(rule: Rule) -> bool:
    """Whether an hour means sixty minutes; a rule that names hours means those on the wall."""
    return rule.frequency in SUB_DAILY and not rule.by_hour


def _can_match(series: WallSeries, context: Context) -> bool:
    pattern, wall = series.pattern, context.start_wall
    if not series.in_steps:
        return pattern.can_match(wall)
    # In elapsed time the hours wander with the clock, so another offset may match.
    instant = context.start_ms // 1000
    stretch = context.zone.stretch_at(instant)
    offsets = {stretch.offset, stretch.before, stretch.after}
    shifts = sorted((offset - context.start_offset for offset in offsets), key=abs)
    if not any(pattern.can_match(wall, shift) for shift in shifts):
        return False
    return series.ceil(context.start_ms) is not None


def _rule_series(pattern: Pattern, rule: Rule, context: Context) -> WallSeries:
    by_elapsed = _runs_by_elapsed_time(rule)
    return _wall_series(
        pattern,
        context,
        ELAPSED if by_elapsed else context.policy,
        fraction_ms=0 if rule.by_second else context.start_ms % 1000,
        in_steps=by_elapsed and pattern.grid is not None,
    )


def _end_of_count(
    series: Series, rule: Rule, count: int, naming: Naming, context: Context
) -> int | None:
    """Return when the series has had ``count`` occurrences: by arithmetic, else by a walk."""
    step = _SECONDS.get(rule.frequency)
    is_plain = not any(getattr(rule, part) for part in PARTS if part.startswith("by_"))
    if step is not None and is_plain:
        ahead = (count - 1) * rule.interval * step
        if _runs_by_elapsed_time(rule):
            begins = (context.start_wall - context.start_offset) * 1000 + context.start_ms % 1000
            return begins + ahead * 1000
        wall = context.start_wall + ahead
        policy = context.policy
        if count > _WALK_AT_MOST and policy.gap != "skip" and policy.repeat != "both":
            if wall >= HORIZON:
                return None
            return latest_of(wall * 1000 + context.start_ms % 1000, context.zone)
    return _walk(series, count, naming, context)


def _walk(series: Series, count: int, naming: Naming, context: Context) -> int | None:
    if count > MAX_WALKED_COUNT:
        raise naming.error(
            "count", f"must be at most {MAX_WALKED_COUNT} for this rule; give until instead"
        )
    try:
        return context.ends.next(lambda: _nth(series, count, context.start_ms))
    except BudgetExceeded:
        raise naming.error(
            "count", "takes too long to count to for this rule; give until instead"
        ) from None


def _nth(series: Series, count: int, start_ms: int) -> int | None:
    """Return occurrence number ``count`` of a series, ``None`` if it has fewer."""
    found = series.ceil(start_ms)
    for _ in range(count - 1):
        if found is None:
            return None
        found = series.ceil(found + 1)
    return found
