"""Counts the requests of the API, and what they took."""

from __future__ import annotations

import time

from flask import Flask, Response, g, request

from app.api.http.context import services
from app.metrics.catalogue import REQUESTS
from app.metrics.family import MICROSECONDS

NOWHERE = "none"
"""The route of a request that leads nowhere."""

SCRAPE = "/metrics"
"""It is not counted: what it answers would change by being asked for."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"


def register_metering(app: Flask, together: frozenset[str]) -> None:
    """Measure every request, by the template of its route.

    The pages of a blueprint that is named in ``together`` count as one route, ``<name>``. To be
    called before whatever else looks at requests: then it sees what they all take.
    """

    def begin() -> None:
        g.began_s = time.perf_counter()

    def end(answer: Response) -> Response:
        if request.path == SCRAPE:
            return answer
        took_us = int((time.perf_counter() - g.began_s) * MICROSECONDS)
        rule, part = request.url_rule, request.blueprint
        route = NOWHERE if rule is None else rule.rule
        if part is not None and part in together:
            route = part
        method = request.method if request.method in METHODS else OTHER
        status = f"{answer.status_code // 100}xx"
        services().storage.registry.observe(REQUESTS, took_us, route, method, status)
        return answer

    app.before_request(begin)
    app.after_request(end)
