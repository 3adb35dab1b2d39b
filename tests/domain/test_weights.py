from __future__ import annotations

import pytest

from app.domain.weights import EQUAL, MAX_NAMED, LaneWeights, read_weights
from app.errors import InvalidInput


def test_weights_are_read_with_blanks_and_signs_in_names() -> None:
    assert read_weights(" acme = 4, a=b=2 ,*=10") == (("*", 10), ("a=b", 2), ("acme", 4))


@pytest.mark.parametrize(
    "text", ["acme", "acme=", "=4", "acme=0", "acme=101", "acme=1.5", "acme=-1", "a=1,a=2", "a=1,"]
)
def test_what_is_no_weight_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="acme=4,other=2"):
        read_weights(text)


@pytest.mark.parametrize(
    "text", ["acme=4;other=2", "acme=4 other=2", "acme = 4 | b=2", "a=1/b=2", "x=1,acme=4\uff0cb=2"]
)
def test_another_sign_than_a_comma_between_tenants_makes_no_strange_name_of_two(text: str) -> None:
    with pytest.raises(InvalidInput, match="must have commas between the tenants, as in acme=4,"):
        read_weights(text)


def test_names_with_semicolons_and_blanks_are_names() -> None:
    assert read_weights("a;b=1,c d=2,e=f;g=3") == (("a;b", 1), ("c d", 2), ("e=f;g", 3))


def test_so_many_tenants_are_named_at_most() -> None:
    names = [f"{number}=2" for number in range(MAX_NAMED + 1)]
    assert len(read_weights(",".join(names[1:]))) == MAX_NAMED
    with pytest.raises(InvalidInput, match="at most 100 tenants"):
        read_weights(",".join(names))


def test_a_lane_that_is_not_named_has_the_weight_of_the_rest() -> None:
    weights = LaneWeights({7: 4}, 2)
    assert (weights.of(7), weights.of(8)) == (4, 2)
    assert (weights.greatest, weights.text) == (4, "2,7=4,")


@pytest.mark.parametrize("weights", [EQUAL, LaneWeights({7: 3, 8: 3}, 3), LaneWeights({}, 9)])
def test_where_all_are_equal_the_script_is_told_nothing(weights: LaneWeights) -> None:
    assert weights.are_equal
    assert weights.text == ""
