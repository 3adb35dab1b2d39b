"""Imports work on what the process has already."""

from __future__ import annotations

from app.wiring.imports import build_imports
from app.wiring.services import Services


def test_imports_write_by_the_same_services(services: Services) -> None:
    made = build_imports(services.storage, services.events)
    assert made.planner.events is made.writer.events is services.events
    assert made.quota is services.events.quota
