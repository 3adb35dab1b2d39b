"""What a rolling upgrade does and in which order; ``make upgrade`` does it."""

from __future__ import annotations

from tests.chaos.versions import AND_BACK, BETWEEN_S, BOTH, EARLIER, THERE, THIS, upgrades

SECONDS = 140.0
PROGRAMS = 8


def test_every_program_is_replaced_when_a_version_is_to_be_the_only_one() -> None:
    faults = upgrades(1, SECONDS, THERE)
    begin_s = SECONDS * 2 / 3
    replaced = {
        (one.target, one.number)
        for one in faults
        if one.how == "term" and begin_s <= one.at_s < begin_s + PROGRAMS * BETWEEN_S
    }
    assert len(replaced) >= PROGRAMS
    assert {target for target, _ in replaced} >= {"deliver", "scheduler", "upkeep", "web"}
    assert [one.at_s for one in faults] == sorted(one.at_s for one in faults)
    assert {one.how for one in faults} <= {"kill", "term"}


def test_on_the_way_back_both_versions_are_there_before_either_is_alone() -> None:
    assert (AND_BACK[0], AND_BACK[-1]) == (EARLIER, THIS)
    assert AND_BACK[1::2] == (BOTH, BOTH, BOTH)
    assert AND_BACK.count(EARLIER) == 2
