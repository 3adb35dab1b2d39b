"""Tracing is on if OpenTelemetry's variables say so, and costs nothing if they don't."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.errors import ConfigError
from app.metrics.registry import Registry
from app.tracing.start import start_tracing

WITHOUT = """
import sys
sys.modules["opentelemetry"] = None  # to import it is an error
import app.factory, app.jobs, app.workers
from app.metrics.registry import Registry
from app.tracing.start import start_tracing
assert start_tracing({}, "web", Registry()) is None
"""


def test_every_process_runs_without_the_library_while_it_is_off() -> None:
    """It is an extra: who does not trace need not have it."""
    assert subprocess.run([sys.executable, "-c", WITHOUT], check=False).returncode == 0


def test_the_process_is_told_what_only_the_file_of_settings_has() -> None:
    """The library reads its variables from the process; ``.env`` is read by us."""
    process = {"OTEL_SERVICE_NAME": "mine", "OTEL_BSP_SCHEDULE_DELAY": "60000"}
    given = {"OTEL_TRACES_EXPORTER": "console", "OTEL_SERVICE_NAME": "of the file", "OTHER": "x"}
    tracing = start_tracing(given, "web", Registry(), process)
    assert tracing is not None
    tracing.close(5)
    assert process == {
        "OTEL_SERVICE_NAME": "mine",
        "OTEL_BSP_SCHEDULE_DELAY": "60000",
        "OTEL_TRACES_EXPORTER": "console",
    }


def test_what_cannot_be_done_is_refused() -> None:
    with pytest.raises(ConfigError):
        start_tracing({"OTEL_TRACES_EXPORTER": "zipkin"}, "web", Registry(), {})
