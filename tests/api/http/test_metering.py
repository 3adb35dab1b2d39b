"""Requests to the API are counted by the template of their route, never by what is in it."""

from __future__ import annotations

from app.api.http.context import EXTENSION


def requests(client) -> set[str]:
    """What was counted: route, method and class of the status."""
    fields = client.application.extensions[EXTENSION].counts.registry.totals()
    return {
        field.rpartition("|")[0].removeprefix("api_request_seconds|")
        for field in fields
        if field.startswith("api_request_seconds") and field.endswith("|sum")
    }


def test_requests_are_counted_by_template_method_and_class(client) -> None:
    client.get("/events/01960000-0000-8000-8000-000000000000")
    client.get("/nothing/of/the/kind")
    client.open("/events", method="BREW")
    client.delete("/health")
    found = requests(client)
    assert "/events/<event_id>|GET|4xx" in found
    assert "none|GET|4xx" in found
    assert "none|other|4xx" in found
    assert not any("0196" in one or "BREW" in one or "kind" in one for one in found)


def test_the_pages_of_the_console_count_as_one_route(client) -> None:
    for page in ("/console/", "/console/events", "/console/nothing"):
        client.get(page)
    assert {one.partition("|")[0] for one in requests(client)} == {"console"}
