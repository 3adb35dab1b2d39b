"""``/events`` as a user meets it.

Tests ``app.api.http.answers``, ``app.api.schemas.event_changes`` and
``app.api.schemas.representations``, too.
"""

from __future__ import annotations

import json

import pytest

from app.domain.targets import TargetPolicy
from tests.api.application import MASTER_TOKEN, with_token

FIELDS = [
    "id", "name", "description", "start_time", "timezone", "webhook", "action", "metadata",
    "schedule", "tags", "status", "created_at", "updated_at", "next_occurrence_at",
    "has_hmac_secret",
]  # fmt: skip


class TestCreate:
    def test_the_answer_is_the_event(self, client, an_event):
        """201, where it is, its version, and every field with its default."""
        answer = client.post("/events", json=an_event)

        assert answer.status_code == 201
        event = answer.json
        assert answer.headers["Location"] == f"http://localhost/events/{event['id']}"
        assert list(event) == FIELDS
        assert event == {
            "id": event["id"],
            "name": "invoice run",
            "description": "",
            "start_time": "2026-01-02T09:00:00Z",
            "timezone": "UTC",
            "webhook": "https://example.com/hook",
            "action": {"type": "webhook", "params": {"url": "https://example.com/hook"}},
            "metadata": {},
            "schedule": None,
            "tags": [],
            "status": "active",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            "next_occurrence_at": "2026-01-02T09:00:00Z",
            "has_hmac_secret": False,
        }

    def test_every_field_arrives(self, client, services):
        """Each is answered and read again as it was given, but for the secret, which is kept."""
        body = {
            "name": "Rechnungen ✓",
            "description": "monthly",
            "start_time": "2031-01-31T09:00:00.125+01:00",
            "timezone": "Europe/Berlin",
            "webhook": "https://example.com/hook",
            "schedule": {"frequency": "monthly", "by_month_day": [-1]},
            "metadata": {"customer": 17},
            "tags": ["billing", " eu ", "billing"],
            "status": "paused",
            "retry": {"attempts": 3, "delays": ["5s"]},
            "timeout": "20s",
            "hmac_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        }

        answer = client.post("/events", json=body)

        assert answer.status_code == 201
        event = answer.json
        assert event["start_time"] == "2031-01-31T08:00:00.125Z"
        assert event["timezone"] == "Europe/Berlin"
        assert event["status"] == "paused"
        assert event["tags"] == ["billing", "eu"]
        assert event["schedule"] == {**body["schedule"], "interval": 1}
        for name in ("name", "description", "webhook", "metadata", "retry", "timeout"):
            assert event[name] == body[name]
        assert event["has_hmac_secret"] is True
        assert "hmac_secret" not in event
        assert "MfKQ9r8" not in answer.text
        assert client.get(f"/events/{event['id']}").json == event
        raw = bytes.fromhex(event["id"].replace("-", ""))
        (stored,) = services.storage.events.get_many([raw])
        kept = services.crypto.signing_secrets.of(raw, stored.hmac_secret, services.clock.now_ms())
        assert kept == (body["hmac_secret"],)

    def test_action_and_webhook_are_one_thing(self, client, an_event):
        """The long form alone, or both if they agree."""
        url = an_event.pop("webhook")
        action = {"type": "webhook", "params": {"url": url}}
        for body in (
            {**an_event, "action": action},
            {**an_event, "action": action, "webhook": url},
        ):
            answer = client.post("/events", json=body)
            assert answer.status_code == 201
            assert answer.json["webhook"] == url
            assert answer.json["action"] == action

    def test_metadata_keeps_every_number_as_it_was_written(self, client, an_event):
        """Nothing that passes through a double: large, long, exponents, empty, order."""
        metadata = (
            '{"big":9007199254740993,"long":0.1234567890123456789,"one":1.0,"money":1.10,'
            '"e":1E5,"tiny":1e-400,"minus":-0.0,"list":[],"object":{},"null":null,"b":true,'
            '"text":"ü\\u0000\\\\","z":1,"a":[1,[2.50]]}'
        )
        body = json.dumps(an_event)[:-1] + f', "metadata": {metadata}}}'

        answer = client.post("/events", data=body, content_type="application/json")

        assert answer.status_code == 201
        assert f'"metadata":{metadata}' in answer.text
        assert f'"metadata":{metadata}' in client.get(answer.headers["Location"]).text

    def test_a_time_without_offset_goes_with_its_timezone(self, client, an_event):
        """It is that zone's wall time, whatever the clock of who sends it."""
        an_event |= {"start_time": "2031-01-31T09:00:00", "timezone": "Asia/Tokyo"}
        answer = client.post("/events", json=an_event)
        assert answer.status_code == 201
        assert answer.json["start_time"] == "2031-01-31T00:00:00Z"

    @pytest.mark.parametrize(
        ("schedule", "first"),
        [
            ({"every": "90s"}, "2026-01-01T00:01:30Z"),
            ({"cron": "0 9 * * *"}, "2026-01-01T09:00:00Z"),
        ],
    )
    def test_cron_and_every_begin_now_if_nothing_says_when(self, client, an_event, schedule, first):
        """The first time is a whole period from now; a preview says the same."""
        del an_event["start_time"]
        event = client.post("/events", json={**an_event, "schedule": schedule}).json
        assert event["start_time"] == event["created_at"]
        assert event["next_occurrence_at"] == first
        preview = client.post("/preview?count=1", json={"schedule": schedule}).json
        assert preview["occurrences"] == [{"scheduled_at": first}]

    @pytest.mark.parametrize("schedule", [None, {}, {"frequency": "daily"}, "every", ["cron"]])
    def test_other_schedules_need_a_start(self, client, an_event, schedule):
        """What they leave out is taken from it."""
        del an_event["start_time"]
        answer = client.post("/events", json={**an_event, "schedule": schedule})
        assert answer.status_code == 400
        assert answer.json["fields"]["start_time"] == ["is required"]

    def test_tags_have_one_spelling(self, client, an_event):
        """Composed and decomposed characters are the same tag."""
        an_event["tags"] = ["caf\u00e9", "cafe\u0301", "日本", "👩\u200d🚀"]
        answer = client.post("/events", json=an_event)
        assert answer.json["tags"] == ["caf\u00e9", "日本", "👩\u200d🚀"]

    def test_null_is_the_same_as_left_out(self, client, an_event):
        """Where a field can be cleared."""
        clearable = [
            "description", "metadata", "tags", "schedule", "timezone", "hmac_secret", "retry",
            "timeout",
        ]  # fmt: skip
        answer = client.post("/events", json=an_event | dict.fromkeys(clearable))
        assert answer.status_code == 201
        assert list(answer.json) == FIELDS

    def test_a_near_miss_is_named(self, client, an_event):
        """The field that many other services have."""
        an_event["webhook_url"] = an_event.pop("webhook")
        answer = client.post("/events", json=an_event)
        assert answer.json["fields"]["webhook_url"] == ["is not known here; did you mean webhook?"]

    @pytest.mark.parametrize(
        ("name", "place"),
        [
            ("cron", "schedule"),
            ("every", "schedule"),
            ("by_day", "schedule"),
            ("exclude", "schedule"),
            ("until", "schedule"),
            ("attempts", "retry"),
            ("max_age", "retry"),
            ("concurrency", "flow"),
            ("rate", "flow"),
            ("body", "action.params"),
        ],
    )
    def test_what_stands_in_the_wrong_place_is_told_its_own(self, client, an_event, name, place):
        answer = client.post("/events", json=an_event | {name: 1})
        assert answer.json["fields"] == {name: [f"is not known here; it belongs in {place}"]}

    def test_targets_that_the_settings_allow(self, client, app_with, an_event):
        """The policy is the settings', not the API's."""
        an_event["webhook"] = "http://127.0.0.1:9000/hook"
        assert client.post("/events", json=an_event).status_code == 400
        lax = app_with(allow_private_targets=TargetPolicy(allow_all=True))
        assert with_token(lax, MASTER_TOKEN).post("/events", json=an_event).status_code == 201


class TestRead:
    def test_reading_gives_what_creating_gave(self, client, created):
        answer = client.get(f"/events/{created['id']}")
        assert answer.status_code == 200
        assert answer.json == created

    def test_head_is_get_without_a_body(self, client, created):
        answer = client.head(f"/events/{created['id']}")
        assert answer.status_code == 200
        assert answer.data == b""
        assert answer.headers["ETag"]


class TestUpdate:
    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_what_is_left_out_stays(self, client, created, method):
        answer = client.open(f"/events/{created['id']}", method=method, json={"name": "new"})
        assert answer.status_code == 200
        assert answer.json == {**created, "name": "new"}

    def test_an_event_can_be_read_edited_and_sent_back(self, client, created):
        """Read-only fields are not looked at on the way back."""
        edited = {**created, "description": "edited"}
        answer = client.put(f"/events/{created['id']}", json=edited)
        assert answer.status_code == 200
        assert answer.json == edited

    def test_null_clears(self, client, an_event):
        optional = {
            "description": "x", "metadata": {"a": 1}, "tags": ["t"], "timezone": "Asia/Tokyo",
            "schedule": {"every": "90s"}, "hmac_secret": "s", "retry": {"attempts": 2},
            "timeout": "5s",
        }  # fmt: skip
        event = client.post("/events", json=an_event | optional).json
        answer = client.put(f"/events/{event['id']}", json=dict.fromkeys(optional))
        assert list(answer.json) == FIELDS
        assert answer.json["metadata"] == {}
        assert answer.json["tags"] == []
        assert answer.json["description"] == ""
        assert answer.json["schedule"] is None
        assert answer.json["timezone"] == "UTC"
        assert answer.json["has_hmac_secret"] is False

    @pytest.mark.parametrize("name", ["name", "start_time", "webhook", "action", "status"])
    def test_null_does_not_clear_what_an_event_must_have(self, client, created, name):
        answer = client.put(f"/events/{created['id']}", json={name: None})
        assert answer.status_code == 400
        assert answer.json["fields"] == {name: ["must not be null"]}

    def test_an_empty_change_changes_nothing(self, client, created):
        assert client.put(f"/events/{created['id']}", json={}).json == created

    def test_the_target_changes_in_either_form(self, client, created):
        path = f"/events/{created['id']}"
        action = {"type": "webhook", "params": {"url": "https://example.net/"}}
        assert client.put(path, json={"action": action}).json["webhook"] == "https://example.net/"
        answer = client.put(path, json={"webhook": "https://example.org/"})
        assert answer.json["action"]["params"] == {"url": "https://example.org/"}

    def test_the_zone_that_counts_can_be_sent_back(self, client, created):
        """Where none was given it is UTC: that changes nothing, unless a wall time needs it."""
        path = f"/events/{created['id']}"
        assert client.patch(path, json={"timezone": "UTC"}).json == created
        assert client.patch(path, json={"start_time": "2026-01-03T09:00:00"}).status_code == 400
        wall = {"start_time": "2026-01-03T09:00:00", "timezone": "UTC"}
        assert client.patch(path, json=wall).json["start_time"] == "2026-01-03T09:00:00Z"

    def test_unknown_fields_are_refused(self, client, created):
        answer = client.put(f"/events/{created['id']}", json={"nmae": "x"})
        assert answer.status_code == 400
        assert "nmae" in answer.json["fields"]


class TestDelete:
    def test_no_body_and_then_nothing(self, client, created):
        path = f"/events/{created['id']}"
        answer = client.delete(path)
        assert answer.status_code == 204
        assert answer.data == b""
        assert "Content-Type" not in answer.headers
        assert client.get(path).status_code == 404
        assert client.delete(path).status_code == 404
        assert client.put(path, json={}).status_code == 404


@pytest.mark.parametrize("default", [{"overlap": "allow"}, {"flow": {"key": "a", "burst": 1}}])
def test_a_default_can_be_given_where_it_does_not_apply(client, an_event, default):
    """Clients that fill defaults in are not refused for it."""
    answer = client.post("/events", json={**an_event, **default})
    assert answer.status_code == 201, answer.text
