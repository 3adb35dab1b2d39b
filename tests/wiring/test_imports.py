"""Imports work on what the process has already."""

from __future__ import annotations

from app.wiring.services import Services


def test_imports_write_by_the_same_services(services: Services) -> None:
    made = services.import_jobs.imports
    assert made.planner.events is made.writer.events is services.events
    assert made.quota is services.events.quota
    assert services.import_jobs.phases.tokens is services.tokens
