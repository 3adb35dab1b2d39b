"""A new event that is read field by field is what its schema loads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from marshmallow import ValidationError

from app.api.schemas.events import EventSchema
from app.api.schemas.readers import values_of

BODY = {"name": "a", "start_time": "2030-01-01T00:00:00Z", "webhook": "https://example.com/"}


def outcome(read: Callable[[dict[str, Any]], Any], body: dict[str, Any]) -> Any:
    try:
        return read(body)
    except ValidationError as error:
        return error.messages


def test_it_is_what_the_schema_loads(app: Flask) -> None:
    """Also what is wrong with it."""
    action = {"type": "webhook", "params": {"url": "https://example.com/"}}
    others: list[dict[str, Any]] = [
        {"tags": ["a", "b"], "metadata": {"x": 1.10}, "status": "paused"},
        {"webhook": None},
        {"action": action},
        {"action": action, "webhook": "https://example.com/other"},
        {"tags": None, "description": None, "name": 7},
        {"id": "x"},
        {"nmae": "a", "tags": 7},
        {"retry": {"max_attempts": 2}, "delay": "1h"},
    ]
    with app.app_context():
        for other in others:
            body = {**BODY, **other}
            assert outcome(EventSchema.read, body) == outcome(EventSchema().load, body)
        for name in BODY:
            lacks = {key: value for key, value in BODY.items() if key != name}
            assert outcome(EventSchema.read, lacks) == outcome(EventSchema().load, lacks)


def test_fields_that_know_less_or_lack_something_read_nothing(app: Flask) -> None:
    with app.app_context():
        assert values_of(EventSchema, {"name": "a"}) == {"name": "a"}
        assert values_of(EventSchema, {"tags": []}) is None
        assert values_of(EventSchema, {"name": "a", "id": "x"}) is None
        with pytest.raises(ValidationError):
            values_of(EventSchema, {"name": 7})
