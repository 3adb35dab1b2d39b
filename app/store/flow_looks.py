"""Attempts in flows that are over, and what a look at the places of flows finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.errors import StoreUnavailable
from app.store.flow_turns import Member


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """An attempt in a flow that is over.

    ``turn`` is the number of the turn that has ended with it, if its occurrence is over: a strict
    flow then goes on to its next. Turns rise, so nobody ends one that he does not know of.
    Its place was held until ``until_ms``, or until some moment since ``from_ms``; one that is held
    until another time is somebody else's.
    """

    flow: bytes
    occurrence_id: bytes
    turn: int | None
    until_ms: int
    from_ms: int = 0


class FlowsAway(StoreUnavailable):
    """The shard of some flows does not answer; try again shortly."""

    def __init__(self, left: Sequence[EndedAttempt]) -> None:
        """``left``: those of which the flows are yet to be told."""
        super().__init__()
        self.left = list(left)


@dataclass(frozen=True, slots=True)
class HeadStatus:
    """Whether a strict flow need not wait for its head; else what waits of it, if it does.

    The head is over, or gone, or its event has moved to another flow. ``awaits_retry``: no attempt
    of it is under way, so nobody tells the flow if it is cancelled meanwhile.
    """

    is_over: bool = False
    waiting: Member | None = None
    awaits_retry: bool = False


@dataclass(frozen=True, slots=True)
class Lapsed:
    """Places that are held for nothing, and the flows with attempts yet to be acknowledged."""

    ended: list[EndedAttempt]
    acknowledging: set[bytes]
