"""What lists are asked for beside the basics: expressions, several words, order, members, parts.

Tests ``app.api.schemas.queries`` and ``app.api.schemas.list_fields``, too.
"""

from __future__ import annotations

import re

import pytest

from app.store import index_reads, indexes


@pytest.fixture
def events(client, an_event):
    """Five events, by name; the first is the oldest."""
    made = {}
    for name, tags, status, webhook, metadata in (
        ("nightly", ["billing"], "active", "https://one.example.com/a", {"customer": 7}),
        ("nightly two", ["billing", "test"], "active", "https://two.example.com:8443/b", {}),
        ("weekly", ["R AND D"], "paused", "https://[2606:4700::7]:8443/c", {"customer": "7"}),
        ("Nightly", ["reports"], "inactive", "https://three.example.com/", {"customer": 71}),
        ("50% off", ["billing", "black friday"], "active", "https://one.example.com/", {"z": None}),
    ):
        body = {**an_event, "name": name, "tags": tags, "webhook": webhook, "metadata": metadata}
        answer = client.post("/events", json={**body, "status": status})
        assert answer.status_code == 201, answer.text
        made[name] = answer.json
    return made


NAMES = ["50% off", "Nightly", "weekly", "nightly two", "nightly"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("tags=billing AND NOT test", ["50% off", "nightly"]),
        ("tags=test OR reports", ["Nightly", "nightly two"]),
        ("tags=(test OR reports) AND NOT reports", ["nightly two"]),
        ("tags=NOT billing", ["Nightly", "weekly"]),
        ('tags="R AND D"', ["weekly"]),
        ("tags=black friday AND billing", ["50% off"]),
        ("status=paused,inactive", ["Nightly", "weekly"]),
        ("status=paused, active", ["50% off", "weekly", "nightly two", "nightly"]),
        ("name_prefix=nightly", ["nightly two", "nightly"]),
        ("name_prefix=50%25", ["50% off"]),
        ("name_prefix=nightly&tags=NOT test", ["nightly"]),
        ("target_host=one.example.com", ["50% off", "nightly"]),
        ("target_host=TWO.example.com", ["nightly two"]),
        ("target_host=two.example.com:8443", ["nightly two"]),
        ("target_host=example.com", []),
        ("target_host=2606:4700::7", ["weekly"]),
        ("target_host=[2606:4700::7]", ["weekly"]),
        ("target_host=[2606:4700::7]:8443", ["weekly"]),
        ("metadata=customer:7", ["weekly", "nightly"]),
        ("metadata=customer:7&name=weekly", ["weekly"]),
        ("metadata=z:null", ["50% off"]),
        ("metadata.customer=7", ["weekly", "nightly"]),
        ("metadata.customer=7&name=weekly", ["weekly"]),
        ("metadata.customer=7&metadata=z:null", []),
        ("metadata.customer=7,z:null", []),
        ("created_from=2026-01-01T00:00:00Z", NAMES),
        ("created_to=2025-12-31T23:59:59.999Z", []),
        ("sort=created_at", NAMES[::-1]),
        ("sort=-created_at&name=nightly", ["nightly"]),
        ("sort=name", ["50% off", "Nightly", "nightly", "nightly two", "weekly"]),
        ("sort=-name", ["weekly", "nightly two", "nightly", "Nightly", "50% off"]),
        ("sort=-name&name_prefix=night", ["nightly two", "nightly"]),
    ],
)
def test_events_are_filtered(client, events, query, names):
    answer = client.get(f"/events?{query}")
    assert answer.status_code == 200, answer.text
    assert [one["name"] for one in answer.json] == names
    assert answer.headers["X-Total-Count"] == str(len(names))
    assert "X-Total-Count-Exact" not in answer.headers


def test_the_answer_says_which_filters_no_index_knows(client, events):
    """Each event is looked at for them."""
    url = "/events?target_host=one.example.com&name_prefix=n&status=active"
    assert "X-Unindexed-Filters" not in client.get(url).headers
    answer = client.get(f"{url}&metadata.customer=7&metadata=z:1,%C3%A9%0A:2")
    told = "metadata.z, metadata.%C3%A9%0A, metadata.customer"
    assert answer.headers["X-Unindexed-Filters"] == told


@pytest.mark.parametrize("sort", ["", "&sort=created_at"])
def test_a_list_leads_on_in_its_order(client, events, sort):
    url, found = f"/events?limit=2&tags=NOT reports{sort}", []
    while url:
        answer = client.get(url)
        found += [one["name"] for one in answer.json]
        url = re.sub("[<>].*", "", answer.headers.get("Link", "")[1:])
    expected = [name for name in NAMES if name != "Nightly"]
    assert found == (expected[::-1] if sort else expected)


def test_only_the_members_that_are_asked_for(client, events):
    """Metadata comes as it was sent; what an event does not have is not there."""
    answer = client.get("/events?fields=status,id,metadata,retry&name=nightly")
    nightly = events["nightly"]
    assert answer.json == [{"id": nightly["id"], "metadata": {"customer": 7}, "status": "active"}]
    assert (
        client.get("/events?fields=metadata&name=nightly").text == '[{"metadata":{"customer":7}}]'
    )
    answer = client.get("/occurrences?status=scheduled&fields=status&limit=1")
    assert answer.json["data"] == [{"status": "scheduled"}]


def test_occurrences_lead_on(client, events):
    """By page or by Link, which goes on from any page; newest scheduled first or last."""
    for extra in ("", "&sort=scheduled_at"):
        url = f"/occurrences?status=scheduled,completed&limit=1{extra}"
        pages = [client.get(f"{url}&page={page}") for page in (1, 2, 3, 4)]
        by_page = [one["id"] for page in pages for one in page.json["data"]]
        by_link, link = [], url
        while link:
            answer = client.get(link)
            by_link += [one["id"] for one in answer.json["data"]]
            link = re.sub("[<>].*", "", answer.headers.get("Link", "")[1:])
        assert by_link == by_page
        assert len(by_link) == 3
        assert all("page=" not in one.headers.get("Link", "") for one in pages)
        second = client.get(re.sub("[<>].*", "", pages[1].headers["Link"][1:]))
        assert [one["id"] for one in second.json["data"]] == by_page[2:]


def test_a_part_may_be_empty_and_lead_on_and_says_that_more_may_be_there(
    client, events, monkeypatch
):
    """No call looks at more than a few; the total says that it is a lower bound."""
    for name in ("LOOK_LIMIT", "TOTAL_LIMIT", "CHUNK", "_LEAST"):
        monkeypatch.setattr(indexes, name, 1)
    monkeypatch.setattr(indexes, "COUNTED_AT_ONCE", 0)
    monkeypatch.setattr(index_reads, "LEAST_OF_EACH", 1)
    first = client.get("/events?tags=NOT billing AND NOT reports&limit=1")
    assert (first.json, first.headers["X-Total-Count-Exact"]) == ([], "false")
    assert "Link" in first.headers
    listed = client.get("/occurrences?status=scheduled&tags=NOT reports&limit=1")
    assert listed.json["pagination"]["total_is_exact"] is False


@pytest.mark.parametrize(
    ("path", "field", "said"),
    [
        ("/events?tags=a AND", "tags", "must have a tag at the end"),
        ("/events?tags=a,b AND c", "tags", "OR in place of a comma"),
        ("/events?tags=a AND b&match=all", "match", "must be left out"),
        (f"/events?tags={'x' * 65} AND b", "tags", "1 to 64 characters"),
        ("/events?status=paused,asleep", "status", "must be one of active, paused, inactive"),
        ("/events?status=", "status", "must be one of"),
        ("/events?name=a&name_prefix=a", "name_prefix", "must be left out beside name"),
        ("/events?metadata=customer", "metadata", "a colon"),
        ("/events?metadata=a:1,a:2", "metadata", "once ('a' stands there twice)"),
        ("/events?metadata=a:1&metadata.a=1", "metadata", "once ('a' stands there twice)"),
        ("/events?sort=name&status=active", "sort", "beside any filter but name_prefix"),
        ("/events?sort=-name&name=nightly", "sort", "beside any filter but name_prefix"),
        ("/events?sort=name&tags=a", "sort", "beside any filter but name_prefix"),
        ("/events?sort=next_occurrence", "sort", "must be one of"),
        ("/events?metadata.=1", "metadata.", "not known here"),
        ("/events?metadata=" + ",".join(["a:1"] * 11), "metadata", "at most 10"),
        ("/events?sort=status", "sort", "must be one of -created_at, created_at"),
        (
            "/events?target_host=https://a.example/b",
            "target_host",
            "must be the host alone, as in example.com or example.com:8443",
        ),
        ("/events?fields=id,secret", "fields", "'secret' is none"),
        ("/events?created_from=2026-02-01T00:00:00Z&created_to=2026-01-01T00:00:00Z",
         "created_to", "must not be before created_from"),
        ("/events?created_from=yesterday", "created_from", "must be"),
        ("/events?cursor=abc", "cursor", "Link header"),
        ("/occurrences?status=failed&cursor=abc", "cursor", "Link header"),
        ("/occurrences?status=failed&cursor=abc&page=2", "page", "left out beside cursor"),
        ("/occurrences?status=failed&sort=created_at", "sort", "must be one of"),
        ("/occurrences?status=failed&fields=name", "fields", "'name' is none"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_of_the_parameter(client, path, field, said):
    answer = client.get(path)
    assert answer.status_code == 400
    assert said in "".join(answer.json["fields"][field])


def test_a_cursor_fits_its_own_list_alone(client, events):
    link = client.get("/occurrences?status=scheduled&limit=1").headers["Link"]
    cursor = re.search("cursor=([^&>]*)", link)[1]
    for filters in ("status=completed", "status=scheduled&sort=scheduled_at", "tags=billing"):
        answer = client.get(f"/occurrences?{filters}&cursor={cursor}")
        assert (answer.status_code, list(answer.json["fields"])) == (400, ["cursor"])
    same = client.get(f"/occurrences?status=scheduled&limit=2&fields=id&cursor={cursor}")
    assert same.status_code == 200


def test_a_page_that_is_too_far_is_refused_with_the_way_on(client, an_event, monkeypatch):
    for _ in range(8):
        client.post("/events", json={**an_event, "tags": ["billing"]})
    monkeypatch.setattr("app.services.occurrences.PAGE_LIMIT", 1)
    for name in ("CHUNK", "_LEAST"):
        monkeypatch.setattr(indexes, name, 1)
    answer = client.get("/occurrences?tags=billing,test&limit=1&page=7")
    assert answer.status_code == 400
    assert "follow the Link header" in answer.json["fields"]["page"][0]
