"""A receiver takes what was sent to it just now, and nothing else."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import types
from datetime import UTC, datetime
from typing import Annotated, Any

import flask
import httpx
import pytest
from fastapi import Depends, FastAPI
from standardwebhooks import Webhook

import qhronos
from app.delivery.actions import build
from app.delivery.request import Job
from app.domain.action import webhook
from qhronos import Delivery, verify
from qhronos.receivers import django as for_django
from qhronos.receivers import fastapi as for_fastapi
from qhronos.receivers import flask as for_flask
from tests.docs.conftest import EXAMPLES_NOW_MS
from tests.docs.pages import ROOT

NOW = EXAMPLES_NOW_MS / 1000
SECRETS = ["a secret in text", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
SECRET = SECRETS[0]
VECTORS = json.loads((ROOT / "tests" / "vectors" / "deliveries.json").read_text("utf-8"))
"""The client for TypeScript has the same: see clients/typescript/tests."""
SIGNED = for_fastapi.deliveries(SECRET)


def sent(secret: str = SECRET) -> tuple[dict[str, str], bytes]:
    """A request as the engine makes it."""
    action = webhook("https://example.com/")
    job = Job(b"e" * 16, b"o" * 16, 0, 1, "n", "", "{}", ("a",), action, (secret,))
    request = build(job, EXAMPLES_NOW_MS)
    return dict(line.split(": ", 1) for line in request.headers), request.body


@pytest.mark.parametrize("secret", SECRETS)
def test_what_is_sent_holds_and_whatever_else_does_not(secret: str) -> None:
    headers, body = sent(secret)
    delivery = verify(headers, body, secret, now=NOW)
    assert delivery.webhook_id == headers["webhook-id"]
    assert delivery.json()["name"] == "n"
    assert verify(headers.items(), body, ["another", secret], now=NOW + 299).body == body
    upper = {name.upper(): value for name, value in headers.items()}
    rotated = {**upper, "WEBHOOK-SIGNATURE": f"v1,AAAA {headers['webhook-signature']}"}
    assert verify(rotated, body, secret, now=NOW - 299)
    wrong: list[tuple[dict[str, str], bytes, str, float]] = [
        (headers, body + b" ", secret, NOW),
        (headers, body, "another", NOW),
        (headers, body, secret, NOW + 301),
        (headers, body, secret, NOW - 301),
        ({**headers, "webhook-id": "other"}, body, secret, NOW),
        ({**headers, "webhook-signature": "v1,é"}, body, secret, NOW),
        ({**headers, "webhook-signature": " "}, body, secret, NOW),
        ({**headers, "webhook-timestamp": "soon"}, body, secret, NOW),
        ({**headers, "webhook-timestamp": "٣"}, body, secret, NOW),
        ({}, body, secret, NOW),
    ]
    for given, content, key, now in wrong:
        with pytest.raises(qhronos.InvalidSignature):
            verify(given, content, key, now=now)
    assert verify(headers, body, secret, now=NOW + 900, tolerance=1000)
    with pytest.raises(qhronos.InvalidSignature):
        verify(headers, body, secret, now=NOW + 900, tolerance=float("nan"))


@pytest.mark.parametrize("vector", VECTORS["deliveries"], ids=lambda one: one["name"])
def test_every_client_judges_a_delivery_alike(vector: dict[str, Any]) -> None:
    body, secrets = base64.b64decode(vector["body"]), vector["secrets"]
    options = {name: vector[name] for name in ("now", "tolerance") if name in vector}
    raised = {"refused": qhronos.InvalidSignature, "no secret": ValueError}.get(vector["outcome"])
    if raised is None:
        assert verify(vector["headers"], body, secrets, **options).body == body
    else:
        with pytest.raises(raised):
            verify(vector["headers"], body, secrets, **options)


def test_it_agrees_with_the_library_of_the_standard() -> None:
    secret, body, moment = SECRETS[1], '{"é":1}', datetime.fromtimestamp(NOW, UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(NOW)),
        "webhook-signature": Webhook(secret).sign("msg_1", moment, body),
    }
    assert verify(headers, body.encode(), secret, now=NOW).json() == {"é": 1}


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!"])
def test_a_secret_that_is_none_is_an_error_of_the_program(secret: str) -> None:
    headers, body = sent()
    with pytest.raises(ValueError, match="secret"):
        verify(headers, body, secret, now=NOW)


def test_verifying_needs_the_standard_library_alone() -> None:
    code = (
        "import sys; before = set(sys.modules); from qhronos import verify; "
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    ended = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    known = {*sys.stdlib_module_names, "qhronos"}
    assert {name for name in ended.stdout.split() if name not in known} == set()


@pytest.fixture
def present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qhronos.verification.time.time", lambda: NOW)


def test_a_view_of_flask_is_given_deliveries(present: None) -> None:
    app = flask.Flask(__name__)

    @app.post("/webhooks/<where>")
    @for_flask.deliveries(lambda: SECRET)
    def receive(delivery: Delivery, where: str) -> tuple[str, int]:
        return f"{delivery.json()['name']} {where}", 200

    headers, body = sent()
    client = app.test_client()
    assert client.post("/webhooks/x", data=body, headers=headers).text == "n x"
    refused = client.post("/webhooks/x", data=body + b" ", headers=headers)
    assert refused.status_code == 401
    assert refused.json["error"]


def test_a_path_of_fastapi_is_given_deliveries(present: None) -> None:
    app = FastAPI()

    @app.post("/webhooks")
    async def receive(delivery: Annotated[Delivery, Depends(SIGNED)]) -> str:
        return delivery.webhook_id

    headers, body = sent()

    async def post(content: bytes) -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.post("/webhooks", content=content, headers=headers)

    assert asyncio.run(post(body)).json() == headers["webhook-id"]
    assert asyncio.run(post(b"{}")).status_code == 401


def test_a_view_of_django_is_given_deliveries(
    present: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django itself is not installed: what is used of it are two answers."""
    http = types.SimpleNamespace(
        HttpResponseNotAllowed=lambda methods: (405, methods),
        JsonResponse=lambda _document, status: (status, _document),
    )
    monkeypatch.setitem(sys.modules, "django", types.ModuleType("django"))
    monkeypatch.setitem(sys.modules, "django.http", http)  # type: ignore[arg-type]

    @for_django.deliveries(SECRET)
    def receive(_request: Any, delivery: Delivery, where: str) -> str:
        return f"{delivery.json()['name']} {where}"

    headers, body = sent()
    request = types.SimpleNamespace(method="POST", headers=headers, body=body)
    assert receive(request, where="x") == "n x"
    assert receive.csrf_exempt
    request.body = b"{}"
    assert receive(request, where="x")[0] == 401
    request.method = "GET"
    assert receive(request, where="x")[0] == 405
