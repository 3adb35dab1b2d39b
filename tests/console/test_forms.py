"""The form of an event and the JSON of the API: one becomes the other and back."""

from __future__ import annotations

import pytest

from app.console import forms
from app.domain.access import MASTER
from app.errors import InvalidInput


@pytest.mark.parametrize(
    ("form", "members"),
    [
        (
            {"kind": "once", "start_time": "2026-01-02T09:00:00Z"},
            {"start_time": "2026-01-02T09:00:00Z", "schedule": None},
        ),
        (
            {"kind": "delay", "value": "30m", "start_time": "ignored"},
            {"delay": "30m", "schedule": None},
        ),
        ({"kind": "every", "value": " 15m "}, {"schedule": {"every": "15m"}}),
        ({"kind": "cron", "value": "0 9 * * 1-5"}, {"schedule": {"cron": "0 9 * * 1-5"}}),
        ({"kind": "rrule", "value": "FREQ=DAILY"}, {"schedule": {"rrule": "FREQ=DAILY"}}),
        (
            {"kind": "json", "value": '{"every": "1h", "count": 3}'},
            {"schedule": {"every": "1h", "count": 3}},
        ),
    ],
)
def test_when_is_written_as_the_api_takes_it(form, members):
    assert forms.when_of(form) == members


@pytest.mark.parametrize("name", ["action", "metadata", "retry"])
def test_json_that_is_none_is_told_at_its_field(name):
    with pytest.raises(InvalidInput) as refused:
        forms.body_of({"name": "n", "webhook": "w", name: '{"a": '})
    assert list(refused.value.fields) == [name]


def test_what_is_left_empty_is_nothing():
    body = forms.body_of({"name": " n ", "webhook": "https://example.com", "tags": "a, b  c"})
    assert body["name"] == "n"
    assert body["tags"] == ["a", "b", "c"]
    assert body["timezone"] is body["jitter"] is body["overlap"] is None
    assert "metadata" not in body


@pytest.mark.parametrize(
    "schedule",
    [
        None,
        {"every": "15m"},
        {"cron": "0 9 * * 1-5"},
        {"rrule": "FREQ=DAILY;COUNT=3"},
        {"frequency": "weekly", "interval": 2},
        {"every": "1h", "exclude": ["2026-01-03T10:00:00Z"]},
    ],
)
def test_the_form_of_a_stored_event_says_the_same_again(client, services, schedule):
    event = client.post(
        "/events",
        json={
            "name": "n",
            "webhook": "https://example.com/",
            "start_time": "2026-01-02T09:00:00Z",
            "timezone": "Europe/Berlin",
            "schedule": schedule,
            "tags": ["a", "b"],
            "metadata": {"n": 1.50},
            "retry": {"attempts": 2},
        },
    ).json
    body = forms.body_of(forms.filled(services.events.get(event["id"], MASTER)))
    for name in ("name", "webhook", "start_time", "timezone", "schedule", "tags", "retry"):
        assert body[name] == event[name], name
