"""The store is not of this version's form, and nobody brings it there."""

from __future__ import annotations

from collections.abc import Iterator

from app.services.problems.problem import Check, Problem, ProblemCode, StatusFigures

STILL_S = 180.0
"""How long a migration may make no step: upkeep goes on with it every half minute."""


def migration(newest: int) -> Check:
    """Make the check; ``newest`` is the form that this version brings a store to."""

    def check(figures: StatusFigures) -> Iterator[Problem]:
        schema = figures.watched.schema
        if schema is None or schema >= newest:
            return
        # (If none was ever made, or long ago for another version: since this one runs.)
        still_s = min((figures.now_ms - figures.watched.migrated_ms) / 1000, figures.up_s)
        if still_s > STILL_S:
            yield Problem(
                ProblemCode.MIGRATION,
                f"The store has form {schema} and is to get form {newest}, and nothing was done "
                f"for that for {still_s / 60:.0f} min: see in the log of the upkeep worker what "
                "holds it up, and restart it.",
            )

    return check
