"""What chaos demands: the times that are owed, and how long a series may be late."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.chaos.ledger import Entry, has_changed
from tests.chaos.metronome import Metronome
from tests.chaos.plants import PLANTS
from tests.chaos.standing import RECOVERY_MS, Explanations
from tests.chaos.timeline import Shape, Timeline
from tests.support.api_client import Answer
from tests.support.processes import ROOT
from tests.support.stalls import LONGEST_S, SHORTEST_S, stalls

EVERY_SECOND = Shape(0, 1_000)


def of(*versions: tuple[int, int, Shape | None]) -> Timeline:
    timeline = Timeline()
    for version in versions:
        timeline.write(*version)
    return timeline


def test_a_shape_has_its_rhythm_and_what_is_included_less_what_is_excluded() -> None:
    shape = Shape(500, 1_000, exclude=frozenset({2_500}), include=frozenset({2_750}))
    assert list(shape.between(0, 4_000)) == [500, 1_500, 2_750, 3_500]
    assert [shape.has(at) for at in (500, 1_000, 2_500, 2_750)] == [True, False, False, True]
    assert shape.next_after(1_500) == 2_750
    assert list(Shape(7).between(0, 10)) == [7]


def test_a_time_is_owed_once_the_event_is_known_to_have_it() -> None:
    """What came between the call and its answer may have been too early for it."""
    assert of((900, 2_100, EVERY_SECOND)).owed(5_000) == {3_000, 4_000}


def test_a_change_takes_away_only_what_comes_after_it() -> None:
    gone = EVERY_SECOND.changed(exclude=frozenset({2_000, 3_000, 4_000}))
    timeline = of((0, 100, EVERY_SECOND), (2_500, 3_500, gone))
    assert timeline.owed(6_000) == {1_000, 2_000, 5_000}


def test_what_both_versions_have_is_owed_through_the_change() -> None:
    both = EVERY_SECOND.changed(exclude=frozenset({9_000}))
    assert of((0, 100, EVERY_SECOND), (1_500, 2_500, both)).owed(4_000) == {1_000, 2_000, 3_000}


def test_what_a_later_change_may_have_taken_already_is_not_owed() -> None:
    """Several processes learn of a calendar in their own time: what they learn may overlap."""
    timeline = of((0, 1, None), (1_200, 2_700, EVERY_SECOND), (1_500, 3_000, None))
    assert timeline.owed(6_000) == set()
    assert timeline.in_force(2_000, 2_000) == timeline.versions
    assert timeline.in_force(2_800, 2_900) == timeline.versions[1:]
    assert timeline.in_force(3_001, 9_000) == timeline.versions[2:]


def test_nothing_is_owed_while_an_event_is_paused() -> None:
    timeline = of((0, 1, EVERY_SECOND), (1_950, 2_050, None), (3_950, 4_050, EVERY_SECOND))
    assert timeline.owed(6_000) == {1_000, 5_000}


def test_what_an_event_did_not_have_then_was_made_up() -> None:
    """It may have fired by what was in force about then; afterwards it may not."""
    timeline = of((0, 1, EVERY_SECOND), (2_700, 2_800, None))
    timeline.beside.add(123)
    entry = Entry("some", EVERY_SECOND, timeline)
    asked = {1_000: True, 123: True, 124: False, 3_000: True, 4_000: False}
    assert {at: entry.may_have(at) for at in asked} == asked
    entry.excused.append((3_500, 4_500))
    assert entry.may_have(4_000)


def test_a_create_that_was_made_before_has_changed_nothing_more() -> None:
    """Its entry in the audit log is that of the try whose answer was lost."""
    made = Answer(201, {"x-request-id": "a"}, b"{}")
    replayed = Answer(201, {"x-request-id": "b", "idempotent-replayed": "true"}, b"{}")
    assert has_changed(0, made)
    assert not has_changed(0, replayed)


def test_what_spreads_is_learned_later_on_a_slow_machine() -> None:
    timeline = Timeline()
    timeline.write(0, 1, EVERY_SECOND)
    timeline.write(1_900, 2_900, None, spreads=True)
    timeline.allow(lambda low, high: high - low)
    assert [one.known_ms for one in timeline.versions] == [1, 3_900]


def test_what_fires_once_may_fire_for_a_time_before_it_was_made() -> None:
    entry = Entry("some", Shape(500), of((900, 1_000, Shape(500))))
    assert [entry.may_have(at) for at in (500, 501)] == [True, False]


@pytest.mark.parametrize("name", PLANTS)
def test_what_can_be_broken_on_purpose_still_has_its_place(name: str) -> None:
    """``python -m tests.chaos.plants`` proves that the judge sees it."""
    plant = PLANTS[name]
    text = (ROOT / "app" / plant.file).read_text(encoding="utf-8")
    assert plant.grown(text) != text


@pytest.mark.parametrize(
    ("faults", "pauses", "late", "left"),
    [
        ([], [], [], 5_000),
        ([(9_000, 9_500)], [], [], 0),
        ([(1_000, 11_000 - RECOVERY_MS)], [], [], 4_000),
        ([], [(10_500, 11_000), (12_000, 12_250), (14_900, 15_500)], [], 4_150),
        ([], [], [(12_000, 500)], 3_000),
        ([], [], [(9_000, 500)], 5_000),
    ],
    ids=["nothing", "a fault", "its recovery", "stalls", "a busy machine", "busy before"],
)
def test_what_explains_a_delay_is_taken_from_it(
    faults: list[tuple[int, int]],
    pauses: list[tuple[int, int]],
    late: list[tuple[int, int]],
    left: int,
) -> None:
    explanations = Explanations(faults, pauses, Metronome(late))
    assert explanations.unexplained_ms(10_000, 15_000) == left


def test_the_seed_alone_decides_who_stands_still() -> None:
    some = list(islice(stalls(7, 0.06), 500))
    assert some == list(islice(stalls(7, 0.06), 500)) != list(islice(stalls(8, 0.06), 500))
    assert all(SHORTEST_S <= one.for_s <= LONGEST_S for one in some)
    assert {one.everybody for one in some} == {True, False}
