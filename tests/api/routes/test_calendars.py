"""``/calendars``, on real services."""

from __future__ import annotations

import pytest

from tests.support.ical import a_file

BERLIN = {"country": "DE", "subdivision": "BE"}
ICS = {"Content-Type": "text/calendar; charset=utf-8"}
EVE = "UID:1\nDTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY"


def test_its_life(client):
    """Created, read, replaced, listed, deleted."""
    definition = {"description": "Berlin", "holidays": BERLIN, "weekdays": ["SA", "SU"]}
    created = client.put("/calendars/de-be", json=definition)
    assert created.status_code == 201
    assert created.headers["Location"] == "http://localhost/calendars/de-be"
    assert created.json == {
        "name": "de-be", **definition, "updated_at": "2026-01-01T00:00:00Z", "events": 0,
    }  # fmt: skip
    assert client.get("/calendars/de-be").json == created.json
    # What was read can be sent back.
    replaced = client.put("/calendars/de-be", json={**created.json, "weekdays": None})
    assert replaced.status_code == 200
    assert "weekdays" not in replaced.json
    assert client.get("/calendars").json == [replaced.json]
    assert client.delete("/calendars/de-be").status_code == 204
    assert client.get("/calendars/de-be").status_code == 404
    assert client.get("/calendars").json == []


def test_a_file_becomes_a_calendar(client):
    answer = client.put("/calendars/eve", data=a_file(EVE), headers=ICS)
    assert answer.status_code == 201
    assert answer.json["rules"] == [{"rrule": "FREQ=YEARLY", "from": "2026-12-24"}]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"dates": ["never"]}, 400, "dates"),
        ({"dates": "2026-01-01"}, 400, "dates"),
        ({"dates": [{"a": 1.5}]}, 400, "dates"),
        ({"holidays": {"country": "XX"}}, 400, "holidays.country"),
        ({"holidays": {"country": "DE", "subdivision": "XX"}}, 400, "holidays.subdivision"),
        ({"rules": [{"rrule": "FREQ=DAILY", "days": 2.0}]}, 400, "rules"),
        ({"holiday": BERLIN}, 400, "holiday"),
    ],
)
def test_a_wrong_definition_is_refused_by_its_field(client, body, status, field):
    answer = client.put("/calendars/a", json=body)
    assert answer.status_code == status
    assert list(answer.json["fields"]) == [field]
    assert client.get("/calendars").json == []


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [
        (b"nonsense", ICS, 400),
        (a_file("UID:1\nDTSTART:20261224T090000Z"), ICS, 400),
        (a_file(*(EVE.replace("UID:1", f"UID:{n}") for n in range(201))), ICS, 400),
        (b"x" * 1_048_577, ICS, 413),
        (a_file(EVE), {"Content-Type": "text/calendar; charset=utf-16"}, 415),
        (a_file(EVE), {**ICS, "Content-Encoding": "gzip"}, 415),
        (a_file(EVE), {"Content-Type": "text/plain"}, 415),
    ],
)
def test_a_file_that_can_not_be_read(client, data, headers, status):
    answer = client.put("/calendars/a", data=data, headers=headers)
    assert answer.status_code == status
    assert answer.json["error"]


@pytest.mark.parametrize("name", ["A", "a b", "%C3%A4", "x" * 65, "a%2Fb", "a%0A"])
def test_a_wrong_name(client, name):
    """Is a mistake in a write and nothing that is there in a read."""
    assert client.put(f"/calendars/{name}", json={}).status_code in (400, 404)
    assert client.get(f"/calendars/{name}").status_code == 404
    assert client.delete(f"/calendars/{name}").status_code == 404


def test_who_may(client, client_with):
    """Reading needs the right to read, and no scope; writing needs access admin."""
    client.put("/calendars/a", json={})
    reader, writer = client_with("read", "red"), client_with("write", "red")
    both, admin = client_with("read_write", "red"), client_with("admin")
    assert reader.get("/calendars/a").json.keys() == {"name", "updated_at"}
    assert admin.get("/calendars").json[0]["events"] == 0
    assert writer.get("/calendars/a").status_code == 403
    for other in (reader, writer, both):
        assert other.put("/calendars/a", json={}).status_code == 403
        assert other.put("/calendars/a", data=b"x", headers=ICS).status_code == 403
        assert other.delete("/calendars/a").status_code == 403
    assert admin.put("/calendars/a", json={}).status_code == 200
    assert admin.delete("/calendars/a").status_code == 204


def test_an_event_that_names_one(client, an_event):
    """Keeps it from being deleted, counts, moves with it; it must be there."""
    body = {**an_event, "schedule": {"frequency": "daily"}, "calendars": ["a"]}
    missing = client.post("/events", json=body)
    assert missing.status_code == 400
    assert list(missing.json["fields"]) == ["calendars"]
    client.put("/calendars/a", json={})
    event = client.post("/events", json=body).json
    assert event["next_occurrence_at"] == "2026-01-02T09:00:00Z"
    refused = client.delete("/calendars/a")
    assert refused.status_code == 409
    assert client.put("/calendars/a", json={"dates": ["2026-01-02"]}).json["events"] == 1
    after = client.get(f"/events/{event['id']}").json
    assert after["next_occurrence_at"] == "2026-01-03T09:00:00Z"


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("weekdays", ["FR"] * 7, ["FR"]),
        ("weekdays", ["SU", "SA", "SU"], ["SU", "SA"]),
        ("dates", ["2031-12-24", "2031-12-25", "2031-12-24"], ["2031-12-24", "2031-12-25"]),
        (
            "ranges",
            [
                {"from": "2031-07-01", "to": "2031-07-02"},
                {"to": "2031-07-02", "from": "2031-07-01"},
            ],
            [{"from": "2031-07-01", "to": "2031-07-02"}],
        ),
        ("rules", [{"rrule": "FREQ=YEARLY"}] * 2, [{"rrule": "FREQ=YEARLY"}]),
    ],
)
def test_what_a_calendar_names_twice_is_kept_once(client, name, given, kept):
    made = client.put("/calendars/twice", json={name: given}).get_json()
    read = client.get("/calendars/twice").get_json()
    assert (made[name], read[name]) == (kept, kept)


def test_a_write_says_that_its_days_end(client, an_event):
    """The answer to the calendar's does, and those to writes and previews of its events."""
    answer = client.put("/calendars/school", json={"dates": ["2026-02-05"]})
    (notice,) = answer.json["notices"]
    assert notice == {
        "local_time": "2026-02-05",
        "kind": "end",
        "text": "The days that calendar school lists end on 5 February 2026: later ones are left "
        "out once it lists them.",
        "scheduled_at": None,
    }
    assert "notices" not in client.get("/calendars/school").json
    assert client.put("/calendars/school", json=answer.json).status_code == 200
    series = {**an_event, "schedule": {"frequency": "daily"}, "calendars": ["school"]}
    draft = {name: series[name] for name in ("start_time", "schedule", "calendars")}
    made = client.post("/events", json=series)
    assert [one["kind"] for one in made.json["notices"]] == ["end"]
    assert made.json["notices"][0]["scheduled_at"].startswith("2026-02-06T")
    for detail in (
        client.get(f"/events/{made.json['id']}/preview?detail=true"),
        client.post("/preview?detail=true", json=draft),
    ):
        assert detail.json["notices"] == made.json["notices"]
    client.put("/calendars/school", json={"dates": ["2036-02-05"], "weekdays": ["SA"]})
    assert "notices" not in client.get("/calendars/school").json
    assert client.get(f"/events/{made.json['id']}/preview?detail=true").json["notices"] == []


def test_a_file_whose_days_end(client):
    file = a_file("UID:1\nDTSTART;VALUE=DATE:20261224")
    answer = client.put("/calendars/eve", data=file, headers=ICS)
    assert [one["local_time"] for one in answer.json["notices"]] == ["2026-12-24"]
