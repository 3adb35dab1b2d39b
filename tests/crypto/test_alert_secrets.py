"""Where an alert goes is readable with the key and for its own alert alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.crypto.alert_secrets import AlertSecrets
from app.crypto.encryption import DecryptionFailed, Encryptor
from app.delivery.notifications import Destination
from app.domain.alerts import Alert, AlertType

TO = Destination("https://chat.example/secret-path", "whisper")


def test_a_destination_is_read_for_its_own_alert() -> None:
    secrets = AlertSecrets(Encryptor([b"k" * 32]))
    sealed = secrets.seal("a1", TO)
    assert b"secret-path" not in sealed
    alert = Alert("a1", "n", AlertType.SLACK, (), sealed=sealed)
    assert secrets.open(alert) == TO
    assert secrets.open(replace(alert, sealed=None)) == Destination("")
    for wrong in (replace(alert, id="a2"), replace(alert, sealed=sealed[:-1] + b"?")):
        with pytest.raises(DecryptionFailed):
            secrets.open(wrong)
