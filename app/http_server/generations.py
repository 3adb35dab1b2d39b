"""Which generation of workers serves: what the old ones wait for when gunicorn reloads.

At SIGHUP gunicorn starts new workers and asks the old ones to end at once, seconds before the new
ones have read the application. An old one therefore goes on taking connections until a new one
says here that it does.
"""

from __future__ import annotations

import mmap
import struct

_NUMBER = struct.Struct("=I")


class Generations:
    """Two numbers in memory that gunicorn's master shares with all its workers."""

    def __init__(self) -> None:
        """Make the memory; call this in the master, before it makes workers."""
        self._memory = mmap.mmap(-1, 2 * _NUMBER.size)

    @property
    def newest(self) -> int:
        """The generation that the master last started."""
        return int(_NUMBER.unpack_from(self._memory, 0)[0])

    @property
    def serving(self) -> int:
        """The newest generation of which a worker takes connections."""
        return int(_NUMBER.unpack_from(self._memory, _NUMBER.size)[0])

    def begin(self) -> None:
        """Begin another generation; for the master alone."""
        _NUMBER.pack_into(self._memory, 0, self.newest + 1)

    def serve(self, generation: int) -> None:
        """Note that a worker of this generation takes connections."""
        _NUMBER.pack_into(self._memory, _NUMBER.size, max(self.serving, generation))


GENERATIONS = Generations()
"""Those of this process and its workers."""
