"""Drawings: every occurrence is in its minute, and nothing stands outside the picture."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.console.charts import HEIGHT, ORDER, WIDTH, sparkline, stack_of
from app.services.overview import MINUTES
from app.services.overview_parts import Minutes
from app.store.figures import MINUTE_MS

COUNTS = st.fixed_dictionaries(
    {
        status: st.lists(st.integers(0, 10_000), min_size=MINUTES, max_size=MINUTES)
        for status in ORDER
    }
)


@given(COUNTS)
def test_blocks_fill_their_column_and_never_leave_the_picture(counts):
    stack = stack_of(Minutes(0, counts, is_whole=True))
    assert [column.at_ms for column in stack.columns] == [n * MINUTE_MS for n in range(MINUTES)]
    for at, column in enumerate(stack.columns):
        present = [status for status in ORDER if counts[status][at]]
        assert [block.status for block in column.blocks] == present
        for block in column.blocks:
            assert block.height >= 1
            assert 0 <= block.x <= block.x + block.width <= WIDTH
            assert block.y >= -len(ORDER)
        assert sum(block.height for block in column.blocks) <= HEIGHT + len(ORDER)


@given(st.lists(st.integers(0, 10**9), max_size=80))
def test_a_line_stays_in_its_place(values):
    for point in sparkline(values).split():
        x, y = map(float, point.split(","))
        assert -0.1 <= x <= 120.1
        assert 0 <= y <= 28
