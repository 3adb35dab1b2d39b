"""Hosts whose settings disagree: which setting, and who has which value of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from app.domain.process import ProcessFacts
from app.errors import StoreUnavailable
from app.services.problems.problem import Check, Problem, ProblemCode, StatusFigures

JWT_SECRET = "QHRONOS_JWT_SECRET"  # noqa: S105 - a variable's name
MOST_NAMED = 3
"""How many processes one sentence names of those that have one value."""


def settings(alive: Callable[[], Sequence[ProcessFacts]]) -> Check:
    """Make the check; ``alive`` answers the processes that are alive."""

    def check(_figures: StatusFigures) -> Iterator[Problem]:
        try:
            processes = alive()
        except StoreUnavailable:
            return
        for variable in _differing(processes):
            yield _problem(
                f"{variable} is not the same everywhere",
                _holders(variable, processes),
                "set one value and restart the rest.",
            )
        schemas = _grouped((str(one.schema), one) for one in processes if one.schema)
        if len(schemas) > 1:
            yield _problem(
                "Processes write different forms of the store, because their versions differ",
                schemas,
                "start the newest version everywhere.",
            )

    return check


def _differing(processes: Sequence[ProcessFacts]) -> list[str]:
    """The variables of which there are several values, in their order."""
    variables = dict.fromkeys(name for process in processes for name in process.settings)
    differing = [name for name in variables if len(_holders(name, processes)) > 1]
    # The digests are keyed with this one: where it differs, nothing is known of the others.
    return [JWT_SECRET] if JWT_SECRET in differing else differing


def _holders(variable: str, processes: Sequence[ProcessFacts]) -> list[list[ProcessFacts]]:
    """Those that have one value of a setting, for each value; the most frequent value first."""
    return _grouped((one.settings[variable], one) for one in processes if variable in one.settings)


def _grouped(having: Iterable[tuple[str, ProcessFacts]]) -> list[list[ProcessFacts]]:
    found: dict[str, list[ProcessFacts]] = defaultdict(list)
    for value, process in having:
        found[value].append(process)
    return sorted(found.values(), key=len, reverse=True)


def _problem(what: str, groups: Sequence[Sequence[ProcessFacts]], advice: str) -> Problem:
    named = f"{what}: {' against '.join(map(_named, groups))}; {advice}"
    return Problem(ProblemCode.SETTINGS, f"{what}: {advice}", named)


def _named(processes: Sequence[ProcessFacts]) -> str:
    places = sorted(process.place for process in processes)
    more = len(places) - MOST_NAMED
    return ", ".join(places[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
