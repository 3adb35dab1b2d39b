"""Every list leads on: by ``Link``, with an absolute address and a cursor that is its own."""

from __future__ import annotations

import re

import pytest

LISTS = {
    "/events": "id",
    "/events/{event}/occurrences": "id",
    "/occurrences?status=scheduled,cancelled": "id",
    "/occurrences?status=cancelled": "id",
    "/tokens": "jti",
    "/audit": "seq",
    "/retries": "id",
    "/bulk-jobs": "id",
    "/imports": "id",
    "/flows": "key",
    "/calendars": "name",
    "/signing-secrets": "tag",
    "/slos": "tag",
    "/breakers": "target",
}
"""Each list with the member that tells its items apart. Cancelled ones are the dead letters."""

FEW = ("/imports",)
"""Those of which nothing is made here: only their cursors are tried."""


@pytest.fixture
def lists(client, client_with, services, clock, an_event):
    """Some of everything that there are lists of; the lists by their addresses."""
    times = {"first_ms": 5_000, "longest_ms": 60_000, "forget_ms": 600_000}
    for number in range(2):
        event = client.post("/events", json={**an_event, "flow": {"key": f"f{number}"}}).json
        client.post(f"/events/{event['id']}/trigger")
        gone = client.post("/events", json=an_event).json
        client.delete(f"/events/{gone['id']}")
        client_with("read", "red")
        dates = {"dates": ["2026-01-01"]}
        assert client.put(f"/calendars/c{number}", json=dates).status_code == 201
        assert client.put(f"/signing-secrets/t{number}").status_code == 201
        slo = {"lateness": "1s", "objective": 0.99}
        assert client.put(f"/slos/t{number}", json=slo).status_code == 201
        wish = {"action": "pause", "filter": {"name": "nobody"}}
        assert client.post("/events/bulk", json=wish).status_code == 202
        wish = {"filter": {"tags": ["red"]}}
        assert client.post("/occurrences/retry", json=wish).status_code == 202
        services.storage.breakers.open(f"https://{number}.example:443", clock.now_ms(), **times)
    return {one.format(event=event["id"]): member for one, member in LISTS.items()}


def items_of(answer):
    assert answer.status_code == 200, answer.text
    return answer.json["data"] if isinstance(answer.json, dict) else answer.json


def test_each_leads_on_to_its_end_and_refuses_the_cursors_of_others(client, lists):
    cursors = {}
    for address, member in lists.items():
        join = "&" if "?" in address else "?"
        whole = [one[member] for one in items_of(client.get(address))]
        assert len(whole) >= 2 or address in FEW, address
        found, url = [], f"{address}{join}limit=1"
        while url:
            answer = client.get(url)
            found += [one[member] for one in items_of(answer)]
            link = answer.headers.get("Link")
            url = link and re.fullmatch(r'<(http://localhost/.*)>; rel="next"', link)[1]
            if url:
                cursors.setdefault(address, re.search("cursor=([^&]+)", url)[1])
        assert found == whole, address
    for address in lists:
        for other, cursor in cursors.items():
            # (That of flows is a name, and any other name is a place in that list, too.)
            if other != address and "/flows" not in (address, other):
                url = f"{address}{'&' if '?' in address else '?'}cursor={cursor}"
                assert client.get(url).status_code == 400, (address, other)
