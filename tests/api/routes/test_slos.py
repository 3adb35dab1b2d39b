"""``/slos``: lateness objectives of tags."""

from __future__ import annotations

from urllib.parse import quote

import pytest

SLO = {"lateness": "1s", "objective": 0.999, "window": "30d"}


def test_an_objective_is_made_read_listed_and_deleted(client):
    made = client.put("/slos/red", json=SLO)
    assert (made.status_code, made.headers["Location"]) == (201, "http://localhost/slos/red")
    at = "2026-01-01T00:00:00Z"
    assert made.json == {"tag": "red", **SLO, "created_at": at, "updated_at": at}
    found = client.get("/slos/red").json
    assert found == {
        **made.json,
        "deliveries": 0,
        "late": 0,
        "compliance": None,
        "budget_left": 1,
        "burn_rates": {"5m": 0, "30m": 0, "1h": 0, "6h": 0, "3d": 0},
        "burning": None,
    }
    assert client.get("/slos").json == [found]
    again = client.put("/slos/red", json={"lateness": "1000ms", "objective": 0.99})
    assert (again.status_code, again.json["window"]) == (200, "30d")
    assert client.delete("/slos/red").status_code == 204
    assert client.get("/slos/red").status_code == 404
    assert client.delete("/slos/red").status_code == 404
    assert client.get("/slos").json == []
    actions = [one["action"] for one in client.get("/audit").json]
    assert actions[:3] == ["slo.delete", "slo.put", "slo.put"]


@pytest.mark.parametrize("tag", ["a/b", "ü ö", "100%"])
def test_a_tag_may_be_anything_that_a_tag_may_be(client, tag):
    made = client.put(f"/slos/{quote(tag, safe='')}", json=SLO)
    assert made.json["tag"] == tag
    assert client.get(made.headers["Location"].removeprefix("http://localhost")).json["tag"] == tag


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"objective": 0.9}, "lateness"),
        ({"lateness": "1s"}, "objective"),
        ({**SLO, "lateness": "3s"}, "lateness"),
        ({**SLO, "lateness": "soon"}, "lateness"),
        ({**SLO, "lateness": 1}, "lateness"),
        ({**SLO, "objective": 99.9}, "objective"),
        ({**SLO, "objective": 1}, "objective"),
        ({**SLO, "objective": "0.9"}, "objective"),
        ({**SLO, "objective": True}, "objective"),
        ({**SLO, "window": "36h"}, "window"),
        ({**SLO, "window": "31d"}, "window"),
        ({**SLO, "windows": "30d"}, "windows"),
    ],
)
def test_what_is_no_objective_is_refused_by_name(client, body, field):
    answer = client.put("/slos/red", json=body)
    assert answer.status_code == 400
    assert list(answer.json["fields"]) == [field]
    assert client.get("/slos").json == []


def test_a_tag_that_can_not_be_is_refused(client):
    assert client.put("/slos/a,b", json=SLO).status_code == 400
    assert client.get("/slos/a,b").status_code == 404
    assert client.delete("/slos/a,b").status_code == 404


def test_a_token_has_those_of_its_tags(client, client_with, anonymous):
    client.put("/slos/red", json=SLO)
    client.put("/slos/blue", json=SLO)
    of_red = client_with("read_write", "red")
    assert [one["tag"] for one in of_red.get("/slos").json] == ["red"]
    assert of_red.get("/slos/blue").status_code == 404
    assert of_red.delete("/slos/blue").status_code == 404
    assert of_red.put("/slos/blue", json=SLO).status_code == 403
    assert of_red.put("/slos/red", json=SLO).status_code == 200
    assert client_with("read", "red").put("/slos/red", json=SLO).status_code == 403
    written = client_with("write", "red").put("/slos/red", json=SLO)
    assert "compliance" not in written.json
    assert client_with("write", "red").get("/slos/red").status_code == 403
    assert anonymous.get("/slos").status_code == 401
