"""Wishes to attempt many again that are none: refused by name, and nothing is begun."""

from __future__ import annotations

import pytest

from tests.api.hostile.refusals import refused

ROWS: list[tuple[dict, str]] = [
    ({}, "filter"),
    ({"filter": None}, "filter"),
    ({"filter": []}, "filter"),
    ({"filter": "tags"}, "filter"),
    ({"filter": 1}, "filter"),
    ({"filter": {"tags": "red"}}, "filter.tags"),
    ({"filter": {"tags": [""]}}, "filter.tags.0"),
    ({"filter": {"tags": ["a,b"]}}, "filter.tags.0"),
    ({"filter": {"tags": [1]}}, "filter.tags.0"),
    ({"filter": {"tags": None}}, "filter.tags"),
    ({"filter": {"match": "most"}}, "filter.match"),
    ({"filter": {"match": ["any"]}}, "filter.match"),
    ({"filter": {"event_id": ""}}, "filter.event_id"),
    ({"filter": {"event_id": 5}}, "filter.event_id"),
    ({"filter": {"event_id": "x" * 65}}, "filter.event_id"),
    ({"filter": {"status": "completed"}}, "filter.status"),
    ({"filter": {"status": "retrying"}}, "filter.status"),
    ({"filter": {"status": {}}}, "filter.status"),
    ({"filter": {"from": "yesterday"}}, "filter.from"),
    ({"filter": {"from": "2031-01-31T09:00:00"}}, "filter.from"),
    ({"filter": {"to": 5}}, "filter.to"),
    (
        {"filter": {"from": "2031-01-02T00:00:00Z", "to": "2031-01-01T00:00:00Z"}},
        "filter.to",
    ),
    ({"filter": {"tag": ["red"]}}, "filter.tag"),
    ({"filter": {}}, "filter"),
    ({"filter": {"match": "all"}}, "filter"),
    ({"filter": {"tags": []}}, "filter.tags"),
    ({"filter": {"event_id": "x"}}, "filter.event_id"),
    ({"filter": {"status": "failed"}, "dry_run": "true"}, "dry_run"),
    ({"filter": {"status": "failed"}, "dry_run": 1}, "dry_run"),
    ({"filter": {"status": "failed"}, "dry_run": None}, "dry_run"),
    ({"filter": {"status": "failed"}, "order": "random"}, "order"),
    ({"filter": {"status": "failed"}, "order": None}, "order"),
    ({"filter": {"status": "failed"}, "rate": "10"}, "rate"),
    ({"filter": {"status": "failed"}, "rate": "0/s"}, "rate"),
    ({"filter": {"status": "failed"}, "rate": "10/week"}, "rate"),
    ({"filter": {"status": "failed"}, "rate": "1000000/s"}, "rate"),
    ({"filter": {"status": "failed"}, "rate": 10}, "rate"),
    ({"filter": {"status": "failed"}, "rate": "9" * 99 + "/s"}, "rate"),
    ({"filter": {"status": "failed"}, "stop_at_error_rate": 0}, "stop_at_error_rate"),
    ({"filter": {"status": "failed"}, "stop_at_error_rate": 1.01}, "stop_at_error_rate"),
    ({"filter": {"status": "failed"}, "stop_at_error_rate": -0.5}, "stop_at_error_rate"),
    ({"filter": {"status": "failed"}, "stop_at_error_rate": "0.5"}, "stop_at_error_rate"),
    ({"filter": {"status": "failed"}, "stop_at_error_rate": True}, "stop_at_error_rate"),
    ({"filter": {"status": "failed"}, "stop_at": 0.5}, "stop_at"),
    ({"filter": {"status": "failed"}, "limit": 5}, "limit"),
]


@pytest.mark.parametrize(("body", "path"), ROWS)
def test_a_wrong_wish_is_named(client, body, path):
    answer = refused(client.post("/occurrences/retry", json=body), 400)
    assert path in answer["fields"]
    assert answer["error"].startswith(path.split(".")[0])


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"filter":{},"filter":{}}', b"\xff"])
def test_a_body_that_is_no_object_is_refused(client, raw):
    answer = client.post("/occurrences/retry", data=raw, content_type="application/json")
    refused(answer, 400)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/occurrences/x/retry"),
        ("POST", "/occurrences/x/attempts"),
        ("POST", "/retries"),
        ("DELETE", "/retries/x"),
        ("GET", "/retries/x/cancel"),
    ],
)
def test_other_methods_are_refused(client, method, path):
    answer = client.open(path, method=method)
    refused(answer, 405)
    assert "Allow" in answer.headers


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "cursor=", "status=running", "page=1"])
def test_a_wrong_part_of_the_list_is_named(client, query):
    answer = refused(client.get(f"/retries?{query}"), 400)
    assert query.split("=")[0] in answer["fields"]
