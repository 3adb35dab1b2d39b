"""An exemplar is kept for the bucket that counts its value."""

from __future__ import annotations

import pytest

from app.metrics.catalogue import RECEIVER
from app.metrics.exemplars import Exemplar, Exemplars
from app.metrics.registry import Registry

ONE, OTHER = Exemplar("a" * 32, 1, 1), Exemplar("b" * 32, 2, 2)


@pytest.mark.parametrize("value", [-5, 0, 1_000, 1_001, 30_000_000, 30_000_001])
def test_it_has_the_field_of_the_bucket(value: int) -> None:
    """Else it would stand at a bound that its value exceeds."""
    registry = Registry()
    registry.buckets(RECEIVER, "wait").add(value)
    registry.exemplars.note(RECEIVER, value, ONE, "wait")
    ((field, _),) = registry.exemplars.take().items()
    assert registry.totals()[field] == 1


def test_the_newest_is_kept_until_it_is_taken() -> None:
    exemplars = Exemplars()
    exemplars.note(RECEIVER, 5, ONE, "wait")
    exemplars.note(RECEIVER, 6, OTHER, "wait")
    assert list(exemplars.take().values()) == [OTHER]
    assert exemplars.take() == {}
