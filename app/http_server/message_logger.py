"""gunicorn's own messages, without a line for each request."""

from __future__ import annotations

from gunicorn.glogging import Logger


class MessageLogger(Logger):  # type: ignore[misc] # gunicorn has no types
    """Writes what gunicorn has to say, and makes no record of a request that nobody would read.

    gunicorn takes any ``logconfig_dict`` for a wish to have requests logged.
    """

    @property
    def access_log_enabled(self) -> bool:
        """Never: changes are in the audit log, and failures are logged by the application."""
        return False
