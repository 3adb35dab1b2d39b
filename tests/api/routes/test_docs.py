"""``/openapi.json`` and ``/docs``: everything that is served is described, and as it is.

Tests ``app.api.http.smorest``, too.
"""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from app.api.routes.docs import POLICY
from tests.api.application import MASTER_TOKEN, with_token

GUIDE = {"/docs/guide", "/docs/guide/", "/docs/guide/<path:name>"}
DOCUMENTATION = {"/openapi.json", "/openapi-3.0.json", "/docs"} | GUIDE
"""What describes the API, or is no part of it: left out."""

WITHOUT_BODY = ("/trigger", "/resume", "/cancel", "{key}/pause")
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


def test_the_page_lists_every_operation_and_loads_nothing(anonymous, document):
    """No script, nothing from elsewhere: it works on a machine that reaches nothing."""
    answer = anonymous.get("/docs")
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"] == POLICY
    for method, path, _ in operations(document):
        assert f"<code>{method.upper()} {path}</code>" in answer.text
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in answer.text
    assert "<script" not in answer.text
    assert "http://" not in answer.text
    assert not re.findall(r'(?:src|href)="(?!/|#)', answer.text)
    for target in re.findall(r'href="#([^"]+)"', answer.text):
        assert f'id="{target}"' in answer.text


def test_the_policy_lets_the_page_have_its_own_style(anonymous):
    """The hash in the policy is that of the style in the page."""
    answer = anonymous.get("/docs")
    style = re.search(r"<style>(.*)</style>", answer.text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in POLICY


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/openapi-3.0.json"])
def test_the_documentation_can_be_kept_for_those_with_a_token(app_with, path):
    app = app_with(docs_public=False)
    assert app.test_client().get(path).status_code == 401
    assert with_token(app, MASTER_TOKEN).get(path).status_code == 200
