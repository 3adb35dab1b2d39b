"""What is read from answers, and that it is what the service documents."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from docs.generate.api_reference import openapi_document
from qhronos import bulk_models, models
from qhronos.decoding import Model, plain
from tests.qhronos.client.twin import CLIENT, TWINS, twin_of

SCHEMAS = {
    "Created": "BatchResult",
    "RedeliveryJob": "RetryJob",
    "Pause": "EventPause",
    "RotatedSecret": "RotatedAll",
    "TagSecret": "TagSecretWritten",
}
NOT_OF_THE_BODY = {"raw", "etag"}
MODELS = [
    one
    for one in (vars(models) | vars(bulk_models)).values()
    if isinstance(one, type) and issubclass(one, Model) and one not in (Model, models.Change)
]


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    found: dict[str, Any] = openapi_document()["components"]["schemas"]
    return found


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_model_has_members_of_its_schema_alone(
    model: type[Model], schemas: dict[str, Any]
) -> None:
    name = SCHEMAS.get(model.__name__, model.__name__)
    ours = {field.metadata.get("name", field.name) for field in fields(model)} - NOT_OF_THE_BODY
    assert ours <= schemas[name]["properties"].keys()


def test_members_that_are_new_or_missing_break_nothing() -> None:
    document = {
        "id": "o", "event_id": "e", "status": "failed", "scheduled_at": "2027-01-01T00:00:00.500Z",
        "completed_at": None, "of_a_later_version": [1],
    }  # fmt: skip
    read = models.Occurrence.of(document)
    assert read.scheduled_at == datetime(2027, 1, 1, 0, 0, 0, 500_000, UTC)
    assert (read.completed_at, read.attempt_count, read.is_over) == (None, 0, True)
    assert read.raw["of_a_later_version"] == [1]


def test_values_of_python_are_written_as_the_api_takes_them() -> None:
    given = {
        "at": datetime(2027, 1, 1, tzinfo=UTC), "on": date(2027, 1, 2), "in": timedelta(minutes=90),
        "soon": timedelta(milliseconds=1500), "tags": ("a", "b"), "deep": {"x": [None, 1.5, True]},
    }  # fmt: skip
    assert plain(given) == {
        "at": "2027-01-01T00:00:00+00:00", "on": "2027-01-02", "in": "5400s", "soon": "1500ms",
        "tags": ["a", "b"], "deep": {"x": [None, 1.5, True]},
    }  # fmt: skip


@pytest.mark.parametrize(("source", "target"), TWINS.items())
def test_the_asynchronous_half_is_made_of_the_other(source: str, target: str) -> None:
    """After a change: python -m tests.qhronos.client.twin."""
    made = twin_of((CLIENT / source).read_text(encoding="utf-8"))
    assert (CLIENT / target).read_text(encoding="utf-8") == made
