"""Brings notifications to where their alerts say, for upkeep and for who tests an alert."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.clock import Clock
from app.crypto.alert_secrets import AlertSecrets
from app.crypto.encryption import DecryptionFailed
from app.delivery.mailer import Mail
from app.delivery.notifications import request_of
from app.delivery.notifier import Notifier
from app.delivery.request import Identity, Request
from app.domain.alert_texts import Notification
from app.domain.alerts import Alert, AlertType
from app.errors import InvalidInput

NO_KEY = "its URL can't be decrypted: set QHRONOS_ENCRYPTION_KEY to that which it was written with"
NO_URL = "its URL can't be used: give another one"


@dataclass(frozen=True, slots=True)
class AlertSending:
    """Sends. ``console`` is the console's address, without a slash at its end."""

    secrets: AlertSecrets
    notifier: Notifier
    identity: Callable[[], Identity]
    clock: Clock
    console: str

    def send(self, told: Sequence[tuple[Alert, Notification]]) -> list[str | None]:
        """Send notifications; returns for each why it did not arrive, ``None`` if it did."""
        made = [self._outgoing(alert, one) for alert, one in told]
        ready = [one for one in made if not isinstance(one, str)]
        said = iter(self.notifier.send(ready, self.clock.now_us()))
        return [one if isinstance(one, str) else next(said) for one in made]

    def _outgoing(self, alert: Alert, told: Notification) -> Mail | Request | str:
        now_ms = self.clock.now_ms()
        if alert.kind is AlertType.MAIL:
            return Mail(alert.to, told, now_ms)
        try:
            to = self.secrets.open(alert)
        except DecryptionFailed:
            return NO_KEY
        try:
            return request_of(alert.kind, to, told, now_ms, self.identity())
        except InvalidInput:  # of one alert; the others are told all the same
            return NO_URL
