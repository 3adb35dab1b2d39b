"""Totals: what is read back is what was counted, whoever counted it and in whatever version."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.metrics.family import counter, seconds
from app.metrics.registry import Registry
from app.metrics.totals import Distribution, read_totals

CALLS = counter("calls", "Calls.", "kind", known=["a", "b"])
TOOK = seconds("took", "What they took.", bounds=(0.001, 0.01, 0.1))


def test_what_is_known_is_shown_from_the_start() -> None:
    totals = read_totals({}, [CALLS, TOOK])
    assert totals.counters == {CALLS: {("a",): 0, ("b",): 0}}
    assert totals.histograms == {TOOK: {(): Distribution([0] * 4, 0)}}


@given(st.lists(st.lists(st.integers(0, 200_000)), max_size=4))
def test_what_several_processes_have_counted_is_what_one_would_have(
    processes: list[list[int]],
) -> None:
    """Fields are added up one by one, and together they are the histogram of all values."""
    fields: dict[str, int] = {}
    alone = Registry()
    for values in processes:
        registry = Registry()
        for value in values:
            registry.buckets(TOOK).add(value)
            alone.buckets(TOOK).add(value)
        for field, count in registry.totals().items():
            fields[field] = fields.get(field, 0) + count
    assert fields == alone.totals()
    (found,) = read_totals(fields, [TOOK]).histograms[TOOK].values()
    values = [value for some in processes for value in some]
    assert sum(found.counts) == len(values)
    assert found.total == sum(values)
    assert found.counts[0] == sum(value <= 1_000 for value in values)


def test_a_bucket_of_another_version_counts_in_the_next_higher_one() -> None:
    """No value is shown as smaller than it was, and none is lost."""
    fields = {"took_seconds|500": 1, "took_seconds|2000": 2, "took_seconds|900000": 4}
    (found,) = read_totals(fields, [TOOK]).histograms[TOOK].values()
    assert found.counts == [1, 2, 0, 4]


def test_a_label_comes_back_as_it_was_whatever_is_in_it() -> None:
    registry = Registry()
    labels = ("a|b", "%7C", "%", "|%25")
    for label in labels:
        registry.tally(CALLS)[label,] += 1
    assert read_totals(registry.totals(), [CALLS]).counters[CALLS].keys() >= {(x,) for x in labels}


def test_what_is_listed_is_shown_from_the_start_and_nothing_else_is() -> None:
    """What was listed once stays in the store: its series ends, and goes on if it is listed again."""
    by_tag = counter("by_tag", "By tag.", "tag", "outcome")
    may = {by_tag: [("x|y", "good"), ("x|y", "bad")]}
    fields = {"by_tag|x%7Cy|bad": 3, "by_tag|former|bad": 5, "by_tag": 1}
    shown = read_totals(fields, [by_tag], may).counters[by_tag]
    assert shown == {("x|y", "good"): 0, ("x|y", "bad"): 3}
    assert read_totals(fields, [by_tag], {by_tag: []}).counters == {}


def test_what_this_version_does_not_know_is_left_out() -> None:
    fields = {"gone|a": 1, "calls": 1, "calls|a|b": 1, "took_seconds|x": 1, "took_seconds": 1}
    totals = read_totals(fields, [CALLS, TOOK])
    assert totals == read_totals({}, [CALLS, TOOK])
