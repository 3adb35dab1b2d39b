"""Actions in the API: written in full or in short, answered in both forms, changed, read back.

Tests ``app.delivery.actions.websocket``, too.
"""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.action import webhook
from app.store.event_plans import KEEP

URL = "https://example.com/call"
VALUE = "Bearer a-secret-of-the-receiver"


def call_of(**params: Any) -> dict[str, Any]:
    return {"type": "apicall", "params": {"method": "PUT", "url": URL, **params}}


@pytest.fixture
def make(client, an_event):
    def one(**fields):
        body = {name: value for name, value in an_event.items() if name != "webhook"} | fields
        answer = client.post("/events", json=body)
        assert answer.status_code == 201, answer.text
        return answer

    return one


@pytest.mark.parametrize(
    ("given", "webhook"),
    [
        ({"webhook": URL}, URL),
        ({"action": {"type": "webhook", "params": {"url": URL}}}, URL),
        ({"action": {"type": "webhook", "params": {"url": URL, "body": {"a": [1]}}}}, URL),
        ({"action": call_of()}, None),
        ({"action": call_of(body={"a": {"b": [1, None, "é"]}})}, None),
        ({"action": call_of(body=[])}, None),
        ({"action": call_of(body="a=1")}, None),
        ({"action": call_of(method="GET")}, None),
    ],
)
def test_answers_show_both_forms_and_can_be_sent_back(client, make, given, webhook):
    """The short form is null where there is none. All of an answer sent back changes nothing."""
    made = make(**given)
    action = given.get("action", {"type": "webhook", "params": {"url": URL}})
    assert (made.json["webhook"], made.json["action"]) == (webhook, action)
    path = f"/events/{made.json['id']}"
    assert client.get(path).json == made.json
    (listed,) = client.get("/events").json
    assert listed == made.json
    again = client.put(path, json=made.json)
    assert (again.status_code, again.headers["ETag"]) == (200, made.headers["ETag"])


def test_a_body_keeps_every_digit(client, make):
    body = '{"n":1.10,"e":1E5,"big":123456789012345678901234567890}'
    template = '{"name":"n","delay":"1h","tags":["t"],"action":{"type":"apicall","params":'
    text = f'{template}{{"method":"POST","url":"{URL}","body":{body}}}}}}}'
    made = client.post("/events", data=text, content_type="application/json")
    assert made.status_code == 201
    assert f'"body":{body}' in made.text
    assert f'"body":{body}' in client.get(f"/events/{made.json['id']}").text


def test_a_lower_case_method_is_meant(make):
    assert make(action=call_of(method="delete")).json["action"]["params"]["method"] == "DELETE"


def test_a_change_leads_from_each_form_to_each_other(client, make):
    path = f"/events/{make(webhook=URL).json['id']}"
    for change in (
        {"action": call_of(body="x")},
        {"webhook": URL + "/2"},
        {"action": call_of(method="HEAD")},
        {"action": {"type": "webhook", "params": {"url": URL, "method": "PATCH"}}},
        {"action": {"type": "webhook", "params": {"url": URL}}},
    ):
        for method in (client.put, client.patch):
            answer = method(path, json=change)
            assert answer.status_code == 200, answer.text
            short = {"type": "webhook", "params": {"url": change.get("webhook")}}
            assert answer.json["action"] == change.get("action", short)


def test_the_short_form_changes_the_url_of_a_webhook_and_nothing_else_of_it(client, make):
    made = make(action={"type": "webhook", "params": {"url": URL, "body": {"a": 1}}})
    answer = client.patch(f"/events/{made.json['id']}", json={"webhook": URL + "/2"})
    assert answer.json["action"]["params"] == {"url": URL + "/2", "body": {"a": 1}}


def test_headers_of_a_call_are_kept_secret_in_its_action(client, make, headers_of):
    """Answers to a write, a read and the list mask their values, and so does the audit log."""
    headers = {"Authorization": VALUE, "Content-Type": "text/csv"}
    masked = dict.fromkeys(headers, "***")
    made = make(action=call_of(headers=headers, body="a,b"))
    path = f"/events/{made.json['id']}"
    assert made.json["action"]["params"]["headers"] == masked
    assert "headers" not in made.json
    for answer in (made, client.get(path), client.get("/events"), client.get("/audit")):
        assert VALUE not in answer.text
    assert headers_of(made.json["id"]) == headers
    again = client.put(path, json=made.json)
    assert again.headers["ETag"] == made.headers["ETag"]
    kept = client.patch(path, json={"action": call_of(headers={"authorization": "***"})})
    assert kept.status_code == 200
    assert headers_of(made.json["id"]) == {"authorization": VALUE}


@pytest.mark.parametrize(
    "change",
    [
        {"action": call_of()},
        {"action": call_of(headers={})},
        {"action": {"type": "webhook", "params": {"url": URL}}},
        {"webhook": URL},
    ],
)
def test_headers_of_a_call_end_with_it(client, make, headers_of, change):
    event = make(action=call_of(headers={"Authorization": VALUE})).json["id"]
    answer = client.patch(f"/events/{event}", json=change)
    assert answer.status_code == 200, answer.text
    assert headers_of(event) == {}
    assert "headers" not in answer.text


def test_headers_of_a_webhook_may_be_given_in_its_action(client, make, headers_of):
    """They are the event's: another action without any keeps them."""
    action = {"type": "webhook", "params": {"url": URL, "headers": {"X-A": VALUE}}}
    made = make(action=action)
    assert made.json["headers"] == {"X-A": "***"}
    client.patch(f"/events/{made.json['id']}", json={"webhook": URL + "/2"})
    assert headers_of(made.json["id"]) == {"X-A": VALUE}


@pytest.mark.parametrize("way", ["webhook", "action", "apicall"])
def test_stored_values_go_to_no_other_origin(client, make, headers_of, way):
    event = make(action=call_of(headers={"Authorization": VALUE})).json["id"]
    evil, kept = "https://evil.example/", {"Authorization": "***"}
    change = {
        "webhook": {"webhook": evil, "headers": kept},
        "action": {"action": {"type": "webhook", "params": {"url": evil, "headers": kept}}},
        "apicall": {"action": call_of(url=evil, headers=kept)},
    }[way]
    answer = client.patch(f"/events/{event}", json=change)
    assert (answer.status_code, list(answer.json["fields"])) == (400, ["headers"])
    assert headers_of(event) == {"Authorization": VALUE}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"webhook": URL, "action": call_of()}, "webhook"),
        ({"webhook": URL + "/2", "action": {"type": "webhook", "params": {"url": URL}}}, "webhook"),
        ({"webhook": None}, "webhook"),
        ({}, "webhook"),
        ({"action": None}, "action"),
        ({"action": call_of(headers={"X-A": "1"}), "headers": {"X-A": "2"}}, "headers"),
        ({"action": call_of(headers={"X-A": "***"})}, "headers.X-A"),
    ],
)
def test_what_contradicts_itself_or_is_missing_is_refused(client, an_event, given, path):
    body = {name: value for name, value in an_event.items() if name != "webhook"} | given
    answer = client.post("/events", json=body)
    assert (answer.status_code, list(answer.json["fields"])) == (400, [path])
    assert client.get("/events").json == []


def test_null_is_no_target(client, make):
    answer = client.patch(f"/events/{make(webhook=URL).json['id']}", json={"webhook": None})
    assert (answer.status_code, list(answer.json["fields"])) == (400, ["webhook"])


def test_a_key_makes_a_call_once(client, an_event):
    body = {name: value for name, value in an_event.items() if name != "webhook"}
    body["action"] = call_of(headers={"X-A": VALUE}, body={"a": 1})
    key = {"Idempotency-Key": "k"}
    first, second = (client.post("/events", json=body, headers=key) for _ in range(2))
    assert first.json["id"] == second.json["id"]


@pytest.mark.parametrize(
    "expect", [{"status": ["2xx", 404]}, {"body_contains": "ok"}, {"status": None}, None]
)
def test_what_is_expected_is_answered_as_given(client, make, expect):
    made = make(action=call_of(), expect=expect).json
    assert made.get("expect") == expect
    assert client.put(f"/events/{made['id']}", json=made).json.get("expect") == expect
    assert "expect" not in client.patch(f"/events/{made['id']}", json={"expect": None}).json


def test_no_text_is_expected_of_an_answer_that_has_none(client, make):
    event = make(action=call_of(), expect={"body_contains": "ok"}).json["id"]
    answer = client.patch(f"/events/{event}", json={"action": call_of(method="HEAD")})
    assert list(answer.json["fields"]) == ["expect.body_contains"]


TEMPLATES = call_of(
    url=URL + "/{{metadata.id}}?of={{event.name}}",
    headers={"X-Id": "{{metadata.id}}"},
    body={"text": "{{event.name}} is due", "n": "{{{metadata.id}}}"},
)


def test_templates_are_answered_as_given(client, make):
    made = make(action=TEMPLATES, metadata={"id": 7}).json
    masked = {**TEMPLATES["params"], "headers": {"X-Id": "***"}}
    assert made["action"]["params"] == masked
    assert client.put(f"/events/{made['id']}", json=made).json["action"] == made["action"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"metadata": {"other": 7}}, "headers.X-Id"),
        ({"metadata": {"other": 7}, "headers": {}}, "action.params.url"),
        ({"metadata": None, "headers": {}}, "action.params.url"),
        ({"metadata": {"id": "x" * 5_000}}, "headers.X-Id"),
        ({"metadata": {"id": "x" * 5_000}, "headers": {}}, "action.params.url"),
        ({"metadata": {"id": ".."}}, "action.params.url"),
        ({"action": call_of(body="{{metadata.nothing}}")}, "action.params.body"),
        ({"webhook": URL + "/{{metadata.nothing}}"}, "action.params.url"),
    ],
)
def test_no_change_takes_away_what_a_template_needs(client, make, change, path):
    made = make(action=TEMPLATES, metadata={"id": 7})
    answer = client.patch(f"/events/{made.json['id']}", json=change)
    assert (answer.status_code, list(answer.json["fields"])) == (400, [path])
    assert client.get(f"/events/{made.json['id']}").headers["ETag"] == made.headers["ETag"]


def test_an_event_with_a_template_that_is_none_any_more_can_still_be_changed(
    client, make, services
):
    """An earlier version took every text, and sends it as it is."""
    event = make(webhook=URL).json["id"]
    stored = services.storage.events.get(bytes.fromhex(event.replace("-", "")))
    old = stored.changed(action=webhook(URL + "/{{nothing}}"))
    services.storage.events.save(old, KEEP, stored, services.clock.now_ms())
    for change in ({"status": "paused"}, {"name": "other"}, {"metadata": {"a": 1}}):
        answer = client.patch(f"/events/{event}", json=change)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("mode", ["cloudevents", "cloudevents-binary", None])
def test_a_format_is_answered_as_given(client, make, mode):
    made = make(webhook=URL, format=mode).json
    assert made.get("format") == mode
    assert "format" not in client.patch(f"/events/{made['id']}", json={"format": None}).json


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"action": call_of(method="GET")}, "format"),
        ({"action": call_of(method="HEAD")}, "format"),
        ({"headers": {"CE-Id": "1"}}, "headers.CE-Id"),
        ({"action": call_of(headers={"ce-source": "x"})}, "headers.ce-source"),
    ],
)
def test_what_can_carry_no_event_or_contradicts_it_is_refused(client, make, change, path):
    event = make(webhook=URL, format="cloudevents-binary", headers={"ce-subject": "x"}).json["id"]
    answer = client.patch(f"/events/{event}", json=change)
    assert (answer.status_code, list(answer.json["fields"])) == (400, [path])


TYPED = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "change",
    [
        {"action": call_of(body="{", headers=TYPED), "format": "cloudevents"},
        {"action": call_of(body="{", headers={"content-type": "***"})},
        {"action": call_of(body='{"n":{{event.name}}}', headers=TYPED)},
        {"name": 'a"b', "action": call_of(body="NaN", headers=TYPED)},
        {"action": call_of(body="hello", headers={"Content-Type": "a/b+json"})},
    ],
)
def test_a_text_that_its_type_calls_json_must_be_json_to_stand_in_json(client, make, change):
    good = call_of(body='{"name":"{{event.name}}"}', headers=TYPED)
    made = make(action=good, format="cloudevents")
    assert made.status_code == 201, made.text
    answer = client.patch(f"/events/{made.json['id']}", json=change)
    assert answer.json["fields"].keys() == {"action.params.body"}, answer.text
    assert answer.status_code == 400


def test_a_text_that_is_no_json_makes_no_such_event(client, an_event):
    del an_event["webhook"]
    given = {"action": call_of(body="{", headers=TYPED), "format": "cloudevents"}
    answer = client.post("/events", json={**an_event, **given})
    assert (answer.status_code, list(answer.json["fields"])) == (400, ["action.params.body"])


def test_a_text_is_looked_at_as_json_when_the_format_wants_that(client, make):
    made = make(action=call_of(body="{", headers=TYPED), format="cloudevents-binary")
    assert made.status_code == 201
    event = f"/events/{made.json['id']}"
    answer = client.patch(event, json={"format": "cloudevents"})
    assert (answer.status_code, list(answer.json["fields"])) == (400, ["action.params.body"])
    assert client.patch(event, json={"format": None}).status_code == 200


CLIENT = {"type": "websocket", "params": {"client_name": "desk.7"}}


@pytest.mark.parametrize("given", [{"webhook": "q:desk.7"}, {"action": CLIENT}])
def test_a_connected_client_has_two_forms_too(client, make, given):
    made = make(**given, flow={"concurrency": 1}).json
    assert (made["webhook"], made["action"]) == ("q:desk.7", CLIENT)
    (flow,) = client.get("/flows").json
    assert flow["key"] == "q:desk.7"
    assert client.put(f"/events/{made['id']}", json=made).json["action"] == CLIENT


def test_headers_go_to_no_connected_client(client, make):
    """A change to one drops those of a call, and refuses to keep those of a webhook."""
    call = make(action=call_of(headers={"X-A": VALUE})).json["id"]
    assert client.patch(f"/events/{call}", json={"webhook": "q:desk"}).status_code == 200
    hook = make(webhook=URL, headers={"X-A": VALUE}).json["id"]
    assert client.patch(f"/events/{hook}", json={"action": CLIENT}).json["fields"].keys() == {
        "headers"
    }
    for name, value in (("expect", {"status": [200]}), ("format", "cloudevents")):
        given = {"action": CLIENT, "headers": None, name: value}
        answer = client.patch(f"/events/{hook}", json=given)
        assert answer.json["fields"].keys() == {name}
    cleared = client.patch(f"/events/{hook}", json={"action": CLIENT, "headers": None})
    assert cleared.json["webhook"] == "q:desk.7"
    answer = client.patch(f"/events/{hook}", json={"headers": {"X-A": "1"}})
    assert answer.json["fields"].keys() == {"headers"}


@pytest.mark.parametrize("name", [None, 5, "", "a b", "a/b", "x" * 65, "é", ["a"], "a\n"])
def test_a_client_that_nobody_can_be_is_refused(client, an_event, name):
    params = {"client_name": name}
    body = {**an_event, "action": {"type": "websocket", "params": params}}
    answer = client.post("/events", json=body)
    assert answer.json["fields"].keys() == {"action.params.client_name"}
    if isinstance(name, str):
        answer = client.post("/events", json={**an_event, "webhook": f"q:{name}"})
        assert answer.json["fields"].keys() == {"webhook"}


def test_the_document_knows_every_kind(anonymous):
    schemas = anonymous.get("/openapi.json").json["components"]["schemas"]
    action = schemas["Action"]["properties"]
    assert action["type"]["enum"] == ["webhook", "apicall", "websocket"]
    names = [one["$ref"].rpartition("/")[2] for one in action["params"]["anyOf"]]
    assert [schemas[name]["required"] for name in names] == [
        ["url"],
        ["method", "url"],
        ["client_name"],
    ]
    for name in ("Event", "EventCreate", "EventUpdate"):
        assert schemas[name]["properties"]["action"] == {"$ref": "#/components/schemas/Action"}
