"""Headers in the document."""

from __future__ import annotations

from app.api.document.nodes import operations, succeeds

MATCH = {"$ref": "#/components/parameters/IfMatch"}
NONE_MATCH = {"$ref": "#/components/parameters/IfNoneMatch"}


def test_what_may_be_stale_can_be_changed_on_a_condition(document):
    """A 412 has its If-Match, and nothing else has one."""
    for method, path, operation in operations(document):
        stale = "412" in operation["responses"]
        assert (MATCH in operation.get("parameters", [])) == stale, (method, path)


def test_a_read_with_a_version_can_be_unchanged(document):
    for method, path, operation in operations(document):
        unchanged = "304" in operation["responses"]
        assert (NONE_MATCH in operation.get("parameters", [])) == unchanged, (method, path)
        if unchanged:
            assert method == "get"
            assert "ETag" in operation["responses"]["200"]["headers"]
            assert "content" not in operation["responses"]["304"]
    assert "304" in document["paths"]["/events/{event_id}"]["get"]["responses"]
    assert "304" in document["paths"]["/calendar.ics"]["get"]["responses"]


def test_a_list_leads_on(document):
    """What takes a cursor answers where to go on."""
    for method, path, operation in operations(document):
        names = {one.get("name") for one in operation.get("parameters", [])}
        if "cursor" in names:
            assert "Link" in operation["responses"]["200"]["headers"], (method, path)


def test_every_success_tells_its_name_and_what_is_left(document):
    for method, path, operation in operations(document):
        for status, response in operation["responses"].items():
            if succeeds(status):
                headers = response["headers"]
                assert {"X-Request-Id", "X-RateLimit-Remaining"} <= headers.keys(), (method, path)


def test_what_is_made_has_its_place(client, an_event, document):
    """A Location in the document is in the answer: the fuzz test asks every operation."""
    located = {
        operation["operationId"]
        for _, _, operation in operations(document)
        for status, response in operation["responses"].items()
        if succeeds(status) and "Location" in response.get("headers", {})
    }
    assert located >= {"create_event", "trigger_event", "retry_occurrence", "put_calendar"}
    event = client.post("/events", json=an_event)
    triggered = client.post(f"{event.headers['Location']}/trigger")
    assert client.get(triggered.headers["Location"]).json["id"] == triggered.json["id"]
    flow = client.put("/flows/acme", json={"rate": "5/s"})
    assert client.get(flow.headers["Location"]).json == flow.json


def test_a_header_stands_beside_the_parameters_of_the_query(document):
    """What takes an Idempotency-Key has its other parameters, too."""
    told = {
        operation["operationId"]: {one.get("name") for one in operation.get("parameters", [])}
        for _, _, operation in operations(document)
    }
    assert told["rotate_secrets"] >= {"Idempotency-Key", "tags", "match", "dry_run"}
    assert told["backfill_event"] >= {"Idempotency-Key", "dry_run"}
    assert told["import_events"] >= {"Idempotency-Key"}
    assert told["stream_changes"] >= {"Last-Event-ID", "tags"}
