"""Metrics: what this process has counted goes to the store, and what all have counted comes back.

See ``docs/decisions/metrics-in-the-store.md``.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
from pathlib import Path

from app.domain.process import DISK_RATIO
from app.errors import StoreUnavailable
from app.metrics.catalogue import COUNTED, DISK_FREE, FILES, FILES_USED
from app.metrics.exemplars import Exemplar
from app.metrics.registry import Registry
from app.metrics.totals import Listed, Totals, read_totals
from app.open_files import open_file_limit, open_files
from app.store.metrics import MetricsStore

SHOWN_MS = 3_600_000
"""How long an exemplar is shown: nobody keeps traces for good."""

LEAVE_S = 1.0
"""How long a process that ends tries to tell the store what it has counted."""


class CountService:
    """The counts of this process and of all."""

    def __init__(
        self,
        registry: Registry,
        store: MetricsStore,
        listed: Listed | None = None,
        data_dir: Path | None = None,
    ) -> None:
        """``listed``: the values of labels that the settings list.

        ``data_dir`` is the directory whose disk is looked at, if there is one.
        """
        self.registry = registry
        self._listed = listed
        self._store = store
        self._data_dir = data_dir
        self._lock = threading.Lock()
        self._source = secrets.token_hex(8)
        self._number = 0
        self._told: dict[str, int] = {}
        self._asked: tuple[dict[str, int], dict[str, int]] | None = None
        """What the store was asked to add and has not answered, and the totals after it."""

    def push(self) -> None:
        """Add to the store what is new since the last time; raises ``StoreUnavailable``.

        What was not answered may have been added: so it is sent again as it was.
        """
        with self._lock:
            if self._asked is None:
                totals = self.registry.totals()
                new = {
                    field: count - self._told.get(field, 0)
                    for field, count in totals.items()
                    if count != self._told.get(field, 0)
                }
                if not new:
                    return
                self._number += 1
                self._asked = new, totals
            new, totals = self._asked
            self._store.add(self._source, self._number, new)
            self._told, self._asked = totals, None
            if exemplars := self.registry.exemplars.take():
                self._store.note_exemplars(exemplars)

    def gauges(self) -> dict[str, float]:
        """What this process measures of itself now, by the family's name."""
        files = open_files()
        return {
            **{name: float(read()) for name, read in self.registry.gauges.copy().items()},
            FILES.name: float(files),
            FILES_USED.name: round(files / open_file_limit(), 4),
            **self._disk(),
        }

    def _disk(self) -> dict[str, float]:
        """How much is free for this process; nothing where there is no such directory."""
        try:
            found = None if self._data_dir is None else shutil.disk_usage(self._data_dir)
        except OSError:
            return {}
        if found is None:
            return {}
        ratio = round(found.free / max(found.total, 1), 4)
        return {DISK_FREE.name: float(found.free), DISK_RATIO: ratio}

    def leave(self) -> None:
        """Push what is left, if the store is there: the process ends."""

        def push() -> None:
            with contextlib.suppress(StoreUnavailable):
                self.push()  # what was not answered the last time
                self.push()

        last = threading.Thread(target=push, name="metrics-last", daemon=True)
        last.start()
        last.join(LEAVE_S)

    def totals(self) -> Totals:
        """What all processes have counted, this one until now; raises ``StoreUnavailable``.

        A store that takes no writes is read all the same: it is then that somebody looks.
        """
        with contextlib.suppress(StoreUnavailable):
            self.push()
        return read_totals(self._store.totals(), COUNTED, self._listed)

    def exemplars(self, now_ms: int) -> dict[str, Exemplar]:
        """Those of all processes that are not too old; call ``totals`` before."""
        found = self._store.exemplars()
        return {field: one for field, one in found.items() if one.at_ms > now_ms - SHOWN_MS}
