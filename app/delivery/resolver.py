"""Whether this host's name server answers: if not, no receiver is to blame for a name."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable

from app.domain.outcome import FILES, MEMORY, RESOLVER, THREADS

NOBODY = "qhronos.invalid."
"""A name that there never is: every name server answers that (RFC 6761, section 6.4)."""

PATIENCE_S = 2.0
"""A name server that has not answered for so long counts as away."""

KEEP_S = 1.0
"""How long an answer counts."""

_BY_ERRNO = {
    errno.EMFILE: FILES,
    errno.ENFILE: FILES,
    errno.ENOMEM: MEMORY,
    errno.ENOBUFS: MEMORY,
}


class ResolverProbe:
    """Asks for a name that does not exist, in a thread, when a name could not be resolved.

    libcurl does not tell "no such name", which is the receiver's fault, from "no name server",
    which is ours. A server that answers but can't find out about one name is not ours to mend.
    """

    def __init__(self, lookup: Callable[[str, None], object] = socket.getaddrinfo) -> None:
        self._lookup = lookup
        self._asked_s: float | None = None
        self._answered_s = 0.0
        self._fault: str | None = None

    def ask(self) -> None:
        """Ask, unless that was done a moment ago or is being done."""
        now_s = time.monotonic()
        if self._asked_s is not None or now_s - self._answered_s < KEEP_S:
            return
        self._asked_s = now_s
        fault = _local_fault()  # now: a moment later there may be free files again
        if fault is not None:
            self._answer(fault)
            return
        try:
            threading.Thread(target=self._ask, name="resolver-probe", daemon=True).start()
        except RuntimeError:
            self._answer(THREADS)

    def verdict(self) -> tuple[bool, str | None]:
        """Whether that is decided, and then the word for what this host lacks, if anything."""
        asked_s = self._asked_s  # read once: the thread that asks may end meanwhile
        if asked_s is None:
            return True, self._fault
        if time.monotonic() - asked_s >= PATIENCE_S:
            return True, RESOLVER
        return False, None

    def _ask(self) -> None:
        try:
            self._lookup(NOBODY, None)
        except socket.gaierror as error:
            unknown = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
            self._answer(None if error.errno in unknown else _local_fault() or RESOLVER)
        except OSError as error:
            self._answer(_BY_ERRNO.get(error.errno or 0, RESOLVER))
        else:
            self._answer(None)  # a server that sends people who mistype to a page of its own

    def _answer(self, fault: str | None) -> None:
        self._fault, self._answered_s = fault, time.monotonic()
        self._asked_s = None


def _local_fault() -> str | None:
    """What keeps this process from asking at all: the resolver of the system hides it."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except OSError as error:
        return _BY_ERRNO.get(error.errno or 0, RESOLVER)
    return None
