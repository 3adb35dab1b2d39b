"""What ``app.api.http.smorest`` uses of flask-smorest and marshmallow that they do not promise.

When one of these tests fails after a change of either, read the change to the name that it gives,
and change ``app.api.http.smorest``; ``tests/api/routes/test_docs.py`` then says whether everything
is documented as it was.
"""

from __future__ import annotations

import flask_smorest
import marshmallow
import pytest
from flask import Flask
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from app.api.http import errors, smorest
from app.api.schemas.errors import ErrorAnswerSchema
from app.api.schemas.readers import reader_of


class Asked(Schema):
    """What a request may hold."""

    needed = fields.Integer(required=True)
    given = fields.Integer(load_default=7)
    left_out = fields.Integer(data_key="leftOut")


def view() -> None:
    pass


@pytest.mark.parametrize(
    "decorate",
    [
        lambda blueprint: blueprint.doc(operationId="a"),
        lambda blueprint: blueprint.arguments(Asked, location="json"),
        lambda blueprint: blueprint.response(200, Asked),
    ],
    ids=["doc", "arguments", "response"],
)
def test_a_decorator_leaves_its_documentation_on_the_view(decorate) -> None:
    """``_apidoc``: it is taken over, and what is wrapped around the view is not."""
    documented = decorate(flask_smorest.Blueprint("a", __name__))(view)
    assert documented is not view
    assert vars(documented)["_apidoc"]


def test_what_is_wrapped_around_a_view_is_left_out() -> None:
    blueprint = smorest.Blueprint("a", __name__)
    assert blueprint.answers(200)(view) is view
    del view._apidoc  # type: ignore[attr-defined]


def test_errors_are_left_to_this_api(app: Flask) -> None:
    """``_register_error_handlers``: flask-smorest's own would answer in another form."""
    assert "_register_error_handlers" in dir(flask_smorest.Api)
    handlers = app.error_handler_spec[None]
    modules = {one.__module__ for by_kind in handlers.values() for one in by_kind.values()}
    assert not [name for name in modules if name.startswith("flask_smorest")]
    assert handlers[None][HTTPException] is errors._answer_http


def test_errors_are_documented_as_they_are_answered(app: Flask) -> None:
    """``ERROR_SCHEMA``: what flask-smorest documents for what an operation refuses."""
    assert flask_smorest.Api.ERROR_SCHEMA is not ErrorAnswerSchema
    document = app.test_client().get("/openapi.json").json
    content = document["components"]["responses"]["NOT_FOUND"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/ErrorAnswer"}


def test_a_schema_for_what_was_given_reads_it_and_what_is_always_read() -> None:
    """``load_fields``, ``required``, ``load_default``, ``data_key`` and ``only``."""
    read = reader_of(Asked, {"needed": 1})
    assert set(read.load_fields) == {"needed", "given"}
    assert read.load({"needed": 1}) == {"needed": 1, "given": 7}
    whole = reader_of(Asked, {"needed": 1, "leftOut": 2})
    assert whole.load({"needed": 1, "leftOut": 2}) == {"needed": 1, "given": 7, "left_out": 2}
    assert set(reader_of(Asked, {"else": 1}).load_fields) == set(Asked().load_fields)
    assert Asked().load_fields["needed"].load_default is marshmallow.missing


def test_what_belongs_to_no_field_has_marshmallow_s_name() -> None:
    """``app.api.http.errors`` leaves it out of paths."""
    assert marshmallow.exceptions.SCHEMA == "_schema"
    with pytest.raises(marshmallow.ValidationError) as caught:
        Asked().load([])
    assert list(caught.value.messages) == ["_schema"]
