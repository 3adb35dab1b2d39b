"""CPU time and commands of a worker and of the store, from one moment to another."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from app.store.connection import StoreClient


def cpu_ms(pid: int) -> float:
    """CPU milliseconds so far of a process and its threads, without those of its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Meter:
    """Measures the worker and the store from one moment to another."""

    client: StoreClient
    worker: int

    def read(self) -> tuple[float, float, float, float]:
        """CPU of the worker and of the store, script calls and commands so far."""
        info = self.client.info("server")
        stats = cast("dict[str, dict[str, Any]]", self.client.info("commandstats"))
        counts = {name.removeprefix("cmdstat_"): one["calls"] for name, one in stats.items()}
        scripts = sum(counts.get(name, 0) for name in ("evalsha", "eval"))
        store = cpu_ms(int(info["process_id"]))
        return cpu_ms(self.worker), store, scripts, sum(counts.values())

    def between(self, start_ms: float, end_ms: float, deliveries: int) -> Mapping[str, float]:
        """Wait for both moments; the figures of ``Measured`` by name."""
        sleep_until(start_ms)
        before = self.read()
        sleep_until(end_ms)
        after = self.read()
        names = ("worker_ms", "store_ms", "calls", "commands")
        each = [(b - a) / deliveries for a, b in zip(before, after, strict=True)]
        return dict(zip(names, each, strict=True))


def sleep_until(moment_ms: float) -> None:
    time.sleep(max(moment_ms / 1000 - time.time(), 0))
