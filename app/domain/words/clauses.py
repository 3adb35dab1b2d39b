"""What a text says, part by part, before it is made into a schedule."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.domain.words.clocks import Day, TimeOfDay


@dataclass(slots=True)
class Clause:
    """One rule as it was said. What was not said is empty."""

    period: tuple[int, str] | None = None
    fixed: str = ""
    is_every: bool = False
    """Something says that it repeats: every, each, a plural."""
    weekdays: tuple[int, ...] = ()
    position: list[tuple[int, int | str]] = field(default_factory=list)
    of: str = ""
    yearly: list[Day] = field(default_factory=list)
    months: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    times: list[TimeOfDay] = field(default_factory=list)
    is_extended: bool = False
    """Times were added to those before: days that follow may belong to some of them alone."""
    minutes: tuple[int, ...] = ()
    window: tuple[TimeOfDay, TimeOfDay] | None = None
    until: tuple[Day, TimeOfDay | None] | None = None
    count: int | None = None
    except_months: tuple[int, ...] = ()
    except_weekdays: tuple[int, ...] = ()
    except_days: list[Day] = field(default_factory=list)
    last: str = ""
    """What its last form said."""
    said: str = ""
    """The words of it, to show in a question."""


@dataclass(slots=True)
class Sentence:
    """All that a text says: rules, or one moment, and what is common to them."""

    clauses: list[Clause] = field(default_factory=list)
    zone: str | None = None
    start: tuple[Day, TimeOfDay | None] | None = None
    day: Day | None = None
    delay: tuple[int, str] | str | None = None
