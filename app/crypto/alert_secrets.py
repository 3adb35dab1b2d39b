"""The URL and the signing secret of an alert: encrypted when they come in, decrypted to be used."""

from __future__ import annotations

import json

from app.crypto.encryption import Encryptor
from app.delivery.notifications import Destination
from app.domain.alerts import Alert
from app.store.encrypted_secrets import owner_of_alert


class AlertSecrets:
    """Encrypts and decrypts destinations."""

    def __init__(self, encryptor: Encryptor) -> None:
        self._encryptor = encryptor

    def seal(self, alert_id: str, to: Destination) -> bytes:
        """Encrypt a destination for its alert."""
        return self._encryptor.encrypt(json.dumps(to).encode(), owner_of_alert(alert_id))

    def open(self, alert: Alert) -> Destination:
        """Decrypt an alert's destination; raises ``DecryptionFailed``."""
        if alert.sealed is None:
            return Destination("")
        plain = self._encryptor.decrypt(alert.sealed, owner_of_alert(alert.id))
        return Destination(*json.loads(plain))
