"""What all processes have counted: one hash, to which each adds what is new.

So a total never falls when a process ends, and needs no process to be there. See
``docs/decisions/metrics-in-the-store.md``. The keys are in the form of ``keys``::

    qh:{metrics}                      hash    field → count, see ``app.metrics.family``
    qh:{metrics}:exemplars            hash    field → exemplar: trace id, value and ms, "," between
    qh:{metrics}:from:<process>       string  the number of its last addition (a day)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from app.metrics.exemplars import Exemplar
from app.store.connection import StoreClient
from app.store.scripts import Argument, Scripts

TOTALS = b"qh:{metrics}"
EXEMPLARS = b"qh:{metrics}:exemplars"

KEPT_MS = 86_400_000
"""How long it is known which additions of a process were made: it may have been stopped, and ask
again for the last one when it goes on."""


class MetricsStore:
    """Adds and reads totals. Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def add(self, source: str, number: int, counts: Mapping[str, int]) -> bool:
        """Add counts by field; returns whether it was the first time.

        ``number`` is 1 for the first addition of a source, and one more each time: what was not
        answered is sent again under its number, with the same counts.
        """
        args: list[Argument] = [number, KEPT_MS]
        for field, by in counts.items():
            args += [field, by]
        names = [TOTALS, TOTALS + b":from:" + source.encode()]
        return bool(self._scripts("add_metrics", names, args))

    def totals(self) -> dict[str, int]:
        """Return everything that was counted, by field."""
        found = cast("dict[bytes, bytes]", self._client.hgetall(TOTALS.decode()))
        return {field.decode(): int(count) for field, count in found.items()}

    def note_exemplars(self, exemplars: Mapping[str, Exemplar]) -> None:
        """Put exemplars in the places of those before, by field."""
        written = [
            part for field, one in exemplars.items() for part in (field, ",".join(map(str, one)))
        ]
        self._client.hset(EXEMPLARS.decode(), items=written)

    def exemplars(self) -> dict[str, Exemplar]:
        """Return the exemplars of all processes, by field."""
        found = cast("dict[bytes, bytes]", self._client.hgetall(EXEMPLARS.decode()))
        read = {}
        for field, raw in found.items():
            trace_id, value, at_ms = raw.decode().split(",")
            read[field.decode()] = Exemplar(trace_id, int(value), int(at_ms))
        return read
