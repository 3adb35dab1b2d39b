"""Lists of and under ``/events``.

Tests ``app.api.http.paging`` and ``app.api.schemas.queries``, too.
"""

from __future__ import annotations

import pytest

DAILY = {"schedule": {"frequency": "daily"}}


class TestList:
    def test_a_bare_array_and_its_count(self, client, an_event):
        ids = [client.post("/events", json=an_event).json["id"] for _ in range(3)]
        answer = client.get("/events")
        assert [event["id"] for event in answer.json] == ids[::-1]
        assert answer.headers["X-Total-Count"] == "3"
        assert "Link" not in answer.headers

    def test_link_leads_on_with_all_filters(self, client, an_event):
        """Following it to the end visits once all that the filters let through, and no more."""
        body = {**an_event, "tags": ["ä b"]}
        ids = [client.post("/events", json=body).json["id"] for _ in range(5)]
        client.post("/events", json={**body, "status": "paused"})
        client.post("/events", json={**body, "tags": ["d"]})
        url, seen = "/events?tags=ä b&tags=c&match=any&limit=2&status=active", []
        while url:
            answer = client.get(url)
            assert answer.headers["X-Total-Count"] == "5"
            assert len(answer.json) <= 2
            seen += [event["id"] for event in answer.json]
            link = answer.headers.get("Link")
            url = link and link.removeprefix("<").removesuffix('>; rel="next"')
        assert seen == ids[::-1]

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("", {"a", "ab", "abc", "cafe", "none"}),
            ("tags=a", {"a", "ab", "abc"}),
            ("tags=b,c", {"ab", "abc"}),
            ("tags=b&tags=c", {"ab", "abc"}),
            ("tags=a,b&tags=b,c&match=all", {"abc"}),
            ("tags=%20c%20,cafe%CC%81&match=any", {"abc", "cafe"}),
        ],
    )
    def test_tags_in_every_spelling(self, client, an_event, query, names):
        """Between commas, repeated, decomposed, with spaces around them."""
        tags = {
            "a": ["a"],
            "ab": ["a", "b"],
            "abc": ["a", "b", "c"],
            "cafe": ["caf\u00e9"],
            "none": [],
        }
        for name, given in tags.items():
            client.post("/events", json={**an_event, "name": name, "tags": given})
        answer = client.get(f"/events?{query}")
        assert answer.status_code == 200
        assert {event["name"] for event in answer.json} == names

    def test_a_hundred_unless_the_query_says_otherwise(self, client, an_event):
        for _ in range(101):
            client.post("/events", json=an_event)
        first = client.get("/events")
        assert (len(first.json), first.headers["X-Total-Count"]) == (100, "101")
        assert "Link" in first.headers
        assert len(client.get("/events?limit=1000").json) == 101

    def test_the_other_filters(self, client, an_event):
        """By status and by the whole name; with nothing left out they are no filter."""
        for name, status in (("one", "active"), ("one", "paused"), ("one more", "paused")):
            client.post("/events", json={**an_event, "name": name, "status": status})

        def listed(query):
            return [(one["name"], one["status"]) for one in client.get(f"/events?{query}").json]

        assert len(listed("")) == 3
        assert listed("status=paused") == [("one more", "paused"), ("one", "paused")]
        assert listed("name=one") == [("one", "paused"), ("one", "active")]
        assert listed("status=paused&name=one%20more&limit=1000") == [("one more", "paused")]

    def test_the_cursor_of_another_list_is_refused(self, client, an_event):
        for _ in range(2):
            client.post("/events", json=an_event)
        link = client.get("/events?limit=1").headers["Link"]
        cursor = link.removeprefix("<").removesuffix('>; rel="next"').partition("cursor=")[2]
        assert client.get(f"/events?limit=1&cursor={cursor}").status_code == 200
        for query in (f"status=active&cursor={cursor}", "cursor=0"):
            answer = client.get(f"/events?{query}")
            assert (answer.status_code, list(answer.json["fields"])) == (400, ["cursor"])


class TestUnder:
    def test_occurrences_of_an_event(self, client, clock, an_event):
        """A bare array with the same paging as events."""
        path = client.post("/events", json=an_event).headers["Location"]
        for _ in range(2):
            client.post(f"{path}/trigger")
            clock.advance(1)
        client.post("/events", json=an_event)
        first = client.get(f"{path}/occurrences?limit=2")
        assert [one["scheduled_at"] for one in first.json] == [
            "2026-01-02T09:00:00Z",
            "2026-01-01T00:00:00.001Z",
        ]
        assert first.headers["X-Total-Count"] == "3"
        link = first.headers["Link"]
        assert link.startswith(f"<{path}/occurrences?limit=2&cursor=")
        rest = client.get(link.removeprefix("<").removesuffix('>; rel="next"'))
        assert [one["scheduled_at"] for one in rest.json] == ["2026-01-01T00:00:00Z"]
        assert "Link" not in rest.headers

    def test_preview(self, client, an_event):
        """Ten, or as many as are asked for, between two moments that both count."""
        path = client.post("/events", json={**an_event, **DAILY}).headers["Location"]
        answer = client.get(f"{path}/preview")
        assert answer.status_code == 200
        assert len(answer.json) == 10
        assert answer.json[0] == {"scheduled_at": "2026-01-02T09:00:00Z"}
        query = "count=1000&from=2026-01-05T09:00:00Z&to=2026-01-07T11:00:00%2B02:00"
        found = client.get(f"{path}/preview?{query}").json
        assert [one["scheduled_at"][:10] for one in found] == [
            "2026-01-05",
            "2026-01-06",
            "2026-01-07",
        ]

    def test_an_offset_whose_plus_was_not_encoded(self, client, an_event):
        """In a query "+" means a space; nobody can mean a space there."""
        path = client.post("/events", json={**an_event, **DAILY}).headers["Location"]
        answer = client.get(f"{path}/preview?count=1&from=2026-01-05T11:00:00+02:00")
        assert answer.status_code == 200
        assert answer.json == [{"scheduled_at": "2026-01-05T09:00:00Z"}]
