"""OpenTelemetry's variables switch traces on, or a start says what to change about them."""

from __future__ import annotations

import pytest

from app.errors import ConfigError
from app.otel_variables import check_traces, trace_exporter

HERE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("given", "exporter"),
    [
        ({}, None),
        ({"OTEL_SERVICE_NAME": "q"}, None),
        (HERE, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://c.example/v1/traces"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        (HERE | {"OTEL_TRACES_EXPORTER": "none"}, None),
        (HERE | {"OTEL_SDK_DISABLED": "true"}, None),
        (HERE | {"OTEL_SDK_DISABLED": "false"}, "otlp"),
        (HERE | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "otlp"),
        (HERE | {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic a+b/c==, x-t = %41"}, "otlp"),
        (HERE | {"OTEL_EXPORTER_OTLP_TIMEOUT": "2.5", "OTEL_BSP_SCHEDULE_DELAY": "500"}, "otlp"),
        (HERE | {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": ".1"}, "otlp"),
    ],
)
def test_they_say_where_traces_go(given: dict[str, str], exporter: str | None) -> None:
    assert trace_exporter(given) == exporter


@pytest.mark.parametrize(
    "wrong",
    [
        {"OTEL_TRACES_EXPORTER": "zipkin"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:port"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector :4318"},
        {"OTEL_EXPORTER_OTLP_HEADERS": "s3cret"},
        {"OTEL_EXPORTER_OTLP_TRACES_HEADERS": "a=b,authorization=Bearer%0As3cret"},
        {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=s3crét"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT": "0"},
        {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "10s"},
        {"OTEL_EXPORTER_OTLP_COMPRESSION": "zip"},
        {"OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere/ca.pem"},
        {"OTEL_BSP_SCHEDULE_DELAY": "0"},
        {"OTEL_BSP_MAX_QUEUE_SIZE": "9" * 5_000},
        {"OTEL_BSP_EXPORT_TIMEOUT": "30s"},
        {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "many"},
        {"OTEL_TRACES_SAMPLER": "sometimes"},
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "10%"},
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1.5"},
    ],
)
def test_what_cannot_be_done_is_refused_by_name(wrong: dict[str, str]) -> None:
    """Traces that silently go nowhere are missed only when they are needed."""
    with pytest.raises(ConfigError) as refused:
        trace_exporter(HERE | wrong)
    assert list(wrong)[-1] in refused.value.message
    assert "s3cr" not in refused.value.message


def test_a_start_says_what_to_install_if_it_is_asked_for_traces_without_it() -> None:
    with pytest.raises(ConfigError, match=r"requirements-traces\.lock"):
        check_traces(HERE, lambda _name: None)
    check_traces(HERE)
    check_traces({}, lambda _name: None)
