"""Which generation of workers serves: what the old ones wait for when gunicorn reloads.

At SIGHUP gunicorn starts new workers and asks the old ones to end at once, seconds before the new
ones have read the application. An old one therefore goes on taking connections until a new one
says here that it does, or the master says that all of them end.
"""

from __future__ import annotations

import mmap
import os
import secrets
import signal
import struct
from typing import Any

_STOPS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})
_NUMBER = struct.Struct("=I")


class Generations:
    """Three numbers in memory that gunicorn's master shares with all its workers."""

    def __init__(self) -> None:
        """Make the memory; call this in the master, before it makes workers."""
        self._memory = mmap.mmap(-1, 3 * _NUMBER.size)

    @property
    def newest(self) -> int:
        """The generation that the master last started."""
        return int(_NUMBER.unpack_from(self._memory, 0)[0])

    @property
    def serving(self) -> int:
        """The newest generation of which a worker takes connections."""
        return int(_NUMBER.unpack_from(self._memory, _NUMBER.size)[0])

    @property
    def is_ending(self) -> bool:
        """Whether the master ends, with all workers: nobody serves after the old ones."""
        return bool(_NUMBER.unpack_from(self._memory, 2 * _NUMBER.size)[0])

    def end(self) -> None:
        """Note that all workers are about to end; for the master alone."""
        _NUMBER.pack_into(self._memory, 2 * _NUMBER.size, 1)

    def begin(self) -> None:
        """Begin another generation; for the master alone."""
        _NUMBER.pack_into(self._memory, 0, self.newest + 1)

    def serve(self, generation: int) -> None:
        """Note that a worker of this generation takes connections."""
        _NUMBER.pack_into(self._memory, _NUMBER.size, max(self.serving, generation))


GENERATIONS = Generations()
"""Those of this process and its workers."""


_FAMILY = secrets.token_bytes(4)
"""Of gunicorn's master and its workers: all of them have it from the master."""

_buried: list[int] = []


def name_of_worker() -> str:
    """The name of this process among all that work on one store, which its master can tell, too."""
    return _name(os.getpid())


def note_end(pid: int) -> None:
    """Note that a worker has ended; for the master alone, before it makes another one."""
    _buried.append(pid)


def ended_before() -> list[str]:
    """The names of the workers that had ended when this one was made.

    None of them is this one, which may have the number of a worker of long ago.
    """
    return [_name(pid) for pid in _buried if pid != os.getpid()]


def _name(pid: int) -> str:
    return (_FAMILY + pid.to_bytes(4)).hex()


def note_stop(server: Any) -> None:
    """Have gunicorn's master, given as its hooks are, note that it ends before its workers do.

    It sends them the signal that it also sends for a reload; and while it waits for a reload's end
    it looks at no signal. A worker that was just made has the master's handler, too: it ends at
    once, as it has begun nothing. It would forget the signal, and be waited for in vain.
    """
    stop, take_signal = server.stop, server.signal

    def noted_stop(*args: Any, **options: Any) -> None:
        GENERATIONS.end()
        stop(*args, **options)

    def noted_signal(number: int, frame: object) -> None:
        if number in _STOPS:
            if os.getpid() != server.pid:
                os._exit(0)
            GENERATIONS.end()
        take_signal(number, frame)

    server.stop, server.signal = noted_stop, noted_signal
