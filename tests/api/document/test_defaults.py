"""Where leaving a member out has a default, giving that default is the same.

Whatever it stands beside, also where it has no meaning: clients fill in what they know. The table
is the document itself: ``x-default`` in bodies, ``default`` of parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from app.api.document.nodes import operations, parameters_of, resolved
from app.api.document.shapes import DEFAULT

HOOK = "https://example.com/hook"
START = "2034-01-31T09:00:00Z"

SCHEDULES: list[Any] = [
    None,
    {"frequency": "weekly"},
    {"frequency": "monthly", "by_day": ["-1FR"], "count": 3},
    {"cron": "30 8 * * MON-FRI"},
    {"every": "90s", "until": "2035-01-01T00:00:00Z"},
    {"rrule": "FREQ=DAILY;COUNT=3"},
    {"rules": [{"cron": "0 9 * * *"}, {"every": "2h"}]},
    {"every": "1h", "exclude": [{"cron": "0 5 * * *"}], "include": [{"rrule": "FREQ=YEARLY"}]},
]
ACTIONS: list[Any] = [
    {"webhook": HOOK},
    {"webhook": "q:till"},
    {"action": {"type": "webhook", "params": {"url": HOOK, "method": "PUT"}}},
    {"action": {"type": "apicall", "params": {"url": HOOK, "method": "HEAD"}}},
    {"action": {"type": "websocket", "params": {"client_name": "till"}}},
]
SETTINGS: list[Any] = [
    {},
    {"retry": {"delays": ["5s", "5m"]}},
    {"retry": {"attempts": 3, "delays": {"backoff": "fixed"}}},
    {"retry": {"backoff": "fixed", "first": "2d"}},
    {"retry": {"attempts": 3}, "misfire": {}, "dst": {}},
    {"flow": {"key": "till"}, "misfire": {"policy": "skip"}},
    {"flow": {"rate": "10/s"}, "dst": {"gap": "skip"}},
    {"jitter": "1m", "timezone": "Europe/Berlin", "order": "strict"},
    {"expect": {"body_contains": "ok"}},
    {"expect": {"status": ["2xx"]}},
]


def with_defaults(value: Any, schema: Any, document: Any) -> Any:
    """The same value, with the default of every member that it leaves out."""
    schema = resolved(document, schema)
    for choice in schema.get("anyOf", []):
        if ("properties" in resolved(document, choice)) == isinstance(value, dict):
            schema = resolved(document, choice)
    if isinstance(value, list):
        return [with_defaults(one, schema.get("items", {}), document) for one in value]
    if not isinstance(value, dict):
        return value
    members = schema.get("properties", {})
    filled = {
        name: with_defaults(one, members.get(name, {}), document) for name, one in value.items()
    }
    for name, member in members.items():
        if DEFAULT in member:
            filled.setdefault(name, member[DEFAULT])
    return filled


def schema_of(document: Any, path: str, method: str) -> Any:
    content = document["paths"][path][method]["requestBody"]["content"]
    return content["application/json"]["schema"]


def an_event(schedule: Any, action: Any, settings: Any) -> dict[str, Any]:
    given = {"name": "defaults", "start_time": START, **action, **settings}
    return given if schedule is None else {**given, "schedule": schedule}


def events() -> Iterator[dict[str, Any]]:
    for schedule in SCHEDULES:
        yield from (an_event(schedule, ACTIONS[0], settings) for settings in SETTINGS)
    for action in ACTIONS[1:]:
        yield from (an_event(SCHEDULES[1], action, settings) for settings in SETTINGS)


@pytest.fixture
def bodies() -> list[tuple[str, Any]]:
    """Requests that are accepted, or refused for what they say, and name no default."""
    tags = {"tags": ["billing"]}
    texts = [{"tags": ["billing"]}, {"expression": "billing AND NOT test"}, {"all": True}]
    actions = [{"action": one} for one in ("delete", "pause", "resume")]
    actions += [{"action": "retag", "add_tags": ["new"]}]
    return [
        *(("/preview", {"start_time": START, "schedule": one}) for one in SCHEDULES),
        ("/preview", {"text": "every second friday at 9"}),
        ("/events/batch", {"events": [an_event(None, ACTIONS[0], {})]}),
        *(("/events/bulk", {**one, "filter": text}) for one in actions for text in texts),
        *(
            ("/occurrences/retry", {"filter": one})
            for one in (tags, {"event_id": "0" * 8}, {"from": START})
        ),
    ]


def test_the_document_names_defaults(document):
    """There is something to fill in."""
    named = [name for name, one in document["components"]["schemas"].items() if DEFAULT in str(one)]
    assert {"EventCreate", "Schedule", "RetryPolicy", "EventFlow", "Bulk", "Nack"} <= set(named)
    update = document["components"]["schemas"]["EventUpdate"]["properties"]
    assert not [name for name, one in update.items() if DEFAULT in one]


def test_an_event_is_the_same_with_every_default(client: FlaskClient, document):
    """Of any schedule, action and settings; what is refused without is refused with them."""
    schema = schema_of(document, "/events", "post")
    accepted = 0
    for given in events():
        plain = client.post("/events", json=given)
        whole = client.post("/events", json=with_defaults(given, schema, document))
        assert whole.status_code == plain.status_code, (given, whole.text)
        next_ones = [one.json.get("next_occurrence_at") for one in (plain, whole)]
        assert next_ones[0] == next_ones[1], given
        accepted += plain.status_code == 201
    assert accepted > 100


def test_requests_are_the_same_with_every_default(client: FlaskClient, document, bodies):
    for path, given in bodies:
        schema = schema_of(document, path, "post")
        plain = client.post(path, json=given)
        whole = client.post(path, json=with_defaults(given, schema, document))
        assert whole.status_code == plain.status_code, (path, given, whole.text)


@pytest.mark.parametrize("given", [{}, {"tags": "a AND b"}, {"tags": "a,b"}, {"cursor": "none"}])
def test_queries_are_the_same_with_every_default(client: FlaskClient, document, created, given):
    """Whatever else is asked for."""
    for method, path, _ in operations(document):
        known = [one for one in parameters_of(document, path, method) if one["in"] == "query"]
        filled = {
            one["name"]: str(one["schema"]["default"]).replace("False", "false")
            for one in known
            if "default" in one["schema"]
        }
        asked = {name: one for name, one in given.items() if name in {one["name"] for one in known}}
        if method != "get" or not filled or asked != given:
            continue
        url = path.replace("{event_id}", created["id"])
        plain = client.get(f"{url}?{urlencode(asked)}")
        whole = client.get(f"{url}?{urlencode({**filled, **asked})}")
        assert whole.status_code == plain.status_code, (url, whole.text)


def test_what_is_no_default_is_refused_as_ever(client: FlaskClient):
    """Where a member has no meaning, only its default may stand."""
    cron, one_time = SCHEDULES[3], None
    for schedule, settings, field in (
        (one_time, {"on_excluded": "next_day"}, "on_excluded"),
        (one_time, {"overlap": "skip"}, "overlap"),
        ({**cron, "interval": 2}, {}, "schedule.interval"),
        ({**cron, "interval": True}, {}, "schedule.interval"),
        ({**cron, "week_start": "SU"}, {}, "schedule.week_start"),
        (one_time, {"retry": {"delays": ["5s"], "first": "16s"}}, "retry.first"),
        (one_time, {"retry": {"delays": ["5s"], "jitter": False}}, "retry.jitter"),
        (one_time, {"retry": {"backoff": "fixed", "factor": 3}}, "retry.factor"),
        (one_time, {"retry": {"backoff": "fixed", "max": "x"}}, "retry.max"),
        (one_time, {"flow": {"burst": 2}}, "flow.burst"),
    ):
        answer = client.post("/events", json=an_event(schedule, ACTIONS[0], settings))
        assert answer.status_code == 400
        assert field in answer.json["fields"], answer.text
