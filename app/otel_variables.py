"""OpenTelemetry's own variables: whether there are traces, and whether they can be sent as asked.

Their names and meanings are OpenTelemetry's (its specification, "Environment Variables"). Whether
tracing is on is decided here, without that library: it is imported only if it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.errors import ConfigError

PREFIX = "OTEL_"
OTLP, CONSOLE, NONE = "otlp", "console", "none"

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"

RATIOS = ("traceidratio", "parentbased_traceidratio")
SAMPLERS = ("always_on", "always_off", "parentbased_always_on", "parentbased_always_off", *RATIOS)

COMPRESSIONS = ("none", "gzip", "deflate")

_OTLP = re.compile(r"OTEL_EXPORTER_OTLP_(?:TRACES_)?(\w+)")
_FILES = ("CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE")
_HEADER = re.compile(
    r"\s*[\w!#$%&'*+.^`|~-]+\s*=[\x20\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*", re.ASCII
)
_SECONDS = re.compile(r"\d{1,4}(\.\d{1,3})?", re.ASCII)
_MOST = 999_999_999
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)


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
        _check_sending(environ)
    _check_sampler(environ)
    _check_numbers(environ)
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
        is_url = is_url and re.fullmatch(r"[!-~]+", endpoint) is not None
    except ValueError:
        is_url = False
    if not is_url:
        raise ConfigError(f"{ENDPOINTS[1]} must be a URL, as in http://127.0.0.1:4318.")


def _check_sending(environ: Mapping[str, str]) -> None:
    """Check how it is sent; no sentence has the value, as headers may be secret."""
    for name in environ:
        found, text = _OTLP.fullmatch(name), _read(environ, name)
        if found is None or not text:
            continue
        if found[1] == "TIMEOUT" and not (_SECONDS.fullmatch(text) and float(text)):
            raise ConfigError(f"{name} must be a number of seconds above 0, as in 10.")
        if found[1] == "COMPRESSION" and text.lower() not in COMPRESSIONS:
            raise ConfigError(f"{name} must be one of {', '.join(COMPRESSIONS)}.")
        if found[1] == "HEADERS" and not _are_headers(text):
            raise ConfigError(
                f"{name} must be names and values, as in authorization=Bearer%20abc, with commas "
                "between them, in ASCII."
            )
        if found[1] in _FILES and not Path(text).is_file():
            raise ConfigError(f"{name} must be the path of a file, and none is there.")


def _are_headers(text: str) -> bool:
    return all(
        _HEADER.fullmatch(one) and re.fullmatch(r"[ -~]+", unquote(one))
        for one in text.split(",")
        if one.strip()
    )


def _check_numbers(environ: Mapping[str, str]) -> None:
    for name in environ:
        text = _read(environ, name)
        if not text or not name.startswith(PREFIX):
            continue
        if name.startswith("OTEL_BSP_") and not (_WHOLE.fullmatch(text) and int(text)):
            raise ConfigError(f"{name} must be a whole number from 1 to {_MOST}.")
        if name.endswith("_LIMIT") and not _WHOLE.fullmatch(text):
            raise ConfigError(f"{name} must be a whole number from 0 to {_MOST}.")


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
