from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.crypto.lanes import Lanes, weights_of_lanes
from app.domain.ids import MAX_LANES

SECRET, OTHER = "s" * 32, "t" * 32


@given(st.text())
def test_a_subject_has_one_lane(subject: str) -> None:
    lane = Lanes(SECRET).of(subject)
    assert lane == Lanes(SECRET).of(subject)
    assert 0 <= lane < MAX_LANES


def test_subjects_are_spread_over_the_lanes() -> None:
    """Two hundred tenants: a few pairs share a lane at the most."""
    found = Counter(Lanes(SECRET).of(f"tenant-{number}") for number in range(200))
    assert len(found) > 180


def test_who_does_not_know_the_secret_can_not_tell_a_subject_by_its_lane() -> None:
    subjects = [f"tenant-{number}" for number in range(50)]
    same = [one for one in subjects if Lanes(SECRET).of(one) == Lanes(OTHER).of(one)]
    assert len(same) < 5


def test_a_tenant_has_its_weight_in_the_lane_of_each_key() -> None:
    weights = weights_of_lanes((("*", 2), ("acme", 5)), [SECRET, OTHER])
    assert weights.rest == 2
    assert weights.by_lane == {Lanes(secret).of("acme"): 5 for secret in (SECRET, OTHER)}


def test_tenants_who_share_a_lane_share_the_sum_of_their_weights() -> None:
    lanes, names = Lanes(SECRET), {}
    one, other = next(
        (names[lane], name)
        for name in map(str, range(10_000))
        if names.setdefault(lane := lanes.of(name), name) != name
    )
    assert weights_of_lanes(((one, 3), (other, 4)), [SECRET]).by_lane == {lanes.of(one): 7}
