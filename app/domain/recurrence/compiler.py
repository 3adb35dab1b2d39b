"""From the ``schedule`` of a request to a ``Recurrence``, or to the field that is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from app.domain.budget import BudgetExceeded, current, limited
from app.domain.recurrence.amendments import read_amendments
from app.domain.recurrence.context import Context, Ends
from app.domain.recurrence.explain import explain_amendments
from app.domain.recurrence.kinds import DEFAULTS, KINDS, Compiled, compile_kind
from app.domain.recurrence.recurrence import Recurrence
from app.domain.recurrence.wall_times import Start, read_policy
from app.domain.recurrence.zones import ASSUMED_UTC, EARLIEST, HORIZON, get_zone
from app.errors import InvalidInput

MAX_RULES: Final = 100
_MOST_EXCLUDED_FIRST = 10_000
_EMPTY_STEPS = 30_000
"""How far an occurrence that is not excluded is looked for, in steps."""

_NOTHING = object()

_LAST_START = HORIZON - 365 * 86_400


def compile_schedule(
    schedule: Mapping[str, Any],
    start_ms: int,
    timezone: str | None,
    *,
    dst: Mapping[str, str] | None = None,
    ends: Sequence[int | None] | None = None,
    is_kept: bool = False,
    start_wall_ms: int | None = None,
) -> Recurrence:
    """Check a schedule and make it ready to be asked for its occurrences.

    ``start_ms`` is UTC milliseconds; nothing happens before it, and it is an occurrence only if
    the rule says so. ``timezone`` is an IANA name, UTC if ``None``. ``dst`` chooses what happens
    to a wall time that the clock skips (``gap``: ``next`` moment after the gap, ``skip``, or
    ``shift`` by the length of the gap) or shows twice (``repeat``: ``first``, ``second``,
    ``both``). Raises ``InvalidInput`` with the dotted field, as in ``schedule.interval``.

    ``ends`` says that the schedule was accepted before, and what its counts came to then
    (``Recurrence.ends``): neither they nor what costs a search is looked at again.
    ``is_kept`` says that it is judged anew, but was accepted before: then what can be read, and
    surely means something else to who wrote it, is not refused any more.

    ``start_wall_ms`` is the wall time that was given for the start (``Start.wall_ms``): what a rule
    leaves out is taken from it.
    """
    zone = ASSUMED_UTC if timezone is None else get_zone(timezone)
    policy = read_policy(dst or {})
    if not EARLIEST * 1000 <= start_ms <= _LAST_START * 1000:
        raise InvalidInput.field("start_time", "must lie between the years 1900 and 9998")
    if not isinstance(schedule, Mapping):
        raise InvalidInput.field("schedule", "must be an object")
    given = {key: value for key, value in schedule.items() if value is not None}
    start, gap_is_given = Start(start_ms, start_wall_ms), "gap" in (dst or {})
    context = Context.of(
        start, zone, policy, Ends(ends, is_kept=is_kept), gap_is_given=gap_is_given
    )
    amendments = read_amendments(given, context, _compile_one)
    compiled = _compile_rules(given, context)
    words = " and ".join(part.words for part in compiled)
    recurrence = Recurrence(
        [part.series for part in compiled] + amendments.including,
        zone,
        start_ms,
        words + explain_amendments(len(amendments.added), len(amendments.removed)),
        policy=policy,
        start_wall_ms=start_wall_ms,
        included=amendments.included,
        included_walls=amendments.included_walls,
        excluded=amendments.excluded,
        excluded_walls=amendments.excluded_walls,
        excluded_days=amendments.excluded_days,
        excluding=amendments.excluding,
        ends=context.ends.found,
    )
    if amendments.removed and ends is None and _is_emptied(recurrence):
        raise InvalidInput.field(
            "schedule.exclude", "leaves no occurrence near the start; exclude less"
        )
    return recurrence


def _is_emptied(recurrence: Recurrence) -> bool:
    """Whether so much is excluded that a search of its own bound finds no occurrence."""
    try:
        with limited(_EMPTY_STEPS):
            return recurrence.is_emptied(_MOST_EXCLUDED_FIRST)
    except BudgetExceeded:
        if not current().left:
            raise  # it was the budget around this one, which says nothing of the exclusions
        return True


def _compile_rules(given: Mapping[str, Any], context: Context) -> list[Compiled]:
    own = {key: value for key, value in given.items() if key not in ("exclude", "include")}
    if "rules" not in own:
        return [_compile_one(own, "schedule", context, also=("rules", "exclude", "include"))]
    rules = own["rules"]
    own = _without_defaults(own, ("rules",))
    if len(own) > 1:
        other = next(key for key in own if key != "rules")
        raise InvalidInput.field(f"schedule.{other}", "can't stand beside rules; put it into them")
    if not isinstance(rules, list | tuple) or not 1 <= len(rules) <= MAX_RULES:
        raise InvalidInput.field("schedule.rules", f"must be a list of 1 to {MAX_RULES} schedules")
    return [
        _compile_one(rule, f"schedule.rules.{index}", context) for index, rule in enumerate(rules)
    ]


def _compile_one(
    schedule: Any, path: str, context: Context, also: tuple[str, ...] = ()
) -> Compiled:
    """Compile one mapping of one of the four kinds."""
    if not isinstance(schedule, Mapping):
        raise InvalidInput.field(path, "must be an object")
    given = {key: value for key, value in schedule.items() if value is not None}
    kinds = [kind for kind in KINDS if kind in given]
    if len(kinds) > 1:
        raise InvalidInput.field(
            f"{path}.{kinds[1]}", f"can't stand beside {kinds[0]}; give one of them"
        )
    if not kinds and not also:
        raise InvalidInput.field(path, f"must have one of {', '.join(KINDS)}")
    allowed = KINDS[kinds[0]] if kinds else KINDS["frequency"]
    given = _without_defaults(given, allowed)
    for key in given:
        if key in KINDS["frequency"] and key not in allowed:
            way = "write it into the rule" if kinds[0] == "rrule" else "leave it out"
            raise InvalidInput.field(f"{path}.{key}", f"can't stand beside {kinds[0]}; {way}")
        if key not in allowed:
            close = get_close_matches(str(key)[:40], [*allowed, *also, *KINDS], 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise InvalidInput.field(f"{path}.{str(key)[:40]}", f"is not known here{hint}")
    if not kinds:
        raise InvalidInput.field(
            f"{path}.frequency", f"is required, or one of {', '.join([*KINDS, 'rules'][1:])}"
        )
    return compile_kind(kinds[0], given, path, context)


def _without_defaults(given: Mapping[str, Any], allowed: Sequence[str]) -> dict[str, Any]:
    """The members but for those that have no meaning here, and say what is so without them."""
    return {
        key: value
        for key, value in given.items()
        if key in allowed or isinstance(value, bool) or value != DEFAULTS.get(key, _NOTHING)
    }
