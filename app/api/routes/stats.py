"""``/stats``: what became of deliveries."""

from __future__ import annotations

from flask import Response

from app.api.http.answers import json_answer
from app.api.http.auth import access, require_right
from app.api.http.context import services
from app.api.http.smorest import Blueprint
from app.api.schemas.stats import StatsQuerySchema, StatsSchema, stats_text
from app.services.stats import StatsQuery

blueprint = Blueprint("stats", __name__, description="Figures of deliveries")
blueprint.before_request(require_right)


@blueprint.operation("/stats")
@blueprint.reads(StatsQuerySchema, "query")
@blueprint.answers(200, StatsSchema)
@blueprint.refuses(401, 403, 503)
def get_stats(query: StatsQuery) -> Response:
    """Read attempts, outcomes, lateness and receivers' times, by tag, target, status and time.

    What is recorded is counted within some 2 seconds. What is out of your scope is in no figure.
    """
    return json_answer(stats_text(services().figures.stats.of(query, access()), query.group_by))
