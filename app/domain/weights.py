"""Weights: how many turns a tenant has while each of the others has one.

They count while more is due than can be sent: who has twice the weight then has twice as many
deliveries. What nobody else wants goes to whoever has something due, whatever its weight.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.errors import InvalidInput

REST = "*"
"""Stands for all tenants that are not named."""

_MORE = re.compile(r"=\s*[0-9]{1,3}[^\w=]")
"""In a name: a weight and something behind it, which somebody took for what stands between."""

MAX_WEIGHT = 100
"""A turn is so many deliveries at most: all others wait for them."""

MAX_NAMED = 100
"""Each claim looks for the lanes of so many."""

Weights = tuple[tuple[str, int], ...]
"""Tenants, each with its weight, by name."""


def read_weights(text: str) -> Weights:
    """Read ``acme=4,other=2,*=1``; raises ``InvalidInput`` with a predicate.

    A tenant is the ``sub`` of a token, and ``*`` all that are not named. ``acme=4;other`` would be
    a tenant's name that hardly any has, so it is refused.
    """
    found: dict[str, int] = {}
    for part in text.split(","):
        sub, _, weight = (piece.strip() for piece in part.rpartition("="))
        is_weight = re.fullmatch(r"[0-9]{1,3}", weight) and 1 <= int(weight) <= MAX_WEIGHT
        if not sub or not is_weight or sub in found:
            raise InvalidInput(
                "must be the 'sub' of tokens, each once, with weights from 1 to "
                f"{MAX_WEIGHT}, as in acme=4,other=2; '*' stands for all others"
            )
        if _MORE.search(sub):
            raise InvalidInput("must have commas between the tenants, as in acme=4,other=2")
        found[sub] = int(weight)
    if len(found) > MAX_NAMED:
        raise InvalidInput(f"must name at most {MAX_NAMED} tenants")
    return tuple(sorted(found.items()))


@dataclass(frozen=True)
class LaneWeights:
    """The weights of lanes: those of the tenants that they stand for."""

    by_lane: Mapping[int, int] = field(default_factory=dict)
    rest: int = 1
    """The weight of every other lane."""

    @cached_property
    def are_equal(self) -> bool:
        """Whether no lane has more turns than another."""
        return all(weight == self.rest for weight in self.by_lane.values())

    @cached_property
    def greatest(self) -> int:
        """The greatest weight of all."""
        return max(self.rest, *self.by_lane.values(), 1)

    @cached_property
    def text(self) -> str:
        """What the script that claims is told, as in ``1,7=4,``; empty: all are equal."""
        if self.are_equal:
            return ""
        named = ",".join(f"{lane}={weight}" for lane, weight in self.by_lane.items())
        return f"{self.rest},{named},"

    def of(self, lane: int) -> int:
        """The weight of a lane."""
        return self.by_lane.get(lane, self.rest)


EQUAL = LaneWeights()
"""All lanes take turns one by one."""
