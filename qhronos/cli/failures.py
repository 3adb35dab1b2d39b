"""Errors of the command line's own; ``main`` has the code that each ends with."""

from __future__ import annotations

from qhronos.errors import QhronosError


class NotText(QhronosError):
    """An argument has bytes that are no UTF-8."""


class NotOver(QhronosError):
    """What was waited for is not over yet."""
