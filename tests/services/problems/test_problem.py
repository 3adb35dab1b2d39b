"""A problem is told to everybody, and with the hosts that it is about to admins."""

from __future__ import annotations

import pytest

from app.services.problems.problem import Problem, ProblemCode

OF_HOSTS = Problem(ProblemCode.KEYS, "two lack it", "a and b lack it")
OF_NONE = Problem(ProblemCode.LAG, "late")


@pytest.mark.parametrize(
    ("problem", "admin", "told"),
    [
        (OF_HOSTS, True, "a and b lack it"),
        (OF_HOSTS, False, "two lack it"),
        (OF_NONE, True, "late"),
        (OF_NONE, False, "late"),
    ],
)
def test_only_admins_are_told_of_hosts(problem: Problem, admin: bool, told: str) -> None:
    assert problem.told_to(admin=admin) == told
