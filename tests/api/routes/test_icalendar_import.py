"""``POST /events`` with an iCalendar file, on real services.

Tests ``app.api.http.icalendar_body`` and ``app.api.schemas.imports``, too.
"""

from __future__ import annotations

import pytest

from app.errors import StoreUnavailable
from app.services.quotas import EventQuota
from app.store.imports import source_name
from tests.api.application import FAR_AHEAD, MASTER_TOKEN, with_token
from tests.support.ical import a_file

ICS = {"Content-Type": "text/calendar"}
HOOK = "webhook=https://example.com/hook"
ONCE = "UID:1\nSUMMARY:once\nDTSTART:20260201T090000Z"
WEEKLY = "UID:2\nSUMMARY:weekly\nDTSTART;TZID=Europe/Berlin:20260105T090000\nRRULE:FREQ=WEEKLY\nEXDATE;TZID=Europe/Berlin:20260112T090000\nCATEGORIES:red"
THIRD = "UID:3\nSUMMARY:third\nDTSTART:20260301T090000Z"
BAD = "UID:4\nSUMMARY:bad\nDTSTART:20260201T090000Z\nX-QHRONOS-WEBHOOK:ftp://example.com"


def send(client, *events, query=HOOK):
    return client.post(f"/events?{query}", data=a_file(*events), headers=ICS)


def outcomes(answer):
    return {one["uid"]: one["outcome"] for one in answer.json}


def live(client):
    return {one["name"] for one in client.get("/events?status=active").json}


def test_an_event_of_each_vevent(client):
    """In the file's order, as if each had been posted by itself."""
    answer = send(client, ONCE, WEEKLY, query=f"{HOOK}&tags=a,b")
    assert answer.status_code == 201
    once, weekly = answer.json
    assert (once["name"], once["tags"], once["schedule"]) == ("once", ["a", "b"], None)
    assert (once["outcome"], once["uid"], once["reason"]) == ("made", "1", None)
    assert once["next_occurrence_at"] == "2026-02-01T09:00:00Z"
    assert weekly["tags"] == ["a", "b", "red"]
    assert weekly["timezone"] == "Europe/Berlin"
    assert weekly["next_occurrence_at"] == "2026-01-05T08:00:00Z"
    preview = client.get(f"/events/{weekly['id']}/preview?count=2").json
    assert [one["scheduled_at"] for one in preview] == [
        "2026-01-05T08:00:00Z",
        "2026-01-19T08:00:00Z",
    ]
    assert {one["id"] for one in client.get("/events").json} == {once["id"], weekly["id"]}


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ("UID:3\nSUMMARY:x\nDTSTART:20260201T090000Z\nRRULE:FREQ=DAILY;BYMONTH=13", "schedule.rrule"),
        ("UID:3\nSUMMARY:x\nDTSTART:20260201T090000Z\nX-QHRONOS-WEBHOOK:ftp://example.com", "webhook"),
        ("UID:3\nSUMMARY:x\nDTSTART:20260201T090000Z\nX-QHRONOS-WEBHOOK:http://127.0.0.1/", "webhook"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("query", [HOOK, f"{HOOK}&atomic=true"])
def test_one_bad_entry(client, bad, field, query):
    """Is refused, and the answer says which one and why; if all or none are wanted, none is made."""
    answer = send(client, ONCE, bad, query=query)
    if "atomic" in query:
        assert answer.status_code == 400
        assert list(answer.json["fields"]) == [f"VEVENT 2.{field}"]
        assert answer.json["error"].startswith("VEVENT 2")
        (refused,) = answer.json["entries"]
        assert live(client) == set()
    else:
        assert answer.status_code == 201
        made, refused = answer.json
        assert made["outcome"] == "made"
        assert live(client) == {"once"}
    assert refused["outcome"] == "refused"
    assert field in refused["reason"]
    assert refused["id"] is None


def test_if_every_entry_is_refused_so_is_the_file(client):
    answer = send(client, BAD)
    assert answer.status_code == 400
    assert answer.json["error"].startswith("VEVENT 1: webhook")
    assert [one["uid"] for one in answer.json["entries"]] == ["4"]


def test_the_same_file_again_touches_nothing(client):
    first = send(client, ONCE, WEEKLY).json
    etags = [client.get(f"/events/{one['id']}").headers["ETag"] for one in first]
    again = send(client, ONCE, WEEKLY)
    assert again.status_code == 200
    assert outcomes(again) == {"1": "unchanged", "2": "unchanged"}
    assert [one["id"] for one in again.json] == [one["id"] for one in first]
    assert [client.get(f"/events/{one['id']}").headers["ETag"] for one in first] == etags
    assert len(client.get("/events").json) == 2


def test_what_an_entry_says_otherwise_is_written_over_its_event(client):
    """What users have set beside it stays."""
    (event,) = send(client, WEEKLY).json
    client.patch(f"/events/{event['id']}", json={"timeout": "3s", "description": "mine"})
    later = WEEKLY.replace("FREQ=WEEKLY", "FREQ=DAILY").replace("weekly", "daily")
    (changed,) = send(client, later).json
    assert (changed["outcome"], changed["id"], changed["name"]) == ("updated", event["id"], "daily")
    stored = client.get(f"/events/{event['id']}").json
    assert stored["timeout"] == "3s"
    assert stored["description"] == ""
    assert stored["schedule"]["rrule"] == "FREQ=DAILY"


def test_a_change_by_a_user_stays_until_the_entry_changes(client):
    (event,) = send(client, ONCE).json
    client.patch(f"/events/{event['id']}", json={"name": "mine"})
    assert outcomes(send(client, ONCE)) == {"1": "unchanged"}
    assert live(client) == {"mine"}
    assert outcomes(send(client, ONCE.replace("T09", "T10"))) == {"1": "updated"}
    assert live(client) == {"once"}


def test_an_event_that_was_deleted_is_made_again(client):
    (event,) = send(client, ONCE).json
    client.delete(f"/events/{event['id']}")
    (again,) = send(client, ONCE).json
    assert again["outcome"] == "made"
    assert again["id"] != event["id"]


class TestSources:
    FEED = f"{HOOK}&source=team"

    def test_what_has_left_its_source_ends(self, client):
        first = send(client, ONCE, WEEKLY, query=self.FEED).json
        answer = send(client, ONCE, query=self.FEED)
        assert answer.status_code == 200
        kept, left = answer.json
        assert (kept["uid"], kept["outcome"]) == ("1", "unchanged")
        assert (left["id"], left["outcome"]) == (first[1]["id"], "cancelled")
        assert left["line"] is None
        assert "not in its calendar file any more" in left["reason"]
        assert client.get(f"/events/{left['id']}").json["status"] == "inactive"
        assert live(client) == {"once"}
        assert len(send(client, ONCE, query=self.FEED).json) == 1

    def test_what_comes_back_goes_on_under_its_id(self, client):
        first = send(client, ONCE, WEEKLY, query=self.FEED).json
        send(client, ONCE, query=self.FEED)
        back = send(client, ONCE, WEEKLY, query=self.FEED).json
        assert (back[1]["outcome"], back[1]["id"]) == ("updated", first[1]["id"])
        assert live(client) == {"once", "weekly"}

    def test_no_source_ends_what_is_of_another(self, client, client_with):
        send(client, ONCE)
        send(client, ONCE, query=self.FEED)
        other = client_with("read_write", "a", sub="other")
        send(other, ONCE, query=f"{self.FEED}&tags=a")
        send(client, WEEKLY, query=self.FEED)
        assert len(client.get("/events?status=active").json) == 3

    def test_what_is_in_no_file_stays_where_no_source_is_named(self, client):
        send(client, ONCE)
        send(client, WEEKLY)
        assert live(client) == {"once", "weekly"}

    def test_an_empty_or_a_cut_off_file_ends_nothing(self, client):
        send(client, ONCE, WEEKLY, query=self.FEED)
        assert send(client, query=self.FEED).status_code == 400
        cut = a_file(ONCE, WEEKLY)[:-30]
        assert client.post(f"/events?{self.FEED}", data=cut, headers=ICS).status_code == 400
        assert live(client) == {"once", "weekly"}

    def test_most_of_a_source_ends_only_if_that_is_said(self, client):
        many = [ONCE.replace("UID:1", f"UID:n{n}") for n in range(30)]
        send(client, *many, query=self.FEED)
        answer = send(client, many[0], ONCE, query=self.FEED)
        found = [one["outcome"] for one in answer.json]
        assert found == ["unchanged", "made", *["refused"] * 29]
        assert "max_ended=29" in answer.json[-1]["reason"]
        assert len(client.get("/events?status=active").json) == 31
        atomic = send(client, many[0], THIRD, query=f"{self.FEED}&atomic=true")
        assert atomic.status_code == 409
        assert len(client.get("/events?status=active").json) == 31
        send(client, many[0], query=f"{self.FEED}&max_ended=30")
        assert len(client.get("/events?status=active").json) == 1

    @pytest.mark.parametrize("name", ["a b", "../x", "%00", "é" * 127, "{0}:due", "*"])
    def test_hostile_names(self, client, name):
        query = {"webhook": "https://example.com/", "source": name}
        answer = client.post("/events", query_string=query, data=a_file(ONCE), headers=ICS)
        assert answer.status_code == 201
        answer = client.post("/events", query_string=query, data=a_file(ONCE), headers=ICS)
        assert outcomes(answer) == {"1": "unchanged"}

    @pytest.mark.parametrize("name", ["", "a\x00b", "a\nb", "x" * 256])
    def test_names_that_no_source_has(self, client, name):
        query = {"webhook": "https://example.com/", "source": name}
        answer = client.post("/events", query_string=query, data=a_file(ONCE), headers=ICS)
        assert answer.status_code == 400
        assert "source" in answer.json["fields"]

    def test_one_import_of_a_source_at_a_time(self, client, services):
        source = source_name("", "team")
        assert services.storage.sources.hold(source, b"another")
        answer = send(client, ONCE, query=self.FEED)
        assert answer.status_code == 409
        assert "under way" in answer.json["error"]
        assert send(client, ONCE).status_code == 201
        services.storage.sources.release(source, b"another")
        assert send(client, ONCE, query=self.FEED).status_code == 201


class TestScopes:
    def test_every_tag_of_an_entry_must_be_in_it(self, client, client_with):
        writer = client_with("read_write", "red")
        answer = send(writer, WEEKLY, ONCE)
        assert outcomes(answer) == {"1": "refused", "2": "made"}
        assert send(writer, ONCE).status_code == 403
        assert send(writer, THIRD, WEEKLY, query=f"{HOOK}&atomic=true").status_code == 403
        assert send(client_with("read", "red"), WEEKLY).status_code == 403
        assert live(client) == {"weekly"}

    def test_it_holds_for_updates_and_ends(self, client, client_with):
        """What an admin has taken out of it is neither changed nor ended, nor made twice."""
        writer = client_with("read_write", "red")
        feed = f"{HOOK}&source=s&tags=red"
        once, weekly = send(writer, ONCE, WEEKLY, query=feed).json
        for one in (once, weekly):
            client.patch(f"/events/{one['id']}", json={"tags": ["red", "blue"]})
        changed = send(writer, ONCE.replace("T09", "T10"), query=feed)
        assert changed.status_code == 403
        assert [one["outcome"] for one in changed.json["entries"]] == ["refused"] * 2
        assert live(client) == {"once", "weekly"}
        assert client.get(f"/events/{once['id']}").json["start_time"] == "2026-02-01T09:00:00Z"


class TestDryRun:
    def test_it_says_what_would_be_and_changes_nothing(self, client):
        feed = f"{HOOK}&source=s"
        (once,) = send(client, ONCE, query=feed).json
        later = ONCE.replace("T09", "T10")
        answer = send(client, later, WEEKLY, BAD, query=f"{feed}&dry_run=true")
        assert answer.status_code == 200
        assert outcomes(answer) == {"1": "updated", "2": "made", "4": "refused"}
        assert [one["id"] for one in answer.json] == [once["id"], None, None]
        assert answer.json[1]["next_occurrence_at"] == "2026-01-05T08:00:00Z"
        left = send(client, WEEKLY, query=f"{feed}&dry_run=true").json[1]
        assert (left["id"], left["outcome"]) == (once["id"], "cancelled")
        (stored,) = client.get("/events").json
        assert stored["start_time"] == "2026-02-01T09:00:00Z"


@pytest.mark.parametrize(
    ("events", "query", "status"),
    [
        ([ONCE], f"{HOOK}&webhooks=x", 400),
        ([ONCE], f"{HOOK}&{HOOK}", 400),
        ([ONCE], f"{HOOK}&timezone=nowhere", 400),
        ([ONCE], f"{HOOK}&dry_run=yes", 400),
        ([ONCE], f"{HOOK}&atomic=1", 400),
        ([ONCE], f"{HOOK}&max_ended=-1", 400),
        ([ONCE], f"{HOOK}&max_ended=many", 400),
        ([], HOOK, 400),
    ],
)
def test_what_is_refused_whole(client, events, query, status):
    answer = send(client, *events, query=query)
    assert answer.status_code == status
    assert answer.json["error"]
    assert client.get("/events").json == []


def test_a_file_that_is_too_large(client):
    answer = client.post("/events", data=b"x" * (8 * 1_048_576 + 1), headers=ICS)
    assert answer.status_code == 413


def test_the_zone_of_the_query(client):
    """Is that of times without one."""
    floating = "UID:3\nSUMMARY:x\nDTSTART:20260201T090000"
    (event,) = send(client, floating, query=f"{HOOK}&timezone=Asia/Tokyo").json
    assert event["start_time"] == "2026-02-01T00:00:00Z"


def test_a_quota_that_is_reached_in_the_middle(app_with):
    """What there is room for is made; all or none is none."""
    app = app_with(max_events_per_sub=2)
    body = {"type": "jwt", "sub": "x", "access": "read_write", "scope": ["red"]}
    token = with_token(app, MASTER_TOKEN).post("/tokens", json={**body, "expires_at": FAR_AHEAD})
    client = with_token(app, token.json["token"])
    feed = f"{HOOK}&tags=red"
    whole = send(client, ONCE, WEEKLY, THIRD, query=f"{feed}&atomic=true")
    assert whole.status_code == 403
    assert live(client) == set()
    answer = send(client, ONCE, WEEKLY, THIRD, query=feed)
    assert outcomes(answer) == {"1": "made", "2": "made", "3": "refused"}
    later = send(client, ONCE.replace("T09", "T10"), THIRD, query=feed)
    assert outcomes(later) == {"1": "updated", "3": "refused"}


def test_when_the_store_goes_away_in_the_middle_of_all_or_none_none_is_made(client, monkeypatch):
    take, calls = EventQuota.take, []

    def failing(quota, event_id, access):
        calls.append(event_id)
        if len(calls) == 2:
            raise StoreUnavailable
        take(quota, event_id, access)

    monkeypatch.setattr(EventQuota, "take", failing)
    assert send(client, ONCE, WEEKLY, query=f"{HOOK}&atomic=true").status_code == 503
    assert client.get("/events").json == []


def test_one_import_is_one_entry_of_the_audit_log(client):
    """It names every event that was changed, and nothing that was not."""
    first = send(client, ONCE, WEEKLY, query=f"{HOOK}&source=s").json
    send(client, ONCE.replace("T09", "T10"), WEEKLY, query=f"{HOOK}&source=s")
    newest, before = client.get("/audit?action=event.import").json
    assert before["after"]["changed"] == [{"id": one["id"], "outcome": "made"} for one in first]
    assert newest["after"]["changed"] == [{"id": first[0]["id"], "outcome": "updated"}]
    assert newest["after"]["source"] == "s"
    assert newest["after"]["unchanged"] == 1


NIGHTLY_AT_CHANGES = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:nightly
SUMMARY:nightly
DTSTART;TZID=Europe/Berlin:20260327T023000
RRULE:FREQ=DAILY
EXDATE;TZID=Europe/Berlin:20260329T023000,20261025T023000
RDATE;TZID=Europe/Berlin:20270328T021500
END:VEVENT
BEGIN:VEVENT
UID:nightly
RECURRENCE-ID;TZID=Europe/Berlin:20270328T023000
SUMMARY:moved
DTSTART;TZID=Europe/Berlin:20270328T120000
END:VEVENT
BEGIN:VEVENT
UID:from a gap
SUMMARY:from a gap
DTSTART;TZID=Europe/Berlin:20260329T023000
RRULE:FREQ=DAILY
END:VEVENT
END:VCALENDAR
"""


def test_times_of_a_file_at_a_change_of_the_clock_are_wall_times(client) -> None:
    """EXDATE, RDATE, RECURRENCE-ID and DTSTART follow the same rule as the occurrences."""
    answer = client.post(
        "/events?webhook=https://example.com/hook",
        data=NIGHTLY_AT_CHANGES,
        content_type="text/calendar",
    )
    assert answer.status_code == 201, answer.text
    events = {one["name"]: one["id"] for one in client.get("/events").json}

    def times(name: str, day: str) -> list[str]:
        path = f"/events/{events[name]}/preview?count=2&from={day}T00:00:00Z"
        return [one["scheduled_at"] for one in client.get(path).json]

    assert times("nightly", "2026-03-28") == ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"]
    assert times("nightly", "2026-10-25") == ["2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"]
    # 02:15 and 02:30 would fire at one moment; 02:30 is replaced, 02:15 is not.
    assert times("nightly", "2027-03-28") == ["2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"]
    assert times("moved", "2027-03-28") == ["2027-03-28T10:00:00Z"]
    assert times("from a gap", "2026-03-28") == ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
