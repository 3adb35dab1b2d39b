"""What a path says that it can do, and where one leads that has a slash at its end."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from flask import Flask

from app.api.http.methods import Paths

OWN = {
    "/events": ["GET", "HEAD", "OPTIONS", "POST"],
    "/events/x": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "PUT"],
    "/events/rotate-secret": ["OPTIONS", "POST"],
    "/events/bulk": ["OPTIONS", "POST"],
    "/occurrences/retry": ["OPTIONS", "POST"],
    "/occurrences/x": ["GET", "HEAD", "OPTIONS"],
    "/health": ["GET", "HEAD", "OPTIONS"],
}


@pytest.mark.parametrize(("path", "methods"), OWN.items())
def test_options_tells_the_methods_of_that_very_path(anonymous, path, methods):
    """Not those of a path with a name where this one has a word; there is nothing to read."""
    answer = anonymous.options(path)
    assert answer.status_code == 200
    assert answer.headers["Allow"].split(", ") == methods
    assert answer.data == b""
    assert "Content-Type" not in answer.headers
    assert anonymous.options("/nothing").status_code == 404


@pytest.mark.parametrize(("path", "methods"), OWN.items())
def test_another_method_is_refused_with_the_same_list(client, path, methods):
    """Every method that is not in it."""
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - set(methods):
        answer = client.open(path, method=method)
        assert answer.status_code == 405, method
        assert sorted(answer.headers["Allow"].split(", ")) == methods
        assert answer.json["error"].startswith(f"{method} is not possible here; use ")


def test_head_is_get_without_the_body(app: Flask, client):
    """The status and the headers are the same, the length included."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.build_only or rule.arguments:
            continue
        got, head = client.get(rule.rule, buffered=True), client.head(rule.rule, buffered=True)
        assert head.data == b""
        assert head.status_code == got.status_code, rule
        same = {"Content-Type", "Content-Length", "Allow", "ETag", "Vary"}
        if rule.rule == "/metrics":
            same.remove("Content-Length")  # it has figures of the requests themselves
        for name in same:
            assert head.headers.get(name) == got.headers.get(name), (rule, name)


@pytest.mark.parametrize(
    "path", ["/events", "/occurrences/retry", "/events/x", "/openapi.json", "/flows/a/pause"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_slash_at_the_end_leads_to_the_path_without(client, path, method):
    """With the method, the body and the query: 308."""
    answer = client.open(f"{path}/?a=b&a=c", method=method, json={})
    assert answer.status_code == 308
    assert urljoin(f"http://q.example/below{path}/", answer.headers["Location"]) == (
        f"http://q.example/below{path}?a=b&a=c"
    )
    assert answer.json == {"error": f"This path has no slash at its end; use {path}."}


def test_what_is_created_at_a_path_with_a_slash_is_created(client, an_event):
    led = client.post("/events/", json=an_event)
    path = urljoin("http://localhost/events/", led.headers["Location"])
    assert client.post(path, json=an_event).status_code == 201


def test_a_word_is_nearer_than_a_name_wherever_it_stands() -> None:
    """The first difference decides; what is called otherwise is the same path."""
    app = Flask(__name__, static_folder=None)
    for rule, methods in (
        ("/a/<id>/b", ["POST"]),
        ("/a/<key>/b", ["DELETE"]),
        ("/a/k/<key>", ["PUT"]),
        ("/a/<path:rest>", ["GET"]),
    ):
        app.add_url_rule(rule, rule + methods[0], lambda: "", methods=methods)
    paths = Paths(app.url_map)
    assert paths.nearer("/a/<id>/b", "/a/k/b") == "/a/k/<key>"
    assert paths.nearer("/a/<path:rest>", "/a/x/b") in {"/a/<id>/b", "/a/<key>/b"}
    assert paths.nearer("/a/<path:rest>", "/a/x/c") is None
    assert paths.nearest("/a/k/b") == "/a/k/<key>"
    assert paths.nearest("/b") is None
    assert paths.methods("/a/<id>/b") == ["DELETE", "OPTIONS", "POST"]
