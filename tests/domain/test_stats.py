"""What is counted of deliveries, and how counts are added up."""

from __future__ import annotations

from app.domain.stats import (
    BOUNDS_MS,
    BUCKETS,
    MAX_CELLS,
    MAX_IN_ALL,
    OTHER,
    Cell,
    Cells,
    DeliveryFigures,
    add_cells,
    add_stat,
)


def figures(*stats: str) -> DeliveryFigures:
    cells: Cells = {}
    for stat in stats:
        add_stat(cells, stat, 1)
    found = DeliveryFigures()
    for cell, counts in cells.items():
        found.add(cell, counts)
    return found


def test_a_stat_counts_an_attempt_its_result_its_lateness_and_the_receivers_time() -> None:
    found = figures("red\nblue\thttps://a:443\t2adcompleted", "red\t\t---missed")
    assert found.size == 2
    assert found.attempts() == 1
    assert dict(found.by_class()) == {"2xx": 1}
    assert dict(found.outcomes) == {"completed": 1, "missed": 1}
    assert found.lateness() == (1, 1, 1)
    assert found.receiver() == (1, 10, 10)


def test_tags_in_another_order_are_the_same_tags() -> None:
    cells: Cells = {}
    add_stat(cells, "red\nblue\tt\t2aacompleted", 1)
    add_stat(cells, "blue\nred\tt\t2aacompleted", 2)
    assert {cell: counts["n"] for cell, counts in cells.items()} == {
        Cell("blue\nred", "t", "completed"): 3
    }


def test_a_quantile_is_the_bound_that_so_many_did_not_exceed() -> None:
    stats = ["\tt\t2a-completed"] * 98 + ["\tt\t2e-completed"] * 2
    assert figures(*stats).lateness() == (100, BOUNDS_MS[0], BOUNDS_MS[4])
    assert figures(*stats[:99]).lateness() == (99, BOUNDS_MS[0], BOUNDS_MS[4])
    assert figures(*stats[:98]).lateness() == (98, BOUNDS_MS[0], BOUNDS_MS[0])
    assert figures().lateness() == (0, None, None)


def test_what_is_above_the_highest_bound_has_none() -> None:
    assert figures(f"\tt\t2{BUCKETS[-1]}-completed").lateness() == (1, None, None)


def test_failed_attempts_are_told_from_others_of_their_class() -> None:
    """A receiver's answer may fail for what stands in it."""
    found = figures("\tt\t2a-completed", "\tt\tCa-retrying", "\tt\tAa-retrying")
    assert (found.attempts(), found.attempts("0123456789")) == (3, 1)
    assert dict(found.by_class()) == {"none": 1, "2xx": 2}


def test_in_time_counts_first_attempts_within_a_bound() -> None:
    found = figures("\tt\t2a-completed", "\tt\t2j-completed", "\tt\t2k-completed")
    assert BOUNDS_MS[9] == 1_000
    assert [found.in_time(one) for one in (500, 1_000, 2_000)] == [1, 2, 3]


def test_cells_are_bounded_and_nothing_is_left_out() -> None:
    """First targets lose their place, then tags; what has one keeps it."""
    cells: Cells = {}
    for number in range(MAX_CELLS):
        add_stat(cells, f"a\tt{number}\t2aacompleted", 1)
    add_stat(cells, "a\tt0\t2aacompleted", 1)
    add_stat(cells, "a\tnew\t2aacompleted", 1)
    assert cells[Cell("a", "t0", "completed")]["n"] == 2
    assert cells[Cell("a", OTHER, "completed")]["n"] == 1
    for number in range(MAX_IN_ALL):
        add_stat(cells, f"tag{number}\tt\t2aacompleted", 1)
    add_stat(cells, "a\tnew\t2aacompleted", 1)
    assert cells[Cell("a", OTHER, "completed")]["n"] == 2
    assert len(cells) == MAX_IN_ALL + 1
    assert cells[Cell(OTHER, OTHER, "completed")].total() > 0
    assert sum(counts["n"] for counts in cells.values()) == MAX_CELLS + MAX_IN_ALL + 3
    more: Cells = {}
    add_cells(more, cells)
    assert more == cells
