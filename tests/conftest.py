"""Fixtures that every test may ask for."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# For mutation testing: the same few examples every time, however slow the machine is.
settings.register_profile(
    "mutate",
    derandomize=True,
    max_examples=8,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

pytest_plugins = ["tests.support.services", "tests.support.store"]
