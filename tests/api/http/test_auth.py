"""Who may do what, before anything else of a request is looked at."""

from __future__ import annotations

import pytest

from tests.api.application import FAR_AHEAD, MASTER_TOKEN, with_token

GUARDED = [
    ("GET", "/events"),
    ("POST", "/events"),
    ("GET", "/events/x"),
    ("PUT", "/events/x"),
    ("PATCH", "/events/x"),
    ("DELETE", "/events/x"),
    ("GET", "/events/x/occurrences"),
    ("GET", "/events/x/preview"),
    ("GET", "/occurrences"),
    ("GET", "/occurrences/x"),
    ("POST", "/tokens"),
    ("GET", "/tokens"),
    ("DELETE", "/tokens"),
    ("DELETE", "/tokens/x"),
    ("GET", "/audit"),
    ("GET", "/audit/export"),
    ("GET", "/metrics"),
]


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_without_a_token(anonymous, services, method, path):
    """401 that says how, even if everything else of the request is wrong too."""
    services.storage.agreement.agree()
    before = services.storage.client.dbsize()
    answer = anonymous.open(path, method=method, data=b"{{{", content_type="text/plain")
    assert answer.status_code == 401
    assert "Authorization: Bearer" in answer.json["error"]
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="qhronos"'
    assert services.storage.client.dbsize() == before


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eDp5", "Token x", MASTER_TOKEN])
def test_another_scheme(anonymous, header):
    answer = anonymous.get("/events", headers={"Authorization": header})
    assert answer.status_code == 401


@pytest.mark.parametrize("word", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_in_any_case(anonymous, word):
    answer = anonymous.get("/events", headers={"Authorization": f"{word}  {MASTER_TOKEN} "})
    assert answer.status_code == 200


ANSWERS = {
    # access: (read a list, create in scope, mint a token, metrics)
    "read": (200, 403, 403, 403),
    "write": (403, 201, 403, 403),
    "read_write": (200, 201, 403, 403),
    "admin": (200, 201, 200, 200),
}


@pytest.mark.parametrize("access", ANSWERS)
def test_what_each_access_may(client_with, an_event, access):
    client = client_with(access, "billing")
    token = {
        "type": "jwt",
        "sub": "x",
        "access": "read",
        "scope": ["a"],
        "expires_at": FAR_AHEAD,
    }
    answers = (
        client.get("/events"),
        client.post("/events", json={**an_event, "tags": ["billing"]}),
        client.post("/tokens", json=token),
        client.get("/metrics"),
    )
    assert tuple(answer.status_code for answer in answers) == ANSWERS[access]
    assert all("error" in answer.json for answer in answers if answer.status_code == 403)


def test_scope_reaches_the_services(client, client_with, an_event):
    """Out of scope does not exist; creating out of scope is refused."""
    mine = client.post("/events", json={**an_event, "tags": ["billing"]}).json["id"]
    other = client.post("/events", json={**an_event, "tags": ["eu"]}).json["id"]
    limited = client_with("read_write", "billing")
    assert [event["id"] for event in limited.get("/events").json] == [mine]
    assert limited.get("/events").headers["X-Total-Count"] == "1"
    assert limited.get(f"/events/{other}").status_code == 404
    assert limited.post("/events", json={**an_event, "tags": ["eu"]}).status_code == 403
    assert limited.post("/events", json=an_event).status_code == 403


def test_a_write_token_without_read_may_name_several_versions(client_with, an_event):
    """Comparing versions is part of writing."""
    client = client_with("write", "billing")
    event = client.post("/events", json={**an_event, "tags": ["billing"]}).json["id"]
    its = event.replace("-", "")
    several = {"If-Match": f'"{its}-1", "{its}-2"'}
    answer = client.put(f"/events/{event}", json={"name": "x"}, headers=several)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/health", "/status", "/openapi.json", "/docs"])
def test_open_to_all(anonymous, app, path):
    """Even with a token that is none."""
    assert anonymous.get(path).status_code == 200
    assert anonymous.head(path).status_code == 200
    assert with_token(app, "nonsense").get(path).status_code == 200


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_options_tells_what_is_possible(anonymous, method, path):
    answer = anonymous.options(path)
    assert answer.status_code == 200
    assert method in answer.headers["Allow"]
