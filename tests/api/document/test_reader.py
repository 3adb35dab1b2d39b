"""The document as it is read: nothing is left out, and nothing told twice."""

from __future__ import annotations

import pytest

from app.api.document.nodes import METHODS, operations, parameters_of, succeeds
from app.api.document.reader import FOR_ALL, SHARED, Reader


@pytest.fixture(scope="module")
def reader(document):
    return Reader(document)


@pytest.fixture(scope="module")
def calls(reader):
    return {call.name: call for group in reader.groups for call in group.calls}


def test_every_operation_is_in_the_group_of_its_tag(document, reader):
    expected = [(one["tags"][0], one["operationId"]) for _, _, one in operations(document)]
    expected += [
        (item[method]["tags"][0], item[method]["operationId"])
        for item in document["webhooks"].values()
        for method in METHODS
        if method in item
    ]
    told = [(group.name, call.name) for group in reader.groups for call in group.calls]
    assert sorted(told) == sorted(expected)


def test_every_parameter_is_told_those_by_reference_too(document, calls):
    for method, path, operation in operations(document):
        told = [(one.place, one.name) for one in calls[operation["operationId"]].parameters]
        assert told == [(one["in"], one["name"]) for one in parameters_of(document, path, method)]
    names = {one.name for one in calls["patch_event"].parameters}
    assert {"event_id", "If-Match", "dry_run"} <= names
    assert "If-None-Match" in {one.name for one in calls["get_event"].parameters}
    assert "Idempotency-Key" in {one.name for one in calls["create_event"].parameters}


def test_every_answer_is_told_with_its_headers(document, calls):
    for _, _, operation in operations(document):
        call = calls[operation["operationId"]]
        told = [one.status for one in (*call.answers, *call.own_errors)] + call.shared_errors
        assert sorted(told) == sorted(operation["responses"])
        for answer in call.answers:
            headers = operation["responses"][answer.status].get("headers", {})
            assert [one.name for one in answer.headers] == [
                name for name in headers if name not in FOR_ALL
            ]
            assert bool(answer.contents) or not succeeds(answer.status) or answer.status == "204"


def test_every_error_has_a_sentence(reader, calls):
    assert set(SHARED) <= {one.status for one in reader.errors}
    for one in (*reader.errors, *(error for call in calls.values() for error in call.own_errors)):
        assert one.about.endswith(".")


def test_what_receivers_get_is_told_with_what_they_answer(calls):
    delivery = calls["receive_delivery"]
    assert "webhook-signature" in {one.name for one in delivery.parameters}
    assert {one.status for one in delivery.own_errors} == {"410", "429", "default"}
    assert not delivery.curl
    assert calls["receive_callback"].bodies[0].example


def test_every_schema_is_told_once_where_it_is_sent_or_among_the_objects(document, reader, calls):
    told = [one.name for one in reader.objects]
    told += [call.body.name for call in calls.values() if call.body]
    assert sorted(told) == sorted(document["components"]["schemas"])
    assert calls["update_event"].body or calls["patch_event"].body


def test_who_may_call_is_said(calls):
    assert calls["get_health"].access == "Open to all: no token is needed."
    assert "Ack-Token" in calls["ack_occurrence"].access
    assert "JWT" in calls["list_events"].access
