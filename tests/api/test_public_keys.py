"""The public keys that signatures of deliveries are checked with."""

from __future__ import annotations

from dataclasses import replace

from app.factory import create_app
from tests.api.fakes import FakeServices

FIRST = "whsk_" + "A" * 43 + "="
NEXT = "whsk_" + "B" * 42 + "A="


def test_without_keys_there_is_nothing(client):
    answer = client.get("/.well-known/webhook-keys", headers={"Authorization": ""})
    assert answer.status_code == 404
    assert "v1" in answer.json["error"]


def test_everybody_may_read_all_that_sign_and_keep_them_for_a_while():
    services = FakeServices()
    services.settings = replace(services.settings, signing_private_key=f"{FIRST},{NEXT}")
    answer = create_app(services).test_client().get("/.well-known/webhook-keys")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "max-age=300"
    first, second = answer.json["keys"]
    assert first.keys() == second.keys() == {"id", "algorithm", "key"}
    assert first["key"] == "whpk_O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
    assert first["id"] != second["id"]
    assert FIRST[5:] not in answer.text
