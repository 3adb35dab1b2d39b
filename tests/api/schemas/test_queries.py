"""Query parameters as values: in every spelling, and with what counts where one is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.api.http.smorest import read_query
from app.api.schemas.queries import (
    EventQuerySchema,
    ListQuery,
    ListQuerySchema,
    OccurrenceQuerySchema,
    PreviewQuery,
    PreviewQuerySchema,
)
from app.services.queries import EventQuery, OccurrenceQuery, TagFilter

NOBODY = "00000000-0000-4000-8000-000000000000"
YEAR_2031_MS = 1_924_992_000_000


@pytest.fixture
def read(shared_app: Flask) -> Callable[[type, str], Any]:
    """Reads the query of an address with a schema, as a request does."""

    def load(schema: type, query: str) -> Any:
        with shared_app.test_request_context(f"/?{query}"):
            return schema().load(read_query())

    return load


@pytest.mark.parametrize(
    ("query", "tags"),
    [
        ("", TagFilter()),
        ("tags=a", TagFilter(("a",))),
        ("tags=a,b", TagFilter(("a", "b"))),
        ("tags=a&tags=b", TagFilter(("a", "b"))),
        ("tags=a,b&tags=b,c&match=all", TagFilter(("a", "b", "c"), match_all=True)),
        ("tags=%20a%20,cafe%CC%81&match=any", TagFilter(("a", "caf\u00e9"))),
    ],
)
def test_tags_are_trimmed_composed_and_each_once(read, query, tags) -> None:
    assert read(EventQuerySchema, query) == EventQuery(tags=tags)


def test_a_list_of_events(read) -> None:
    query = "status=paused&name=invoice%20run&limit=1000&cursor=0"
    assert read(EventQuerySchema, query) == EventQuery(
        status="paused", name="invoice run", limit=1000, cursor="0"
    )
    assert read(EventQuerySchema, "") == EventQuery(limit=100)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tags=a,b", {"tags": TagFilter(("a", "b"))}),
        ("tags=a&tags=b&match=all", {"tags": TagFilter(("a", "b"), match_all=True)}),
        (f"event_id={NOBODY}", {"event_id": NOBODY}),
        ("status=failed", {"status": "failed"}),
        ("from=2031-01-01T00:00:00Z", {"from_ms": YEAR_2031_MS}),
        ("to=2031-01-01T00:00:00.5Z", {"to_ms": YEAR_2031_MS + 500}),
        ("status=failed&page=3&limit=100", {"status": "failed", "page": 3, "limit": 100}),
        ("tags=a", {"tags": TagFilter(("a",)), "page": 1, "limit": 50}),
    ],
)
def test_a_page_of_occurrences(read, query, expected) -> None:
    assert read(OccurrenceQuerySchema, query) == OccurrenceQuery(**expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", PreviewQuery(10)),
        (
            "count=1000&from=2031-01-01T00:00:00Z&to=2031-01-01T02:00:00%2B02:00&detail=true",
            PreviewQuery(1000, YEAR_2031_MS, YEAR_2031_MS, detail=True),
        ),
        ("from=2031-01-01T02:00:00+02:00", PreviewQuery(10, YEAR_2031_MS)),
    ],
)
def test_a_preview(read, query, expected) -> None:
    """An offset's "+" that was not encoded is one all the same."""
    assert read(PreviewQuerySchema, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [("", ListQuery(100)), ("limit=1&cursor=x", ListQuery(1, "x"))],
)
def test_a_list_that_leads_on(read, query, expected) -> None:
    assert read(ListQuerySchema, query) == expected
