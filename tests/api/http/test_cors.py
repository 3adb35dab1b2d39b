"""What browsers are told: nothing may call the API from a web page unless the settings say so."""

from __future__ import annotations

import pytest

from tests.api.application import MASTER_TOKEN, with_token

PAGE = "https://app.example.com"
ASKED = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}


@pytest.fixture
def open_app(app_with):
    return app_with(cors_origins=(PAGE, "http://localhost:3000"))


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_page_may_by_itself(client, method):
    answer = client.open("/events", method=method, headers=ASKED)
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_a_page_that_is_named_may(open_app):
    answer = with_token(open_app, MASTER_TOKEN).get("/events", headers={"Origin": PAGE})
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "X-Total-Count" in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_it_may_ask_first_without_a_token(open_app):
    answer = open_app.test_client().options("/events", headers=ASKED)
    assert answer.status_code == 200
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_it_can_read_errors_too(open_app):
    answer = open_app.test_client().get("/events", headers={"Origin": PAGE})
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://app.example.com",
        PAGE + ":444",
        PAGE + ".evil.example",
    ],
)
def test_another_page_may_not(open_app, origin):
    """Nor is it told which may; but caches are told that the answer depends on who asks."""
    headers = {**ASKED, "Origin": origin}
    for method in ("GET", "OPTIONS"):
        answer = with_token(open_app, MASTER_TOKEN).open("/events", method=method, headers=headers)
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
        assert "Origin" in answer.headers["Vary"]
