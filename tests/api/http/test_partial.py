"""``Qhronos-Partial``: lists of a cluster of which a shard is away have the rest, in order."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api.http.context import attach_services
from app.domain import ids
from app.wiring.services import Services
from tests.api.application import MASTER_TOKEN, with_token
from tests.support.shards import ODD, TwoShards

PARTITIONS = 4


@pytest.fixture
def services(start_services: Callable[..., Services]) -> Services:
    return start_services(partitions=PARTITIONS)


@pytest.fixture
def shards(services: Services) -> TwoShards:
    return TwoShards(services.storage.client)


@pytest.fixture
def client(shared_app: Flask, services: Services, shards: TwoShards) -> FlaskClient:
    attach_services(shared_app, services)
    return with_token(shared_app, MASTER_TOKEN)


@pytest.fixture
def made(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of events, newest first; there are as many on each node."""
    partitions = itertools.cycle((0, 1, 3, 2))
    monkeypatch.setattr("app.store.shards.random.randrange", lambda _count: next(partitions))
    made = []
    for number in range(16):
        body = {
            "name": f"number {number:02}",
            "webhook": "https://example.com/",
            "start_time": f"2030-01-01T00:00:{number:02}Z",
            "tags": ["even" if number % 2 == 0 else "odd"],
        }
        answer = client.post("/events", json=body)
        assert answer.status_code == 201, answer.text
        made.append(answer.get_json()["id"])
    assert len(there(made)) == len(made) / 2
    return made[::-1]


def partition_of(event_id: str) -> int:
    return ids.partition_of_event(bytes.fromhex(event_id.replace("-", "")))


def there(made: list[str]) -> list[str]:
    """Those that are on the node that is there."""
    return [one for one in made if partition_of(one) % 2 == 0]


def ids_of(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    found = answer.get_json()
    return [one["id"] for one in (found if isinstance(found, list) else found["data"])]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?status=active",
        "?name_prefix=number",
        "?sort=-name",
        "?target_host=example.com",
        "?tags=even,odd&status=active",
        "?metadata=a:1",
    ],
)
def test_a_list_has_what_is_there_in_order(
    client: FlaskClient, made: list[str], shards: TwoShards, query: str
) -> None:
    whole = client.get(f"/events{query}")
    assert "Qhronos-Partial" not in whole.headers
    expected = there(ids_of(whole))
    shards.away = ODD
    answer = client.get(f"/events{query}")
    assert ids_of(answer) == expected
    assert answer.headers["Qhronos-Partial"] == "2"
    assert answer.headers["X-Total-Count"] == str(len(expected))
    assert answer.headers["X-Total-Count-Exact"] == "false"
    assert expected or query == "?metadata=a:1"
    assert made


def test_a_cursor_is_valid_when_the_shard_is_away_and_when_it_is_back(
    client: FlaskClient, made: list[str], shards: TwoShards
) -> None:
    first = client.get("/events?limit=3")
    following = first.headers["Link"].split(">")[0].removeprefix("<")
    shards.away = ODD
    second = client.get(following)
    assert ids_of(second) == there(made[3:])[:3]
    following = second.headers["Link"].split(">")[0].removeprefix("<")
    shards.away = None
    third = client.get(following.replace("limit=3", "limit=100"))
    assert ids_of(third) == made[made.index(ids_of(second)[-1]) + 1 :]
    assert "Qhronos-Partial" not in third.headers


def test_occurrences_say_that_more_may_be_there(
    client: FlaskClient, made: list[str], shards: TwoShards
) -> None:
    shards.away = ODD
    answer = client.get("/occurrences?status=scheduled")
    assert len(ids_of(answer)) == len(there(made))
    assert answer.headers["Qhronos-Partial"] == "2"
    assert answer.get_json()["pagination"]["total_is_exact"] is False


@pytest.mark.parametrize("path", ["/calendar.ics", "/forecast", "/flows", "/flows/acme"])
def test_what_is_made_of_lists_says_so_too(
    client: FlaskClient, made: list[str], shards: TwoShards, path: str
) -> None:
    assert made
    assert client.put("/flows/acme", json={"concurrency": 1}).status_code == 201
    shards.away = ODD
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Qhronos-Partial"]) == (200, "2")


def test_what_is_in_one_partition_is_there_or_refused(
    client: FlaskClient, made: list[str], shards: TwoShards
) -> None:
    here = there(made)[0]
    gone = next(one for one in made if one not in there(made))
    shards.away = ODD
    asked = shards.asked
    for path in (f"/events/{here}", f"/events/{here}/occurrences", f"/occurrences?event_id={here}"):
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        assert "Qhronos-Partial" not in answer.headers
    assert shards.asked == asked, "the partition of the event is all that is read"
    for method, path in (
        ("GET", f"/events/{gone}"),
        ("PUT", f"/events/{gone}"),
        ("DELETE", f"/events/{gone}"),
        ("GET", f"/events/{gone}/occurrences"),
        ("GET", f"/occurrences?event_id={gone}"),
    ):
        answer = client.open(path, method=method, json={} if method == "PUT" else None)
        assert answer.status_code == 503, (method, path)
        assert answer.headers["Retry-After"] == "1"
        assert "does not answer" in answer.get_json()["error"]


def test_a_batch_tells_what_became_of_each(
    client: FlaskClient, made: list[str], shards: TwoShards
) -> None:
    assert made
    shards.away = ODD
    items = [
        {"name": f"n{n}", "key": f"key-{n}", "webhook": "https://example.com/", "delay": "1h"}
        for n in range(12)
    ]
    answer = client.post("/events/batch", json={"events": items})
    assert answer.status_code == 207
    results = answer.get_json()["results"]
    created = [one for one in results if "id" in one]
    assert created
    assert len(created) < len(results)
    assert all(partition_of(one["id"]) % 2 == 0 for one in created)
    assert {one["status"] for one in results if "id" not in one} == {503}
