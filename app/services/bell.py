"""A bell that one thread rings and another, waiting for sockets, hears."""

from __future__ import annotations

import contextlib
import os


class Bell:
    """A pipe: readable while it rings. It is kept for the life of the process."""

    def __init__(self) -> None:
        self.fd, self._ringer = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._ringer, False)
        self._rung = False

    def ring(self) -> None:
        """Wake whoever waits for ``fd`` to become readable."""
        self._rung = True
        with contextlib.suppress(BlockingIOError):  # full: it rings already
            os.write(self._ringer, b"!")

    def silence(self) -> None:
        """Stop ringing."""
        if not self._rung:
            return
        self._rung = False
        with contextlib.suppress(BlockingIOError):
            while os.read(self.fd, 4096):
                pass
