"""The ``retry`` setting of an event, as users write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.durations import parse_duration_ms
from app.domain.retry import DEFAULT, RetryPolicy
from app.errors import InvalidInput

MAX_ATTEMPTS = 100
MAX_DELAY_MS = 30 * 86_400_000
MAX_FACTOR = 100

_RULE = {
    "backoff": "exponential",
    "first": DEFAULT.first_ms,
    "factor": DEFAULT.factor,
    "max": DEFAULT.max_ms,
    "jitter": DEFAULT.jitter,
}
"""The members of a rule, and what each is if it is left out; durations are ms."""

_RULE_KEYS = tuple(_RULE)
_KEYS = ("attempts", "delays", "max_age", *_RULE_KEYS)


def parse_retry(value: Any) -> RetryPolicy:
    """Read ``retry``, checking all of it.

    Either a list, whose last delay repeats, or a rule::

        {"attempts": 4, "delays": ["5s", "5m"], "max_age": "1d"}
        {"attempts": 8, "backoff": "exponential", "first": "15s", "factor": 4, "max": "1d",
         "jitter": 0.2, "max_age": "2d"}
        {"attempts": 8, "backoff": "fixed", "first": "1m"}

    The rule may also stand as ``{"attempts": 8, "delays": {"backoff": …}}``. What is left out is
    as in ``DEFAULT``, and may be given so where it has no meaning; a list without ``attempts`` is
    used up once. Raises ``InvalidInput`` naming the field.
    """
    given = _mapping("retry", value, _KEYS)
    rule = {key: given[key] for key in _RULE_KEYS if key in given}
    delays = given.get("delays")
    if delays is None:
        return _rule(given, "retry", rule)
    for key, one in rule.items():
        if not _is_default(key, one):
            raise InvalidInput.field(f"retry.{key}", "must not stand beside delays")
    if isinstance(delays, Mapping):
        return _rule(given, "retry.delays", _mapping("retry.delays", delays, _RULE_KEYS))
    return _listed(given, delays)


def _listed(given: Mapping[str, Any], delays: Any) -> RetryPolicy:
    if not isinstance(delays, list | tuple) or not 1 <= len(delays) <= MAX_ATTEMPTS:
        raise InvalidInput.field(
            "retry.delays", 'must be a list of 1 to 100 durations such as ["5s", "5m"]'
        )
    return RetryPolicy(
        attempts=_attempts(given, min(len(delays) + 1, MAX_ATTEMPTS)),
        delays_ms=tuple(_delay("retry.delays", delay) for delay in delays),
        jitter=0.0,
        max_age_ms=_max_age(given),
    )


def _rule(given: Mapping[str, Any], path: str, rule: Mapping[str, Any]) -> RetryPolicy:
    backoff = rule.get("backoff", "exponential")
    if backoff not in ("exponential", "fixed"):
        raise InvalidInput.field(f"{path}.backoff", "must be 'exponential' or 'fixed'")
    fixed = backoff == "fixed"
    if fixed:
        for key in ("factor", "max"):
            if key in rule and not _is_default(key, rule[key]):
                raise InvalidInput.field(f"{path}.{key}", "goes with exponential backoff only")
        rule = {key: one for key, one in rule.items() if key not in ("factor", "max")}
    first = _delay(f"{path}.first", rule["first"]) if "first" in rule else DEFAULT.first_ms
    longest = _delay(f"{path}.max", rule["max"]) if "max" in rule else max(first, DEFAULT.max_ms)
    return RetryPolicy(
        attempts=_attempts(given, DEFAULT.attempts),
        first_ms=first,
        factor=1.0 if fixed else _number(path, "factor", rule, (1, MAX_FACTOR), DEFAULT.factor),
        max_ms=longest,
        jitter=_number(path, "jitter", rule, (0, 1), DEFAULT.jitter),
        max_age_ms=_max_age(given),
    )


def _is_default(key: str, value: Any) -> bool:
    """Whether a member of a rule says what would be so without it."""
    if key in ("first", "max"):
        try:
            value = _duration(key, value)
        except InvalidInput:
            return False
    return not isinstance(value, bool) and bool(value == _RULE[key])


def _mapping(path: str, value: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput.field(path, 'must be an object such as {"attempts": 5}')
    if not set(value) <= set(known):
        raise InvalidInput.field(path, f"may only have the members {', '.join(known)}")
    return value


def _attempts(given: Mapping[str, Any], default: int) -> int:
    value = given.get("attempts", default)
    if type(value) is not int or not 1 <= value <= MAX_ATTEMPTS:
        raise InvalidInput.field("retry.attempts", "must be a whole number from 1 to 100")
    return value


def _max_age(given: Mapping[str, Any]) -> int | None:
    value = given.get("max_age")
    return None if value is None else _duration("retry.max_age", value)


def _delay(path: str, value: Any) -> int:
    ms = _duration(path, value)
    if ms > MAX_DELAY_MS:
        raise InvalidInput.field(path, "must be at most 30d")
    return ms


def _duration(path: str, value: Any) -> int:
    if type(value) is int and 0 <= value < 10**9:
        value = str(value)
    if not isinstance(value, str):
        raise InvalidInput.field(path, "must be a duration such as 30s, 5m or 1h30m")
    try:
        return parse_duration_ms(value)
    except InvalidInput as error:
        raise InvalidInput.field(path, error.message) from None


def _number(
    path: str, key: str, rule: Mapping[str, Any], limits: tuple[int, int], default: float
) -> float:
    value = rule.get(key, default)
    low, high = limits
    if type(value) not in (int, float) or not low <= value <= high:
        raise InvalidInput.field(f"{path}.{key}", f"must be a number from {low} to {high}")
    return float(value)
