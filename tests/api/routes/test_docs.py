"""``/openapi.json`` and ``/docs``: everything that is served is described, and as it is.

Tests ``app.api.http.smorest``, too.
"""

from __future__ import annotations

import re
from copy import deepcopy

import pytest

from app.api.document.nodes import nodes
from app.api.routes.docs import FILES, POLICY, page_of
from tests.api.application import MASTER_TOKEN, with_token

GUIDE = {"/docs/guide", "/docs/guide/", "/docs/guide/<path:name>"}
READER = {"/docs", "/docs/<any('reader.css', 'reader.js'):name>"}
DOCUMENTATION = {"/openapi.json", "/openapi-3.0.json"} | READER | GUIDE
"""What describes the API, or is no part of it: left out."""

HOSTILE = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>{{7*7}}"
MOST_BYTES = 375_000
MOST_BYTES_SENT = 60_000
"""Of the page, as it is and packed. With more, each group should become a page of its own."""

WITHOUT_BODY = ("/test", "/trigger", "/resume", "/cancel", "{key}/pause")
"""Acts that need nothing said."""


@pytest.fixture
def document(anonymous):
    return anonymous.get("/openapi.json").json


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield method, path, operation


def is_page(rule):
    """The console and RQ's pages are no part of the API."""
    pages = ("rq_dashboard.", "console.")
    return rule.endpoint in ("static", "start") or rule.endpoint.startswith(pages)


def test_every_route_is_in_it(app, document):
    """And nothing that is not served."""
    served = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule not in DOCUMENTATION and not is_page(rule)
    }
    assert {(method, path) for method, path, _ in operations(document)} == served


def test_its_form(document):
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "Qhronos"
    assert document["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_every_reference_leads_somewhere(document):
    def references(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "$ref":
                    yield inner
                else:
                    yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    found = set(references(document))
    assert found
    for reference in found:
        target = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        assert target


def test_every_operation_is_described(document):
    """A sentence, a name of its own, a success with its form, and errors."""
    names = []
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"].endswith("."), where
        names.append(operation["operationId"])
        good = [status for status in operation["responses"] if status.startswith("2")]
        assert good, where
        assert all("content" in operation["responses"][one] for one in good if one != "204"), where
        assert "default" in operation["responses"], where
        open_to_all = path in ("/health", "/status", "/.well-known/webhook-keys")
        assert (operation.get("security") == []) == open_to_all, where
        assert ("401" in operation["responses"]) != open_to_all, where
        reads = method in ("post", "put", "patch") and not path.endswith(WITHOUT_BODY)
        assert ("requestBody" in operation) == reads, where
        for name in re.findall(r"{(\w+)}", path):
            shared = document["paths"][path].get("parameters", [])
            assert name in {parameter["name"] for parameter in shared}, where
    assert len(names) == len(set(names))


def test_the_page_has_a_place_for_every_operation_and_every_schema(anonymous, document):
    answer = anonymous.get("/docs")
    assert answer.content_type == "text/html; charset=utf-8"
    for method, path, operation in operations(document):
        assert f'<article class="call" id="{operation["operationId"]}"' in answer.text
        assert f"{method.upper()}</span> {path}</code>" in answer.text
    for item in document["webhooks"].values():
        assert f'<article class="call" id="{item["post"]["operationId"]}"' in answer.text
    for name in document["components"]["schemas"]:
        assert answer.text.count(f'id="{name}"') == 1
    ids = re.findall(r'\bid="([^"]+)"', answer.text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', answer.text)) <= set(ids)


def test_the_page_has_no_script_and_no_style_in_it_and_loads_nothing_from_elsewhere(anonymous):
    """It works on a machine that reaches nothing, below any prefix that a proxy has given it."""
    answer = anonymous.get("/docs")
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY
    assert "<style" not in answer.text
    assert re.findall(r"<script[^>]*>.", answer.text) == ['<script src="docs/reader.js" defer><']
    assert not re.findall(r"\s(?:style|on\w+)=", answer.text)
    assert not re.findall(r'(?:src|href)="(?:/|\w+:)', answer.text)
    for name, content_type in FILES.items():
        assert f'"docs/{name}"' in answer.text
        file = anonymous.get(f"/docs/{name}")
        assert (file.status_code, file.mimetype) == (200, content_type)


def test_a_text_of_the_document_is_a_text_on_the_page(app, document):
    """Whatever it says: nothing of it runs, and no template is filled in."""
    hostile = deepcopy(document)
    for node in nodes(hostile):
        for name in ("summary", "description", "default"):
            if isinstance(node.get(name), str):
                node[name] = HOSTILE
        if "example" in node:
            node["example"] = HOSTILE
        if node.get("examples"):
            node["examples"] = [HOSTILE]
    with app.test_request_context():
        page = page_of(hostile)
    assert "&lt;img src=x" in page
    assert "<img" not in page
    assert page.count("</script>") == 1
    assert "{{7*7}}" in page


def test_the_page_is_small_and_its_files_are_not_sent_again(anonymous):
    page = anonymous.get("/docs")
    assert len(page.data) < MOST_BYTES
    packed = anonymous.get("/docs", headers={"Accept-Encoding": "gzip"})
    assert len(packed.data) < MOST_BYTES_SENT
    for path in ("/docs/reader.css", "/docs/reader.js"):
        answer = anonymous.get(path)
        assert answer.headers["Cache-Control"] == "no-cache"
        held = {"If-None-Match": answer.headers["ETag"]}
        assert anonymous.get(path, headers=held).status_code == 304


def test_the_examples_name_the_service_as_its_clients_do(anonymous, app_with):
    there = app_with(public_url="https://q.example/below").test_client().get("/docs")
    assert "https://q.example/below/events" in there.text
    assert "http://localhost/events" in anonymous.get("/docs").text


@pytest.mark.parametrize(
    "path", ["/docs", "/docs/reader.css", "/openapi.json", "/openapi-3.0.json"]
)
def test_the_documentation_can_be_kept_for_those_with_a_token(app_with, path):
    app = app_with(docs_public=False)
    assert app.test_client().get(path).status_code == 401
    assert with_token(app, MASTER_TOKEN).get(path).status_code == 200
