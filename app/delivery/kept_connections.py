"""What is known of connections that are kept: which of them their receivers have closed.

libcurl looks for closed connections once a second. In between it would write a request into one,
and then nobody can tell whether the receiver has read it.
"""

from __future__ import annotations

import contextlib
import select
import time
from functools import lru_cache
from urllib.parse import urlsplit

CAN_WATCH = hasattr(select, "epoll")
"""Whether this system can tell. If not, no connection is kept."""

CLOSING_S = 600.0
"""How long a target that closed a connection under a request gets a connection for each one."""

MAX_CLOSING = 1024
"""How many such targets are remembered."""


@lru_cache(maxsize=8192)
def peer_of(url: str) -> str:
    """The scheme, host and port of a URL, as it was written: whose connections it may use."""
    return "://".join(urlsplit(url)[:2])


class KeptConnections:
    """The connections that one sender keeps; all targets are scheme, host and port."""

    def __init__(self) -> None:
        self._epoll = select.epoll() if CAN_WATCH else None
        self._targets: dict[int, str] = {}
        self._closing: dict[str, float] = {}

    def add(self, fd: int, target: str) -> None:
        """Watch a connection until libcurl closes it (then the system forgets it: epoll(7))."""
        if self._epoll is not None:
            self._targets[fd] = target
            # Short of memory, it is not watched: that costs an attempt at worst.
            with contextlib.suppress(OSError):
                self._epoll.register(fd, select.EPOLLRDHUP)

    def closed(self) -> set[str]:
        """The targets that have closed a connection which libcurl still keeps."""
        if self._epoll is None:
            return set()
        return {self._targets[fd] for fd, _ in self._epoll.poll(0)}

    def note_closing(self, target: str) -> None:
        """Remember a target that closed a connection while a request was under way on it."""
        while len(self._closing) >= MAX_CLOSING:
            del self._closing[next(iter(self._closing))]
        self._closing[target] = time.monotonic() + CLOSING_S

    def is_closing(self, target: str) -> bool:
        """Whether the target has lately closed a connection under a request."""
        until = self._closing.get(target)
        if until is not None and until < time.monotonic():
            del self._closing[target]
            return False
        return until is not None

    @property
    def any_closing(self) -> bool:
        """Whether ``is_closing`` may be true of any target."""
        return bool(self._closing)

    def close(self) -> None:
        """Watch nothing any more."""
        if self._epoll is not None:
            self._epoll.close()
