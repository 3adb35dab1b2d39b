"""A worker's host lacks something, so deliveries are put off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.outcome import (
    CERTIFICATES,
    FILES,
    KEY,
    LOCAL_FAULTS,
    MEMORY,
    PORTS,
    RESOLVER,
    THREADS,
)
from app.services.problems.problem import Problem, ProblemCode, StatusFigures
from app.store.local_faults import LocalFaultStore

RECENT_MS = 120_000
"""How long a fault is told of after it was last seen: a delivery that it has put off twice or more
may wait as long for its next try."""

REMEDIES = {
    FILES: "raise its limit of open files (ulimit -n, LimitNOFILE) or lower "
    "QHRONOS_DELIVERY_CONCURRENCY",
    MEMORY: "give it more memory, or lower QHRONOS_WORKERS or QHRONOS_DELIVERY_CONCURRENCY",
    PORTS: "widen net.ipv4.ip_local_port_range or spread the workers over more hosts",
    THREADS: "raise its limit of processes and threads (ulimit -u, TasksMax, pids.max)",
    RESOLVER: "mend its name server or /etc/resolv.conf",
    KEY: "set QHRONOS_ENCRYPTION_KEY there as on the other hosts, the one before in …_PREVIOUS",
    CERTIFICATES: "have SSL_CERT_FILE name a file that it may read, or unset it",
}


@dataclass(frozen=True, slots=True)
class LocalFaultsCheck:
    """Answers a problem for each fault that put deliveries off lately."""

    store: LocalFaultStore

    def __call__(self, figures: StatusFigures) -> Iterator[Problem]:
        """Answer the problems of this moment."""
        for fault in self.store.since(figures.now_ms - RECENT_MS):
            if fault in LOCAL_FAULTS:  # a later version may know others
                what = LOCAL_FAULTS[fault].replace("this host", "The host of a worker", 1)
                message = f"{what}, and deliveries are put off: {REMEDIES[fault]}."
                yield Problem(ProblemCode.LOCAL_FAULT, message)
