"""``/health``, ``/status``, ``/metrics``: how the service is; and the keys that it signs with."""

from __future__ import annotations

from functools import partial

from flask import Response, request

from app.api.http.answers import json_answer, json_text
from app.api.http.auth import may_be_admin, require_admin, require_admin_or_metrics_token
from app.api.http.context import services
from app.api.http.errors import RETRY_AFTER_SECONDS, error_answer
from app.api.http.exposition import exposition, wants_openmetrics
from app.api.http.paging import LISTED, named_answer
from app.api.http.smorest import Blueprint
from app.api.http.store_check import require_store
from app.api.schemas.queries import ListQuery, NamedListQuerySchema
from app.api.schemas.service import (
    BreakerSchema,
    HealthSchema,
    PublicKeysSchema,
    StatusSchema,
)
from app.domain.signing_keys import ALGORITHM, signing_keys
from app.domain.times import to_rfc3339
from app.errors import NotFound, StoreUnavailable
from app.metrics.totals import Totals
from app.services.problems.store_refuses import store_away
from app.store.shards import if_there

blueprint = Blueprint("service", __name__, description="How the service is")


@blueprint.operation("/health", name="get_health")
@blueprint.answers(200, HealthSchema)
@blueprint.refuses(503)
@blueprint.open_to_all()
def health() -> Response:
    """Whether this process can serve and reach the store."""
    services().health.check()
    return json_answer('{"status":"ok"}')


@blueprint.operation("/status", name="get_status")
@blueprint.answers(200, StatusSchema)
@blueprint.refuses(503)
@blueprint.open_to_all()
def status() -> Response:
    """What the service is doing; an admin's token has the hosts named that a problem is about.

    While the store is away the answer is 503, and its one problem says why.
    """
    try:
        require_store()
        found = services().health.status(admin=may_be_admin())
    except StoreUnavailable as error:
        problem = store_away(error).as_json(admin=False)
        more = {"status": '"unavailable"', "problems": json_text([problem])}
        answer = error_answer(503, error.message, more=more)
        answer.headers["Retry-After"] = RETRY_AFTER_SECONDS
        return answer
    return json_answer(json_text(found))


@blueprint.operation("/breakers")
@blueprint.reads(NamedListQuerySchema, "query")
@blueprint.answers(200, BreakerSchema(many=True), headers=LISTED)
@blueprint.refuses(401, 403, 503)
def list_breakers(query: ListQuery) -> Response:
    """List targets that have only failed of late and are left alone for a while; for admins."""
    require_admin()
    open_until = services().health.breakers()
    found = {
        one: {"target": one, "open_until": to_rfc3339(until)} for one, until in open_until.items()
    }
    return named_answer(found, "breakers", query, json_text)


@blueprint.operation("/.well-known/webhook-keys", name="get_webhook_keys")
@blueprint.answers(200, PublicKeysSchema)
@blueprint.refuses(404)
@blueprint.open_to_all()
def public_keys() -> Response:
    """The public keys that 'v1a' signatures of deliveries are checked with."""
    keys = signing_keys(services().settings.signing_private_key)
    if not keys:
        raise NotFound("This service signs with no key; deliveries have 'v1' signatures alone.")
    listed = [{"id": key.id, "algorithm": ALGORITHM, "key": key.public} for key in keys]
    return json_answer(json_text({"keys": listed}), headers={"Cache-Control": "max-age=300"})


@blueprint.operation("/metrics", name="get_metrics")
@blueprint.answers(200, {"type": "string"}, content_type="text/plain")
@blueprint.refuses(401, 403, 503)
def metrics() -> Response:
    """Metrics of all processes for Prometheus.

    Unless the settings open it to everybody, an admin or a token of type metrics may read it. Such
    a token is good for nothing else. The answer is OpenMetrics if the header Accept asks for it.
    """
    if not services().settings.metrics_public:
        require_admin_or_metrics_token()
    found = services().health.metrics()  # first: it does not wait for a store that is away
    # Of a cluster whose shard with them is away, the rest is told.
    totals = if_there(services().counts.totals) or Totals({}, {})
    accept, exemplars = request.headers.get("Accept", ""), None
    if wants_openmetrics(accept):
        exemplars = if_there(partial(services().counts.exemplars, services().clock.now_ms()))
    text, content_type = exposition(accept, totals, found, exemplars)
    return Response(text, content_type=content_type)
