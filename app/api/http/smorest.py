"""Flask-smorest, made strict and typed: schemas read requests and document them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from http import HTTPStatus
from typing import Any

import flask_smorest
from flask import Response, request
from marshmallow import Schema, ValidationError

from app.api.http import json_body
from app.api.http.context import services
from app.api.http.icalendar_body import CALENDAR
from app.api.schemas.base import StrictSchema
from app.api.schemas.errors import ErrorAnswerSchema

MAX_BATCH_BYTES = 4 * 1_048_576
"""Of a body with many events: a thousand of 4 KiB each."""

View = Callable[..., Response]
Decorator = Callable[[View], View]
Described = type[Schema] | Schema | dict[str, Any] | None


def _body() -> dict[str, Any]:
    return json_body.read_object(request, services().settings.max_body_bytes)


def read_query() -> dict[str, str]:
    """Return the query's parameters; only ``tags`` may stand more than once."""
    values: dict[str, str] = {}
    for name, given in request.args.lists():
        if len(given) > 1 and name != "tags":
            raise ValidationError({name: ["must be given once"]})
        values[name] = ",".join(given)
    return values


def _optional_body() -> dict[str, Any]:
    # Many clients name a content type even when they send nothing.
    return _body() if request.content_length or request.headers.get("Transfer-Encoding") else {}


def _large_body() -> dict[str, Any]:
    return json_body.read_object(request, MAX_BATCH_BYTES)


_READERS: dict[str, Callable[[], dict[str, Any]]] = {
    "json": _body,
    "optional json": _optional_body,
    "large json": _large_body,
    "query": read_query,
}


def _documented(view: View, by: Callable[[View], Any]) -> View:
    """Note on a view what a decorator of flask-smorest documents, without what it wraps around."""
    vars(view)["_apidoc"] = vars(by(view))["_apidoc"]
    return view


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc] # it publishes no types
    """A group of documented views."""

    def operation(self, rule: str, method: str = "GET", name: str | None = None) -> Decorator:
        """Serve a view at a path; ``name`` tells two operations of one view apart."""

        def decorate(view: View) -> View:
            endpoint = name or view.__name__
            _documented(view, self.doc(operationId=endpoint))
            self.route(rule, methods=[method], endpoint=endpoint)(view)
            return view

        return decorate

    def reads(self, schema: type[StrictSchema], location: str = "json") -> Decorator:
        """Pass what a schema reads from the body or the query as the view's next argument."""
        read = _READERS[location]
        document = self.arguments(
            schema,
            location=location.removeprefix("optional ").removeprefix("large "),
            required=not location.startswith("optional "),
            error_status_code=400,
        )

        def decorate(view: View) -> View:
            @wraps(view)
            def wrapper(*values: Any, **names: str) -> Response:
                given = read()
                return view(*values, schema.read(given), **names)

            return _documented(wrapper, document)

        return decorate

    def takes_calendar(self, document: dict[str, Any]) -> Decorator:
        """Document that the body may be an iCalendar file; stands above ``reads``."""
        content = {CALENDAR: {"schema": {"type": "string", **document}}}
        described = self.doc(requestBody={"required": True, "content": content})
        return lambda view: _documented(view, described)

    def reads_calendar_too(self, other: View) -> Decorator:
        """Have another view serve requests whose body is an iCalendar file."""

        def decorate(view: View) -> View:
            @wraps(view)
            def wrapper(**names: str) -> Response:
                chosen = other if request.mimetype == CALENDAR else view
                return chosen(**names)

            return wrapper

        return decorate

    def answers(self, status: int, schema: Described = None, **described: Any) -> Decorator:
        """Document the answer; views make it themselves."""
        document = self.response(status, schema, **described)
        return lambda view: _documented(view, document)

    def refuses(self, *statuses: int) -> Decorator:
        """Document the errors beside those that every operation can have."""
        document = self.doc(responses={str(status): HTTPStatus(status).name for status in statuses})
        return lambda view: _documented(view, document)

    def takes(self, parameter: dict[str, Any]) -> Decorator:
        """Document a header that the view reads by itself, beside what it is passed."""

        def decorate(view: View) -> View:
            known = deepcopy(vars(view).get("_apidoc", {}))
            # Given to ``doc``, the list would stand in place of the parameters of the query.
            known.setdefault("arguments", {}).setdefault("parameters", []).append(dict(parameter))
            vars(view)["_apidoc"] = known
            return view

        return decorate

    def for_receivers(self) -> Decorator:
        """Document that the token of a delivery is needed, and no other."""
        document = self.doc(security=[{"delivery": []}])
        return lambda view: _documented(view, document)

    def open_to_all(self) -> Decorator:
        """Document that no token is needed."""
        document = self.doc(security=[])
        return lambda view: _documented(view, document)


class Api(flask_smorest.Api):  # type: ignore[misc] # it publishes no types
    """The document, and the blueprints in it."""

    ERROR_SCHEMA = ErrorAnswerSchema

    def _register_error_handlers(self) -> None:
        """Leave errors to ``app.api.http.errors``."""
