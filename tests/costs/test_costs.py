"""No request costs more than 250 ms of a processor: those that did once, and others at random.

Tests ``tests.costs``, too: each request here is sent to the application on a real store.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.costs import grammar
from tests.costs.meter import MAX_CPU_MS, MAX_MB, Meter
from tests.costs.search import Search
from tests.costs.seeds import SEEDS, Row

pytestmark = pytest.mark.filterwarnings("ignore:Requested Holidays are available only")
SHORT_SEED = 20_260_105
TRIES = 12


@pytest.fixture(scope="module")
def meter(store_server: str) -> Iterator[Meter]:
    with Meter(store_server) as made:
        yield made


@pytest.mark.parametrize("row", SEEDS, ids=lambda row: row.name)
def test_what_was_too_much_once_is_answered_or_refused_at_once(meter: Meter, row: Row) -> None:
    """It has its status, one clear sentence if it is refused, and costs little either way."""
    cost = meter.least(row.request)
    assert cost.status == row.status, cost.said
    assert cost.cpu_ms <= MAX_CPU_MS, cost
    if row.status == 400:
        assert cost.said.startswith('{"error":"')
        assert "\n" not in cost.said


@pytest.mark.timeout(180)
def test_a_short_search_finds_nothing_that_costs_too_much(meter: Meter) -> None:
    """A hundred requests, a dozen of each kind, each a change of what cost most so far."""
    search = Search(meter, SHORT_SEED)
    search.run(tries=TRIES)
    worst = search.worst()
    assert set(worst) == set(grammar.KINDS)
    for kind, found in worst.items():
        assert found, f"nothing of the kind {kind} was measured"
        one = found[0]
        assert one.cost.cpu_ms <= MAX_CPU_MS, (kind, one.cost, one.request.as_json())
        assert one.cost.megabytes <= MAX_MB, (kind, one.cost, one.request.as_json())
        statuses = {each.cost.status for each in found}
        # 404, and 308 to the path without an id: the event of the request was refused itself.
        assert statuses <= {200, 201, 202, 207, 308, 400, 404, 413}, (kind, statuses)
