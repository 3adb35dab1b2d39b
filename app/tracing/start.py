"""The tracing of one process, as OpenTelemetry's variables say; nothing, if they say nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping

from app.metrics.registry import Registry
from app.otel_variables import PREFIX, trace_exporter
from app.tracing.span import Tracing


def start_tracing(
    environ: Mapping[str, str],
    role: str,
    registry: Registry,
    process: MutableMapping[str, str] = os.environ,
) -> Tracing | None:
    """Make what a process of this role traces with; ``None``: tracing is off.

    The library reads the variables of the process: it is given those that only ``environ`` has.
    To be called in the process that traces, not before a fork. Raises ``ConfigError`` as
    ``trace_exporter`` does.
    """
    exporter = trace_exporter(environ)
    if exporter is None:
        return None
    for name, value in environ.items():
        if name.startswith(PREFIX) and value:
            process.setdefault(name, value)
    # Here and not above: who does not trace does not pay for the library.
    from app.tracing.configured import configured_tracing  # noqa: PLC0415

    return configured_tracing(exporter, role, registry, process)
