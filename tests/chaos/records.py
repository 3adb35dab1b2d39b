"""What the API and the receiver say became of everything, read when all has come to rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.api_client import Api, at

SLICE_MS = 500
PAGE = 100


def recorded(api: Api, from_ms: int, to_ms: int) -> dict[str, Mapping[str, Any]]:
    """All occurrences of chaos by id, as the API lists them; ``from_ms``: when it began."""
    found: dict[str, Mapping[str, Any]] = {}
    spans = [(from_ms - 86_400_000, from_ms - 1)]
    spans += [(low, low + SLICE_MS - 1) for low in range(from_ms, to_ms, SLICE_MS)]
    for low, high in spans:
        path = f"/occurrences?tags=chaos&from={at(low / 1000)}&to={at(high / 1000)}&limit={PAGE}"
        page = 1
        while rows := api.get(f"{path}&page={page}")["data"]:
            found.update((one["id"], one) for one in rows)
            page += 1
            if len(rows) < PAGE:
                break
    return found


@dataclass
class Arrivals:
    """When requests of an occurrence came, and what became of them, ms UTC."""

    requested: dict[str, list[int]] = field(default_factory=dict)
    accepted: dict[str, list[int]] = field(default_factory=dict)
    """Answered with 200, or acknowledged."""
    unheard: dict[str, list[int]] = field(default_factory=dict)
    """Acknowledged, and it is not known whether the API has heard it."""
    ended: dict[str, list[int]] = field(default_factory=dict)
    """Reported to have failed for good, and perhaps heard."""
    acknowledged: int = 0
    refused: int = 0
    """How many were reported to have failed."""

    @classmethod
    def of(cls, log: Path) -> Arrivals:
        found = cls()
        for line in log.read_text(encoding="utf-8").splitlines():
            kind, moment_ms, webhook_id, _attempt, _scheduled = line.split(" ")
            found.acknowledged += kind == "K"
            if kind == "N":
                found.refused += 1
                continue
            into = {"R": found.requested, "U": found.unheard, "F": found.ended}.get(
                kind, found.accepted
            )
            into.setdefault(webhook_id, []).append(int(moment_ms))
        return found
