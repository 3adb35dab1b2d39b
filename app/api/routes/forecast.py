"""``/forecast``: what is planned, by minute and target."""

from __future__ import annotations

from flask import Response

from app.api.http.answers import json_answer
from app.api.http.auth import access, require_right
from app.api.http.context import services
from app.api.http.partial import PARTIAL, may_be_partial
from app.api.http.smorest import Blueprint
from app.api.schemas.forecast import ForecastSchema, forecast_text

blueprint = Blueprint("forecast", __name__, description="What is planned")
blueprint.before_request(require_right)


@blueprint.operation("/forecast")
@blueprint.answers(200, ForecastSchema, headers=PARTIAL)
@blueprint.refuses(401, 403, 503)
@may_be_partial
def get_forecast() -> Response:
    """Say what is planned for each minute of the next 24 hours, by target; hot spots are named.

    An answer may be half a minute old. Of more than 500 events it is an estimate.
    """
    return json_answer(forecast_text(services().forecasts.of(access())))
