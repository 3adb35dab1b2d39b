"""OpenTelemetry's own variables: whether there are traces, and whether they can be sent as asked.

Their names and meanings are OpenTelemetry's (its specification, "Environment Variables"). Whether
tracing is on is decided here, without that library: it is imported only if it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from urllib.parse import urlsplit

from app.errors import ConfigError

PREFIX = "OTEL_"
OTLP, CONSOLE, NONE = "otlp", "console", "none"

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"

RATIOS = ("traceidratio", "parentbased_traceidratio")
SAMPLERS = ("always_on", "always_off", "parentbased_always_on", "parentbased_always_off", *RATIOS)


def trace_exporter(environ: Mapping[str, str]) -> str | None:
    """Where traces go: ``otlp`` or ``console``; ``None``: there are none.

    They are on if an endpoint or an exporter is named, and not switched off. Raises ``ConfigError``
    for what can't be done as it is asked.
    """
    endpoint = _first(environ, ENDPOINTS)
    exporter = _read(environ, "OTEL_TRACES_EXPORTER").lower() or (OTLP if endpoint else NONE)
    if _read(environ, "OTEL_SDK_DISABLED").lower() == "true" or exporter == NONE:
        return None
    if exporter not in (OTLP, CONSOLE):
        raise ConfigError(f"OTEL_TRACES_EXPORTER must be {OTLP}, {CONSOLE} or {NONE}.")
    if exporter == OTLP:
        _check_otlp(environ, endpoint)
    _check_sampler(environ)
    return exporter


def check_traces(
    environ: Mapping[str, str], find: Callable[[str], object | None] = find_spec
) -> None:
    """Raise ``ConfigError`` if traces are asked for that can't be sent; ``find`` finds packages."""
    if trace_exporter(environ) and find("opentelemetry") is None:
        raise ConfigError(
            "OTEL_ variables ask for traces, and what sends them is not installed: install "
            "requirements-traces.lock (the extra 'traces' of the package, EXTRA=traces of the "
            "image), or set OTEL_TRACES_EXPORTER=none."
        )


def _check_otlp(environ: Mapping[str, str], endpoint: str) -> None:
    if _first(environ, PROTOCOLS) not in ("", PROTOCOL):
        raise ConfigError(
            f"{PROTOCOLS[1]} must be {PROTOCOL}, or left out: collectors take it at port 4318."
        )
    if not endpoint:
        return
    try:
        url = urlsplit(endpoint)
        is_url = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise ConfigError(f"{ENDPOINTS[1]} must be a URL, as in http://127.0.0.1:4318.")


def _check_sampler(environ: Mapping[str, str]) -> None:
    sampler = _read(environ, "OTEL_TRACES_SAMPLER").lower()
    if sampler and sampler not in SAMPLERS:
        raise ConfigError(f"OTEL_TRACES_SAMPLER must be one of {', '.join(SAMPLERS)}.")
    ratio = _read(environ, "OTEL_TRACES_SAMPLER_ARG")
    if sampler in RATIOS and ratio:
        try:
            is_ratio = 0 <= float(ratio) <= 1
        except ValueError:
            is_ratio = False
        if not is_ratio:
            raise ConfigError("OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1.")


def _read(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").strip()


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((found for name in names if (found := _read(environ, name))), "")
