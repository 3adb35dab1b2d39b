"""What a process of Qhronos says of itself to the others. Nothing of it is a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

DELIVER = "deliver"
"""The role of a process that delivers."""

UPKEEP = "upkeep"
SCHEDULER = "scheduler"

UP = "up_seconds"
"""Among what a process measures of itself: for how long it has been there."""

SILENT = "silent_seconds"
"""For how long the loop of a scheduler has not gone round."""

DISK_RATIO = "disk_free_ratio"
"""Which part of the data directory's disk is free."""

UNBEGUN = "drains_unbegun"
"""How many drains in a row a scheduler has called for that failed at once."""


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """A process: what it does, where it runs, and what of its settings others must share."""

    role: str
    host: str
    pid: int
    version: str = ""
    key: str = ""
    """The name of the key that it encrypts with."""

    known_keys: frozenset[str] = frozenset()
    """The names of the keys that it can decrypt with."""

    settings: Mapping[str, str] = field(default_factory=dict)
    """For each variable that must be the same everywhere a digest of its value."""

    gauges: Mapping[str, float] = field(default_factory=dict)
    """What it measures of itself, by the name of the metric family."""

    schema: int = 0
    """The newest form of the store that it knows; 0 if it says nothing of that."""

    partitions: int = 0
    """How many partitions it looks into; 0 if it says nothing of that."""

    @property
    def place(self) -> str:
        """Where an operator finds it."""
        return f"{self.role} on {self.host} (pid {self.pid})"

    def to_json(self) -> str:
        """Write it for the store."""
        return json.dumps(
            {
                "role": self.role,
                "host": self.host,
                "pid": self.pid,
                "version": self.version,
                "key": self.key,
                "known_keys": sorted(self.known_keys),
                "settings": dict(self.settings),
                "gauges": dict(self.gauges),
                "schema": self.schema,
                "partitions": self.partitions,
            }
        )


def process_from_json(text: str | bytes) -> ProcessFacts:
    """Read what another process wrote, of this version or another; what is left out is empty."""
    facts = json.loads(text)
    return ProcessFacts(
        role=str(facts.get("role", "")),
        host=str(facts.get("host", "")),
        pid=int(facts.get("pid", 0)),
        version=str(facts.get("version", "")),
        key=str(facts.get("key", "")),
        known_keys=frozenset(map(str, facts.get("known_keys", ()))),
        settings={str(name): str(value) for name, value in facts.get("settings", {}).items()},
        gauges={str(name): float(value) for name, value in facts.get("gauges", {}).items()},
        schema=int(facts.get("schema", 0)),
        partitions=int(facts.get("partitions", 0)),
    )
