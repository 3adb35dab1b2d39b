"""What OpenTelemetry's variables ask for, made of its SDK."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExporter

from app import __version__
from app.metrics.registry import Registry
from app.otel_variables import CONSOLE
from app.tracing.collector import collector_session
from app.tracing.sdk import BATCH, QUEUE, SdkTracing

SERVICE = "qhronos"

_UNKNOWN = "unknown_service"


def configured_tracing(
    exporter: str, role: str, registry: Registry, environ: Mapping[str, str]
) -> SdkTracing:
    """Make what sends spans by this exporter; all else is as the process's variables say."""
    sent_by: SpanExporter
    if exporter == CONSOLE:
        sent_by = ConsoleSpanExporter()
    else:
        sent_by = OTLPSpanExporter(session=collector_session())
    return SdkTracing(
        TracerProvider(shutdown_on_exit=False).sampler,  # the one that the variables name
        resource_of(role),
        sent_by,
        registry,
        queue=_number(environ, "OTEL_BSP_MAX_QUEUE_SIZE", QUEUE),
        batch=_number(environ, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", BATCH),
    )


def resource_of(role: str) -> Resource:
    """Who sends: the service's name is ``qhronos``, unless the variables say otherwise."""
    resource = Resource.create(
        {
            "service.version": __version__,
            "host.name": socket.gethostname(),
            "process.pid": os.getpid(),
            "qhronos.role": role,
        }
    )
    if str(resource.attributes[SERVICE_NAME]).startswith(_UNKNOWN):
        return resource.merge(Resource({SERVICE_NAME: SERVICE}))
    return resource


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    """A number above 0; what is none counts as not set, as for the library."""
    text = environ.get(name, "").strip()
    return int(text) if text.isdecimal() and int(text) else default
