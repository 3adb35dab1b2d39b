"""With what a command ends; docs/command-line.md tells users."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Programs decide by these, so they stay as they are within a major version."""

    DONE = 0
    NO = 1
    """The command did its work, and the answer is no: a check failed, a delivery failed."""

    USAGE = 2
    """The command line can't be understood; click ends with it, too."""

    ACCESS = 3
    """No address or token is known, the token is not accepted, or it may not do this."""

    NOT_FOUND = 4
    REFUSED = 5
    """What was sent is invalid, or it contradicts what is stored."""

    AWAY = 6
    """Nobody answers, or the service can't at the moment: try again later."""

    INTERRUPTED = 130
    """Ctrl-C."""
