"""What ``qhronos doctor`` looks at. Each check says what it found, and what to do about it.

What the service knows of itself (its settings, the store's memory, eviction and persistence, the
keys, the broker) it tells in ``/status``; docs/problems.md explains each problem.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qhronos.errors import Forbidden, QhronosError, Unauthenticated, Unreachable
from qhronos.installation import version

if TYPE_CHECKING:
    from qhronos import Client
    from qhronos.models import Status

HERE = ("127.0.0.1", "::1", "localhost")

SKEW_S = 2.0
"""More than a second of what ``Date`` leaves out."""

LAG_MS = 5_000
SOME = 100
FEW_FILES = 4_096
"""Each connection is an open file, and a worker may have thousands."""

OF_SERVICE = {
    "no_scheduler": ("scheduler", "is alive"),
    "no_upkeep": ("upkeep", "runs"),
    "drains_fail": ("drains", "do not fail again and again"),
    "migration": ("form of the store", "is that of this version, or is being brought there"),
    "canary": ("canary", "arrives, where it is on"),
    "clock": ("hosts' clocks", "agree with the store's"),
    "files": ("open files", "each process may open more"),
    "disk": ("data directory", "its disk has room, where it is used"),
    "store_refuses": ("writes", "the store takes them"),
    "settings": ("settings", "all processes have the same"),
    "keys": ("keys", "all processes have those that secrets need"),
    "broker": ("broker", "takes jobs"),
    "rate_limit": ("rate limit", "is counted for all processes together"),
    "local_fault": ("workers' hosts", "lack no files, memory, ports or names of late"),
    "store_replica": ("store's role", "takes writes"),
    "archive": ("archive", "takes what retention deletes"),
    "store_sentinels": ("Sentinels", "take over from a store that fails, where there are any"),
    "shard_away": ("shards", "answer, all of them, where the store is a cluster"),
    "store_evicts": ("eviction", "the store throws nothing away"),
    "store_not_durable": ("persistence", "the store writes on disk what it accepts"),
    "store_disk": ("store's disk", "can be written"),
    "store_memory": ("store's memory", "has room"),
}
"""By the code of a problem, what the service has looked at, and what holds without the problem."""

SAID_ABOVE = ("lag", "no_worker")
"""What follows from the figures of the status, too."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its verdict is ``ok``, ``look`` or ``wrong``."""

    check: str
    verdict: str
    found: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        """The members, for JSON."""
        return asdict(self)


def findings(client: Client) -> Iterator[Finding]:
    """Check an instance; raises ``Unreachable`` if nobody answers."""
    begun = time.perf_counter()
    status = client.status()
    took_ms = (time.perf_counter() - begun) * 1000
    yield Finding("reachable", "ok", f"{client.url} answers in {took_ms:.0f} ms")
    yield from _of_status(status, client.url)
    if urlsplit(client.url).hostname in HERE:
        yield from _open_files()
    checks: tuple[tuple[str, Callable[[Client], Finding]], ...] = (
        ("token", _token),
        ("clock", _clock),
        ("dead letters", _dead_letters),
        ("circuit breakers", _breakers),
    )
    for name, check in checks:
        try:
            yield check(client)
        except Forbidden:
            yield Finding(name, "look", "this token may not look", "Use a token of more access.")
        except Unauthenticated as error:
            yield Finding(name, "wrong", str(error), "Run 'qhronos login' with another token.")
        except Unreachable:
            raise
        except QhronosError as error:
            yield Finding(name, "wrong", str(error))


def _of_status(status: Status, url: str) -> Iterator[Finding]:
    same = status.version == version()
    advice = "" if same else "Install the same version here and there."
    yield Finding(
        "version", "ok" if same else "look", f"{status.version}, here {version()}", advice
    )
    yield Finding(
        "store",
        "ok" if status.store == "ok" else "wrong",
        status.store,
        "" if status.store == "ok" else "Start the store, or see QHRONOS_REDIS_URL.",
    )
    yield Finding(
        "workers",
        "ok" if status.workers else "wrong",
        f"{status.workers} deliver",
        "" if status.workers else "Start one: 'python worker.py deliver'.",
    )
    late = status.lag_ms > LAG_MS
    advice = "Start more delivery workers, or see which target is slow." if late else ""
    yield Finding("lag", "wrong" if late else "ok", f"{status.lag_ms} ms", advice)
    found = {one.code: one for one in status.problems if one.code not in SAID_ABOVE}
    for code, (name, well) in OF_SERVICE.items():
        if code not in found:
            yield Finding(name, "ok", well)
    for code, problem in found.items():
        name, _ = OF_SERVICE.get(code, (code, ""))
        advice = f"See '{code}' in the guide: {url}{problem.runbook}."
        yield Finding(name, "wrong", problem.message, advice)


def _open_files() -> Iterator[Finding]:
    """What is started here may have so many files: the server takes as many as it may have."""
    try:
        import resource
    except ModuleNotFoundError:  # not on Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or most >= FEW_FILES:
        yield Finding("open files", "ok", "no limit" if most < 0 else f"{most:,} may be open here")
        return
    advice = "Raise it (ulimit -Hn, LimitNOFILE): each connection of a worker is an open file."
    yield Finding("open files", "look", f"only {most:,} may be open here", advice)


def _token(client: Client) -> Finding:
    next(iter(client.events.list(limit=1)), None)
    return Finding("token", "ok", "accepted")


def _clock(client: Client) -> Finding:
    moment = client.server_time()
    if moment is None:
        return Finding("clock", "look", "the service does not say its time")
    away_s = abs((datetime.now(UTC) - moment).total_seconds())
    if away_s <= SKEW_S:
        return Finding("clock", "ok", "this machine and the service agree")
    advice = "Receivers here would refuse signatures that are right: run an NTP client."
    verdict = "wrong" if away_s > 60 else "look"
    return Finding("clock", verdict, f"{away_s:.0f} s apart", advice)


def _dead_letters(client: Client) -> Finding:
    count = sum(1 for _ in islice(client.occurrences.list(status="failed", limit=SOME), SOME))
    if not count:
        return Finding("dead letters", "ok", "none")
    found = f"{count}{' or more' if count == SOME else ''}"
    return Finding("dead letters", "look", found, "See 'qhronos deadletters list'.")


def _breakers(client: Client) -> Finding:
    targets = [one.target for one in client.breakers()]
    if not targets:
        return Finding("circuit breakers", "ok", "all closed")
    advice = "These receivers fail again and again: see whether they run."
    return Finding("circuit breakers", "look", f"open: {', '.join(targets[:5])}", advice)
