"""``/health``, ``/status``, ``/metrics``: how the service is."""

from __future__ import annotations

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from app.api.answers import json_answer, json_text
from app.api.auth import require_admin
from app.api.context import services
from app.api.schemas.service import BreakerSchema, HealthSchema, StatusSchema
from app.api.smorest import Blueprint
from app.domain.times import to_rfc3339

PREFIX = "qhronos_"

blueprint = Blueprint("service", __name__, description="How the service is")


@blueprint.operation("/health")
@blueprint.answers(200, HealthSchema)
@blueprint.refuses(503)
@blueprint.open_to_all()
def health() -> Response:
    """Whether this process can serve and reach the store."""
    services().health.check()
    return json_answer('{"status":"ok"}')


@blueprint.operation("/status")
@blueprint.answers(200, StatusSchema)
@blueprint.refuses(503)
@blueprint.open_to_all()
def status() -> Response:
    """What the service is doing."""
    return json_answer(json_text(services().health.status()))


@blueprint.operation("/breakers")
@blueprint.answers(200, BreakerSchema(many=True))
@blueprint.refuses(401, 403, 503)
def list_breakers() -> Response:
    """List targets that have only failed of late and are left alone for a while; for admins."""
    require_admin()
    found = sorted(services().health.breakers().items())
    return json_answer(
        json_text([{"target": one, "open_until": to_rfc3339(until)} for one, until in found])
    )


@blueprint.operation("/metrics")
@blueprint.answers(200, {"type": "string"}, content_type="text/plain")
@blueprint.refuses(401, 403, 503)
def metrics() -> Response:
    """Gauges for Prometheus; for admins, unless the settings open it."""
    if not services().settings.metrics_public:
        require_admin()
    registry = CollectorRegistry()
    for name, value in services().health.metrics().items():
        bare = name.removeprefix(PREFIX)
        Gauge(PREFIX + bare, bare.replace("_", " "), registry=registry).set(value)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
