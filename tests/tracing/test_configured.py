"""What is sent names its service, and the sampler is the one that the variables name."""

from __future__ import annotations

import pytest

from app import __version__
from app.metrics.registry import Registry
from app.tracing.configured import configured_tracing, resource_of
from app.tracing.span import SERVER


def test_spans_say_which_process_they_are_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    attributes = resource_of("deliver").attributes
    assert attributes["service.name"] == "qhronos"
    assert (attributes["service.version"], attributes["qhronos.role"]) == (__version__, "deliver")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    attributes = resource_of("web").attributes
    assert attributes["service.name"] == "shop"
    assert attributes["deployment.environment.name"] == "test"


@pytest.mark.parametrize(("sampler", "is_sampled"), [("always_off", False), ("always_on", True)])
def test_the_sampler_is_the_one_that_is_named(
    monkeypatch: pytest.MonkeyPatch,
    sampler: str,
    is_sampled: bool,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    tracing = configured_tracing("console", "web", Registry(), {"OTEL_BSP_MAX_QUEUE_SIZE": "512"})
    assert tracing.samples(b"t" * 16, None, "GET", SERVER) is is_sampled
    tracing.close(5)
