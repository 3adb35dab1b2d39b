"""What a connection is in the midst of."""

from __future__ import annotations

import enum


class Phase(enum.Enum):
    """What a connection is in the midst of."""

    IDLE = enum.auto()
    """No byte of a request has come."""
    ARRIVING = enum.auto()
    """A part of a request has come."""
    ANSWERING = enum.auto()
    """A request is there, and its answer is not."""
    LIVE = enum.auto()
    """It has become a websocket, or has a stream of events."""
    LEAVING = enum.auto()
    """The last answer was given; what still comes is thrown away."""
