"""Lists of and under ``/events``."""

from __future__ import annotations

import pytest

from app.services.queries import TagFilter
from tests.api.fakes import NOW_MS, an_occurrence


class TestList:
    def test_a_bare_array_and_its_count(self, client, valid):
        ids = [client.post("/events", json=valid).json["id"] for _ in range(3)]
        answer = client.get("/events")
        assert [event["id"] for event in answer.json] == ids[::-1]
        assert answer.headers["X-Total-Count"] == "3"
        assert "Link" not in answer.headers

    def test_link_leads_on_with_all_filters(self, client, services, valid):
        """Following it to the end visits everything once."""
        ids = [client.post("/events", json={**valid, "tags": ["ä b"]}).json["id"] for _ in range(5)]
        url, seen = "/events?tags=ä b&tags=c&match=any&limit=2&status=active", []
        while url:
            answer = client.get(url)
            assert answer.headers["X-Total-Count"] == "5"
            seen += [event["id"] for event in answer.json]
            link = answer.headers.get("Link")
            url = link and link.removeprefix("<").removesuffix('>; rel="next"')
        assert seen == ids[::-1]
        assert {(q.tags, q.status, q.limit) for q in services.events.queries} == {
            (TagFilter(("ä b", "c")), "active", 2)
        }

    @pytest.mark.parametrize(
        ("query", "tags"),
        [
            ("", TagFilter()),
            ("tags=a", TagFilter(("a",))),
            ("tags=a,b", TagFilter(("a", "b"))),
            ("tags=a&tags=b", TagFilter(("a", "b"))),
            ("tags=a,b&tags=b,c&match=all", TagFilter(("a", "b", "c"), match_all=True)),
            ("tags=%20a%20,cafe%CC%81&match=any", TagFilter(("a", "caf\u00e9"))),
        ],
    )
    def test_tags_in_every_spelling(self, client, services, query, tags):
        assert client.get(f"/events?{query}").status_code == 200
        assert services.events.queries[-1].tags == tags

    def test_defaults_and_the_other_filters(self, client, services):
        client.get("/events")
        client.get("/events?status=paused&name=invoice%20run&limit=1000&cursor=0")
        first, second = services.events.queries
        assert (first.limit, first.status, first.name, first.cursor) == (100, None, None, None)
        assert (second.limit, second.status, second.name, second.cursor) == (
            1000,
            "paused",
            "invoice run",
            "0",
        )


class TestUnder:
    def test_occurrences_of_an_event(self, client, services, created):
        """A bare array with the same paging as events."""
        event = services.events.stored[created["id"]]
        for step in range(3):
            services.occurrences.add(an_occurrence(event.id, NOW_MS + step))
        answer = client.get(f"/events/{created['id']}/occurrences?limit=2")
        assert len(answer.json) == 2
        assert answer.headers["X-Total-Count"] == "3"
        assert answer.headers["Link"] == (
            f'</events/{created["id"]}/occurrences?limit=2&cursor=2>; rel="next"'
        )
        assert services.occurrences.slices == [(created["id"], 2, None)]

    def test_preview(self, client, services, created):
        answer = client.get(f"/events/{created['id']}/preview")
        assert answer.status_code == 200
        assert len(answer.json) == 10
        assert answer.json[0] == {"scheduled_at": "2031-01-31T09:00:00Z"}
        query = "count=1000&from=2031-01-01T00:00:00Z&to=2031-01-01T02:00:00%2B02:00"
        assert client.get(f"/events/{created['id']}/preview?{query}").status_code == 200
        moment = 1_924_992_000_000
        assert services.previews.asked == [(10, None, None), (1000, moment, moment)]

    def test_an_offset_whose_plus_was_not_encoded(self, client, services, created):
        """In a query "+" means a space; nobody can mean a space there."""
        path = f"/events/{created['id']}/preview?from=2031-01-01T02:00:00+02:00"
        assert client.get(path).status_code == 200
        assert services.previews.asked[-1][1] == 1_924_992_000_000
