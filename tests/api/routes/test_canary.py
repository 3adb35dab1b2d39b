"""``/canary`` takes the canary that is awaited, signed by this service, and nothing else."""

from __future__ import annotations

import pytest

from app.api.routes.canary import LARGEST
from app.domain.signing import signing_key, standard_signature
from app.store.canary import CanaryStore
from tests.api.application import with_token

ID, BODY = "01960000-0000-8000-8000-000000000000", b'{"a":1}'
SECRET = "signing-secret-for-tests"


@pytest.fixture
def client(app_with):
    return app_with(canary_ms=60_000).test_client()


@pytest.fixture
def canaries(services):
    made = CanaryStore(services.storage.client)
    made.sends(b"e" * 16, ID, services.clock.now_ms() - 7)
    return made


def signed(now_ms, webhook_id=ID, secret=SECRET, body=BODY, age_s=0):
    sent_s = now_ms // 1_000 - age_s
    signature = standard_signature(signing_key(secret), webhook_id, sent_s, body)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(sent_s),
        "webhook-signature": f"v1a,x {signature}",
    }


def test_the_one_that_is_awaited_is_taken(client, canaries, clock):
    answer = client.post("/canary", data=BODY, headers=signed(clock.now_ms()))
    assert (answer.status_code, answer.data) == (204, b"")
    found = canaries.figures()
    assert (found.arrived, found.lateness_ms, found.arrived_ms) == (1, 7, clock.now_ms())


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook_id": "01960000-0000-8000-8000-000000000001"},
        {"secret": "another secret"},
        {"body": b"{}"},
        {"age_s": 301},
        {"age_s": -301},
    ],
    ids=str,
)
def test_nobody_else_can_have_the_service_look_well(client, canaries, clock, wrong):
    answer = client.post("/canary", data=BODY, headers=signed(clock.now_ms(), **wrong))
    assert answer.status_code == 403
    assert answer.json["error"].startswith("This ")
    assert canaries.figures().arrived == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "9" * 13},
        {"webhook-timestamp": ""},
        {"webhook-id": "é"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,é"},
    ],
    ids=str,
)
def test_headers_that_are_none_are_refused(client, canaries, clock, changes):
    raw = {name: value.encode().decode("latin-1") for name, value in changes.items()}
    answer = client.post("/canary", data=BODY, headers={**signed(clock.now_ms()), **raw})
    assert answer.status_code == 403
    assert canaries.figures().arrived == 0


def test_it_is_there_only_if_it_is_on(app, client):
    assert app.test_client().post("/canary").status_code == 404
    assert client.get("/canary").status_code == 405


def test_no_user_can_ask_for_one(app_with, an_event):
    """As an action, it is none."""
    client = with_token(app_with(canary_ms=60_000), "master-token-for-tests")
    given = {name: value for name, value in an_event.items() if name != "webhook"}
    action = {"type": "canary", "params": {"url": "http://127.0.0.1:8080/canary"}}
    answer = client.post("/events", json={**given, "action": action})
    assert answer.status_code == 400
    assert list(answer.json["fields"]) == ["action.type"]


def test_how_it_fares_is_in_the_metrics_if_it_is_on(app_with, canaries, services, clock):
    client = with_token(app_with(canary_ms=60_000), "master-token-for-tests")
    canaries.arrives(ID, clock.now_ms())
    clock.advance(1_500)
    lines = client.get("/metrics").text.splitlines()
    assert 'qhronos_canaries_total{what="sent"} 1.0' in lines
    assert 'qhronos_canaries_total{what="arrived"} 1.0' in lines
    assert "qhronos_canary_lateness_seconds 0.007" in lines
    assert "qhronos_canary_age_seconds 1.5" in lines
    off = with_token(app_with(), "master-token-for-tests").get("/metrics").text
    assert "\nqhronos_canar" not in off


def test_what_is_too_large_is_refused_by_its_length(client, clock):
    """The signature can be judged only when the body has been read, and anybody can send one."""
    body = b"x" * (LARGEST + 1)
    answer = client.post("/canary", data=body, headers=signed(clock.now_ms(), body=body))
    assert answer.status_code == 413
