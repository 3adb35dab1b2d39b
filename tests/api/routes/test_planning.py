"""Looking ahead and acts by hand, over HTTP on real services. It is 2026-01-01T00:00:00Z.

Tests ``app.services.previews``, too.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.invariants import snapshot

NIGHTLY = {"frequency": "daily", "by_hour": [2], "by_minute": [30]}


def create(client, an_event, **fields: Any) -> dict[str, Any]:
    answer = client.post("/events", json={**an_event, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json


class TestNotices:
    def test_a_write_says_what_changes_of_the_clock_will_do(self, client, an_event) -> None:
        """Two years of a nightly run at 02:30 in Berlin: two gaps, two repeats."""
        event = create(client, an_event, timezone="Europe/Berlin", schedule=NIGHTLY)
        assert [(one["local_time"], one["kind"]) for one in event["notices"]] == [
            ("2026-03-29T02:30:00", "gap"),
            ("2026-10-25T02:30:00", "repeat"),
            ("2027-03-28T02:30:00", "gap"),
            ("2027-10-31T02:30:00", "repeat"),
        ]
        assert event["notices"][0]["scheduled_at"] == "2026-03-29T01:00:00Z"
        assert "does not exist" in event["notices"][0]["text"]
        assert "notices" not in client.get(f"/events/{event['id']}").json

    def test_the_policy_decides(self, client, an_event) -> None:
        policy = {"gap": "skip", "repeat": "both"}
        zone = {"timezone": "Europe/Berlin", "schedule": NIGHTLY}
        event = create(client, an_event, **zone, dst=policy)
        assert event["dst"] == policy
        assert event["notices"][0]["scheduled_at"] is None
        span = "from=2026-10-24T12:00:00Z&to=2026-10-26T12:00:00Z"
        found = client.get(f"/events/{event['id']}/preview?{span}").json
        assert [one["scheduled_at"] for one in found] == [
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-26T01:30:00Z",
        ]

    def test_a_wrong_policy_is_named(self, client, an_event) -> None:
        answer = client.post(
            "/events", json={**an_event, "schedule": NIGHTLY, "dst": {"gap": "hope"}}
        )
        assert answer.status_code == 400
        assert list(answer.json["fields"]) == ["dst.gap"]


class TestWallTimes:
    """What is written as a wall time stays one."""

    GAP = "2026-03-29T02:30:00"

    def nightly(self, client, an_event, **fields: Any) -> dict[str, Any]:
        given = {"timezone": "Europe/Berlin", "schedule": {"frequency": "daily"}, **fields}
        return create(client, {**an_event, "start_time": self.GAP}, **given)

    def times(self, client, event: dict[str, Any], count: int = 3) -> list[str]:
        found = client.get(f"/events/{event['id']}/preview?count={count}").json
        return [one["scheduled_at"] for one in found]

    def test_a_series_that_starts_in_a_gap_keeps_its_time_of_day(self, client, an_event) -> None:
        event = self.nightly(client, an_event)
        assert event["start_time"] == event["next_occurrence_at"] == "2026-03-29T01:00:00Z"
        assert event["notices"][0]["local_time"] == self.GAP
        after = ["2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]
        assert self.times(client, event) == ["2026-03-29T01:00:00Z", *after]
        zone = {"timezone": "Europe/Berlin", "schedule": {"frequency": "daily"}}
        draft = {"start_time": self.GAP, **zone}
        looked_at = client.post("/preview?count=3", json=draft).json
        found = [one["scheduled_at"] for one in looked_at["occurrences"]]
        assert found == self.times(client, event)
        assert looked_at["explained"] == "every day at 02:30 Europe/Berlin"

    def test_giving_back_what_was_answered_changes_nothing(self, client, an_event) -> None:
        event = self.nightly(client, an_event)
        times = self.times(client, event)
        same = client.put(
            f"/events/{event['id']}",
            json={name: event[name] for name in ("name", "start_time", "timezone", "schedule")},
        )
        assert same.status_code == 200, same.text
        assert self.times(client, same.json) == times
        other = client.patch(f"/events/{event['id']}", json={"start_time": "2026-03-29T03:00:00"})
        assert self.times(client, other.json)[1] == "2026-03-30T01:00:00Z"

    def test_a_changed_dst_reads_the_start_anew(self, client, an_event) -> None:
        event = self.nightly(client, an_event)
        path = f"/events/{event['id']}"
        for dst, start in (
            ({"gap": "shift"}, "2026-03-29T01:30:00Z"),
            ({"gap": "skip"}, "2026-03-29T01:00:00Z"),
            (None, "2026-03-29T01:00:00Z"),
        ):
            changed = client.patch(path, json={"dst": dst})
            assert changed.json["start_time"] == start, changed.text
            assert self.times(client, changed.json)[-1] in {
                "2026-03-31T00:30:00Z",
                "2026-04-01T00:30:00Z",
            }

    def test_another_zone_keeps_the_moment(self, client, an_event) -> None:
        """And the wall time, where it is the same moment."""
        event = self.nightly(client, an_event)
        paris = client.patch(f"/events/{event['id']}", json={"timezone": "Europe/Paris"}).json
        assert self.times(client, paris)[1] == "2026-03-30T00:30:00Z"
        york = client.patch(f"/events/{event['id']}", json={"timezone": "America/New_York"}).json
        assert york["start_time"] == "2026-03-29T01:00:00Z"
        assert self.times(client, york)[1] == "2026-03-30T01:00:00Z"

    def test_an_exclusion_follows_the_dst_rule(self, client, an_event) -> None:
        schedule = {**NIGHTLY, "exclude": [self.GAP, "2026-10-25T02:30:00"]}
        for dst in ({}, {"gap": "shift", "repeat": "second"}, {"repeat": "both"}):
            event = create(
                client, an_event, timezone="Europe/Berlin", schedule=schedule, dst=dst or None
            )
            found = self.times(client, event, 365)
            assert [one for one in found if one[:10] in {"2026-03-29", "2026-10-25"}] == []
            assert len(found) == 365
            kept = [one["local_time"] for one in event["notices"]]
            assert kept == ["2027-03-28T02:30:00", "2027-10-31T02:30:00"]

    def test_a_one_time_event_follows_the_dst_rule(self, client, an_event) -> None:
        once = {"start_time": self.GAP, "timezone": "Europe/Berlin"}
        event = create(client, an_event, **once)
        assert event["next_occurrence_at"] == "2026-03-29T01:00:00Z"
        assert event["notices"][0]["text"].endswith("the occurrence runs at 03:00.")
        shifted = create(client, an_event, **once, dst={"gap": "shift"})
        assert shifted["next_occurrence_at"] == "2026-03-29T01:30:00Z"
        twice = {**once, "start_time": "2026-10-25T02:30:00", "dst": {"repeat": "second"}}
        assert create(client, an_event, **twice)["next_occurrence_at"] == "2026-10-25T01:30:00Z"

    def test_a_one_time_event_that_would_never_occur_is_refused(self, client, an_event) -> None:
        once = {"start_time": self.GAP, "timezone": "Europe/Berlin", "dst": {"gap": "skip"}}
        answer = client.post("/events", json={**an_event, **once})
        assert answer.status_code == 400
        assert answer.json["fields"] == {
            "start_time": [
                "is a time that the clock skips, and dst.gap is skip; change one of them"
            ]
        }


class TestOneTimeForms:
    def test_a_delay_counts_from_now(self, client, an_event) -> None:
        del an_event["start_time"]
        event = create(client, an_event, delay="1h30m")
        assert event["start_time"] == event["next_occurrence_at"] == "2026-01-01T01:30:00Z"
        assert "delay" not in event

    def test_a_wall_time_needs_its_zone(self, client, an_event) -> None:
        an_event["start_time"] = "2026-07-01T09:00:00"
        event = create(client, an_event, timezone="America/New_York")
        assert event["start_time"] == "2026-07-01T13:00:00Z"
        assert client.post("/events", json=an_event).status_code == 400

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"delay": "5m"}, "delay"),
            ({"delay": "soon", "start_time": None}, "start_time"),
            ({"calendars": ["x"]}, "calendars"),
            ({"jitter": "8d"}, "jitter"),
            ({"misfire": {"policy": "x"}}, "misfire.policy"),
        ],
    )
    def test_what_does_not_fit_is_refused_and_leaves_nothing(
        self, client, services, an_event, fields: dict[str, Any], path: str
    ) -> None:
        before = set(snapshot(services.storage.client))
        answer = client.post("/events", json={**an_event, **fields})
        assert answer.status_code == 400
        assert list(answer.json["fields"]) == [path]
        assert {key for key in snapshot(services.storage.client) if b"event" in key} == {
            key for key in before if b"event" in key
        }


class TestZonesOfCron:
    """``CRON_TZ=`` and ``TZ=`` stand for ``timezone``."""

    CRON = "CRON_TZ=Europe/Berlin 0 9 * * *"

    def test_the_event_has_the_zone_that_its_cron_names(self, client, an_event) -> None:
        wall = {**an_event, "start_time": "2026-01-02T00:00:00"}
        event = create(client, wall, schedule={"cron": self.CRON})
        assert event["timezone"] == "Europe/Berlin"
        assert event["schedule"] == {"cron": self.CRON}
        assert event["start_time"] == "2026-01-01T23:00:00Z"
        assert event["next_occurrence_at"] == "2026-01-02T08:00:00Z"
        same = client.put(f"/events/{event['id']}", json={"timezone": "Europe/Berlin"})
        assert same.status_code == 200

    @pytest.mark.parametrize("call", ["/events", "/preview"])
    def test_another_timezone_beside_it_is_refused_with_both(
        self, client, an_event, call: str
    ) -> None:
        body = {"start_time": an_event["start_time"]} if call == "/preview" else an_event
        body = {**body, "timezone": "UTC", "schedule": {"cron": self.CRON}}
        answer = client.post(call, json=body)
        assert answer.status_code == 400
        assert answer.json["fields"] == {
            "schedule.cron": [
                "names the zone Europe/Berlin, but timezone is UTC; leave one of them out"
            ]
        }
        assert client.post(call, json={**body, "timezone": None}).status_code in (200, 201)

    def test_a_change_can_not_part_them(self, client, an_event) -> None:
        event = create(client, an_event, schedule={"cron": self.CRON})
        answer = client.put(f"/events/{event['id']}", json={"timezone": "Asia/Tokyo"})
        assert answer.status_code == 400
        (sentence,) = answer.json["fields"]["schedule.cron"]
        assert "Europe/Berlin, but timezone is Asia/Tokyo" in sentence
        cleared = client.put(f"/events/{event['id']}", json={"timezone": None})
        assert cleared.json["timezone"] == "Europe/Berlin"


class TestPreview:
    def test_a_draft_is_explained_and_nothing_is_stored(self, client, services) -> None:
        client.put("/calendars/closed", json={"dates": ["2026-01-16"]})
        before = snapshot(services.storage.client)
        draft = {
            "start_time": "2026-01-02T09:00:00",
            "timezone": "Europe/Berlin",
            "schedule": {"frequency": "weekly", "interval": 2, "until": "2026-02-28"},
            "calendars": ["closed"],
        }
        answer = client.post("/preview?count=3", json=draft)
        assert answer.status_code == 200
        assert answer.json["explained"] == (
            "every second Friday at 09:00 Europe/Berlin, until 28 February 2026, "
            "except on days of closed"
        )
        assert [one["scheduled_at"] for one in answer.json["occurrences"]] == [
            "2026-01-02T08:00:00Z",
            "2026-01-30T08:00:00Z",
            "2026-02-13T08:00:00Z",
        ]
        assert answer.json["skipped"] == [
            {"nominal_at": "2026-01-16T08:00:00Z", "reason": "calendar closed"}
        ]
        assert snapshot(services.storage.client) == before

    def test_the_sentence_names_holidays_by_their_place(self, client) -> None:
        client.put("/calendars/berlin", json={"holidays": {"country": "DE", "subdivision": "BE"}})
        draft = {
            "start_time": "2026-01-02T09:00:00",
            "timezone": "Europe/Berlin",
            "schedule": {"frequency": "weekly", "interval": 2, "by_day": ["FR"]},
            "calendars": ["berlin"],
        }
        assert client.post("/preview", json=draft).json["explained"] == (
            "every second Friday at 09:00 Europe/Berlin, except on public holidays in Berlin"
        )

    def test_of_an_event_is_an_array_or_in_detail_an_object(self, client, an_event) -> None:
        event = create(client, an_event, schedule={"frequency": "daily"}, jitter="10m")
        path = f"/events/{event['id']}/preview?count=2"
        brief = client.get(path).json
        assert [one["scheduled_at"] for one in brief] == [
            "2026-01-02T09:00:00Z",
            "2026-01-03T09:00:00Z",
        ]
        assert all(one["planned_at"] > one["scheduled_at"] for one in brief)
        detail = client.get(f"{path}&detail=true").json
        assert detail["occurrences"] == brief
        assert detail["explained"] == "every day at 09:00 UTC"

    def test_a_moved_day_says_why(self, client, an_event) -> None:
        client.put("/calendars/weekend", json={"weekdays": ["SA", "SU"]})
        schedule = {"frequency": "monthly", "by_month_day": [1]}
        options = {"calendars": ["weekend"], "on_excluded": "next_day"}
        event = create(client, an_event, schedule=schedule, **options)
        (first,) = client.get(f"/events/{event['id']}/preview?count=1").json
        assert first == {
            "scheduled_at": "2026-02-02T09:00:00Z",
            "nominal_at": "2026-02-01T09:00:00Z",
            "reason": "calendar weekend",
        }
        assert event["next_occurrence_at"] == first["scheduled_at"]

    def test_a_dry_run_answers_the_difference_and_changes_nothing(
        self, client, services, an_event
    ) -> None:
        event = create(client, an_event, schedule={"frequency": "daily", "count": 2})
        before = snapshot(services.storage.client)
        answer = client.put(
            f"/events/{event['id']}?dry_run=true", json={"start_time": "2026-01-02T10:00:00Z"}
        )
        assert answer.status_code == 200
        assert answer.json == {
            "added": [],
            "removed": [],
            "moved": [
                {"from": "2026-01-02T09:00:00Z", "to": "2026-01-02T10:00:00Z"},
                {"from": "2026-01-03T09:00:00Z", "to": "2026-01-03T10:00:00Z"},
            ],
        }
        assert snapshot(services.storage.client) == before


class TestActs:
    def test_trigger_answers_the_occurrence(self, client, an_event) -> None:
        event = create(client, an_event)
        answer = client.post(f"/events/{event['id']}/trigger")
        assert answer.status_code == 202
        assert answer.json["scheduled_at"] == "2026-01-01T00:00:00Z"
        assert client.get(f"/occurrences/{answer.json['id']}").json == answer.json

    def test_pause_shows_until_when_and_why_and_resume_clears_it(self, client, an_event) -> None:
        event = create(client, an_event, schedule={"frequency": "daily"})
        pause = {"until": "2026-02-01T00:00:00Z", "note": "maintenance"}
        paused = client.post(f"/events/{event['id']}/pause", json=pause)
        assert (paused.json["status"], paused.json["pause"]) == ("paused", pause)
        assert paused.json["next_occurrence_at"] is None
        resumed = client.post(f"/events/{event['id']}/resume").json
        assert resumed["status"] == "active"
        assert resumed["next_occurrence_at"] == "2026-01-02T09:00:00Z"
        assert "pause" not in resumed
        assert client.post(f"/events/{event['id']}/resume").status_code == 409

    @pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}])
    def test_pause_needs_no_body(self, client, an_event, headers: dict[str, str]) -> None:
        event = create(client, an_event)
        answer = client.post(f"/events/{event['id']}/pause", headers=headers)
        assert (answer.status_code, answer.json["status"]) == (200, "paused")

    def test_backfill_counts_before_it_adds(self, client, an_event) -> None:
        an_event["start_time"] = "2025-12-01T09:00:00Z"
        event = create(client, an_event, schedule={"frequency": "daily"})
        span = {"from": "2025-12-10T00:00:00Z", "to": "2025-12-13T00:00:00Z"}
        path = f"/events/{event['id']}/backfill"
        counted = client.post(f"{path}?dry_run=true", json=span)
        assert counted.json == {"count": 3, "existing": 0, "added": 0}
        assert client.post(path, json=span).json == {"count": 3, "existing": 0, "added": 3}
        assert client.post(path, json=span).json == {"count": 3, "existing": 3, "added": 0}
        listed = client.get(f"/events/{event['id']}/occurrences").json
        assert [one["scheduled_at"][:10] for one in listed] == [
            "2026-01-01",
            "2025-12-12",
            "2025-12-11",
            "2025-12-10",
        ]

    def test_a_schedule_without_an_interval_has_interval_1(self, client, an_event) -> None:
        event = create(client, an_event, schedule={"frequency": "daily"})
        assert event["schedule"] == {"frequency": "daily", "interval": 1}


class TestWords:
    """``POST /preview`` with a text; it is Thursday, 1 January 2026."""

    def test_what_was_understood_comes_back_as_an_event_takes_it(
        self, client, services, an_event
    ) -> None:
        draft = {"text": "every second friday at 9", "timezone": "Europe/Berlin"}
        client.post("/preview", json=draft)
        before = snapshot(services.storage.client)
        answer = client.post("/preview?count=2", json=draft)
        assert answer.status_code == 200
        assert answer.json == {
            "explained": "every second Friday at 09:00 Europe/Berlin, starting 2 January 2026",
            "start_time": "2026-01-02T08:00:00Z",
            "timezone": "Europe/Berlin",
            "schedule": {
                "frequency": "weekly",
                "interval": 2,
                "by_day": ["FR"],
                "by_hour": [9],
                "by_minute": [0],
            },
            "occurrences": [
                {"scheduled_at": "2026-01-02T08:00:00Z"},
                {"scheduled_at": "2026-01-16T08:00:00Z"},
            ],
            "skipped": [],
            "notices": [],
        }
        assert snapshot(services.storage.client) == before
        taken = {name: answer.json[name] for name in ("start_time", "timezone", "schedule")}
        event = create(client, an_event, **taken)
        assert event["next_occurrence_at"] == "2026-01-02T08:00:00Z"
        again = client.post("/preview?count=2", json={"text": answer.json["explained"]})
        assert again.json == answer.json

    def test_one_moment_has_no_schedule(self, client, an_event) -> None:
        answer = client.post("/preview", json={"text": "tomorrow at 8 Europe/Berlin"})
        assert answer.json["explained"] == "once, on 2 January 2026 at 08:00 Europe/Berlin"
        assert answer.json["start_time"] == "2026-01-02T07:00:00Z"
        assert "schedule" not in answer.json
        assert answer.json["occurrences"] == [{"scheduled_at": "2026-01-02T07:00:00Z"}]

    def test_a_start_that_the_clock_skips_comes_back_as_it_was_given(
        self, client, an_event
    ) -> None:
        """As a moment it would be 03:30, and every day after it, too."""
        start = {"start_time": "2026-03-29T02:30:00", "timezone": "Europe/Berlin"}
        answer = client.post("/preview?count=2", json={"text": "every day", **start})
        assert answer.json["start_time"] == start["start_time"]
        names = ("start_time", "timezone", "schedule")
        event = create(client, an_event, **{name: answer.json[name] for name in names})
        later = client.get(f"/events/{event['id']}/preview?count=2").json
        assert later == answer.json["occurrences"]
        assert later[1] == {"scheduled_at": "2026-03-30T00:30:00Z"}

    def test_what_stands_beside_the_text_counts(self, client) -> None:
        client.put("/calendars/closed", json={"dates": ["2026-01-03"]})
        draft = {
            "text": "every second day",
            "start_time": "2026-01-01T09:00:00",
            "timezone": "Europe/Berlin",
            "calendars": ["closed"],
        }
        answer = client.post("/preview?count=2", json=draft)
        assert answer.json["explained"] == (
            "every second day at 09:00 Europe/Berlin, except on days of closed"
        )
        assert [one["scheduled_at"] for one in answer.json["occurrences"]] == [
            "2026-01-01T08:00:00Z",
            "2026-01-05T08:00:00Z",
        ]

    @pytest.mark.parametrize(
        ("draft", "path", "sentence"),
        [
            ({}, "start_time", "is required, or a text that says when"),
            ({"text": "every firday at 9"}, "text", "did you mean friday?"),
            ({"text": "on friday at 9"}, "text", "say every if it repeats"),
            ({"text": "tomorrow at 8"}, "text", "in which time zone"),
            ({"text": ""}, "text", "1 to 500 characters"),
            ({"text": "every day " * 60}, "text", "1 to 500 characters"),
            ({"text": ["every day"]}, "text", "must be text"),
            ({"text": None}, "text", "null"),
            (
                {"text": "every day at 9", "schedule": {"frequency": "daily"}},
                "text",
                "can't stand beside schedule",
            ),
            ({"text": "every day at 9 UTC", "timezone": "Asia/Tokyo"}, "text", "Asia/Tokyo"),
            (
                {"text": "tomorrow at 9 UTC", "start_time": "2026-01-01T09:00:00Z"},
                "start_time",
                "must not stand beside",
            ),
            ({"text": "on the 31st of every February at 9"}, "text", "never matches"),
        ],
    )
    def test_what_is_not_understood_is_asked_back(
        self, client, draft: dict[str, Any], path: str, sentence: str
    ) -> None:
        answer = client.post("/preview", json=draft)
        assert answer.status_code == 400
        assert list(answer.json["fields"]) == [path]
        assert sentence in answer.json["fields"][path][0]
