"""Alerts: create, read, change, delete, test."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from app.clock import Clock
from app.crypto.alert_secrets import AlertSecrets
from app.crypto.encryption import DecryptionFailed
from app.delivery.notifications import Destination
from app.delivery.notifier import NO_SERVER
from app.domain.access import Access
from app.domain.alert_groups import Sends
from app.domain.alert_texts import trial_of
from app.domain.alerts import DEFAULT_LAG_MS, DEFAULT_PER_HOUR, Alert, AlertType
from app.domain.audit import MASK
from app.domain.mail import domain_of
from app.domain.once import Repetition
from app.errors import Conflict, Forbidden, InvalidInput, NotFound
from app.services.alert_sending import AlertSending
from app.services.alert_trials import AlertTrials
from app.store.alerts import AlertStore

MAX_ALERTS = 500
MAX_OF_SCOPE = 50
"""How many alerts there may be, in all and for the tokens of one scope: all are read every
second."""

_PLAIN = {"name": "name", "type": "kind", "on": "conditions", "tags": "tags", "to": "to"}
_NUMBERS = {"per_hour": DEFAULT_PER_HOUR, "lag": DEFAULT_LAG_MS}
_FIELDS = {"per_hour": "per_hour", "lag": "lag_ms"}

_LOST = "What is stored of this alert's destination can't be decrypted: give url and secret anew."


TRIES = 20
"""How often a change is made again because another one was faster."""


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert, and what became of its notifications."""

    alert: Alert
    sends: Sends


@dataclass(frozen=True, slots=True)
class AlertService:
    """The use cases around alerts. A token sees those whose tags are all in its scope.

    ``mail_domains`` are those that mail may go to; none: any, if an admin says so.
    """

    store: AlertStore
    secrets: AlertSecrets
    sending: AlertSending
    clock: Clock
    mail_domains: tuple[str, ...] = ()
    trials: AlertTrials = field(default_factory=AlertTrials)

    def create(
        self, given: Mapping[str, Any], access: Access, repetition: Repetition | None = None
    ) -> AlertView:
        """Create an alert; raises ``InvalidInput``, ``Forbidden``, and ``Conflict`` for too many.

        ``given`` has the members of a request that were given: ``name``, ``type``, ``on``,
        ``tags``, ``to``, ``url``, ``secret``, ``per_hour``, ``lag`` (ms). With a ``repetition`` it
        is the same alert each time.
        """
        now_ms = self.clock.now_ms()
        made = uuid.uuid4() if repetition is None else uuid.UUID(bytes=repetition.seed, version=4)
        empty = Alert(str(made), "", AlertType.WEBHOOK, (), created_ms=now_ms)
        alert = self._merged(empty, given, access)
        there = [one for one in self.store.all() if one.id != alert.id]
        own = [one for one in there if access.is_admin or one.is_within(access)]
        if len(there) >= MAX_ALERTS or (not access.is_admin and len(own) >= MAX_OF_SCOPE):
            raise Conflict(f"There are {len(own)} alerts; delete one that is not needed.")
        self.store.put(alert)
        return AlertView(alert, Sends())

    def list(self, access: Access) -> Sequence[AlertView]:
        """Read the alerts that there are for a token, oldest first."""
        sends = self.store.all_sends()
        return [
            AlertView(one, sends.get(one.id, Sends()))
            for one in self.store.all()
            if one.is_within(access)
        ]

    def get(self, alert_id: str, access: Access) -> AlertView:
        """Read one; raises ``NotFound``."""
        alert = self.store.get(alert_id)
        if alert is None or not alert.is_within(access):
            raise NotFound("No alert has this id.")
        return AlertView(alert, self.store.sends_of(alert_id))

    def update(self, alert_id: str, given: Mapping[str, Any], access: Access) -> AlertView:
        """Change what is given; what failed before is tried again at once. Raises as ``create``.

        It is changed as it is then: what others change meanwhile stays, and what they delete is
        gone.
        """
        for _ in range(TRIES):
            view = self.get(alert_id, access)
            alert = self._merged(view.alert, given, access)
            if self.store.replace(view.alert, alert):
                break
        else:
            raise Conflict("Others change alerts all the time: send this change again.")
        sends = view.sends.mended()
        if view.sends.failures:
            self.store.put_sends(alert_id, sends)
        return AlertView(alert, sends)

    def delete(self, alert_id: str, access: Access) -> None:
        """Forget one, and what it has yet to tell; raises ``NotFound``."""
        self.get(alert_id, access)
        self.store.delete(alert_id)

    def test(self, alert_id: str, access: Access) -> str | None:
        """Send a test now; returns why it did not arrive, ``None`` if it did.

        Raises ``NotFound``, and ``Conflict`` beyond the limit of an hour, or if too many are under
        way.
        """
        self.get(alert_id, access)
        with self.trials.one(access.subject, self.clock.now_ms()):
            return self._test(alert_id, access)

    def _test(self, alert_id: str, access: Access) -> str | None:
        view, now_ms = self.get(alert_id, access), self.clock.now_ms()
        alert, sends = view.alert, view.sends
        if len(sends.in_hour(now_ms)) >= alert.per_hour:
            raise Conflict(
                f"This alert has sent {alert.per_hour} notifications within the last hour, its "
                "limit: test it later, or raise per_hour."
            )
        told = trial_of(str(uuid.uuid4()), alert.name, alert.id, self.sending.console)
        self.store.put_sends(alert_id, sends.begun(now_ms))  # so that others see that it counts
        (error,) = self.sending.send([(alert, told)])
        # (A notification may have been sent meanwhile, which counts as well.)
        self.store.put_sends(alert_id, self.store.sends_of(alert_id).tested(error, now_ms))
        return error

    def _merged(self, before: Alert, given: Mapping[str, Any], access: Access) -> Alert:
        values = {_PLAIN[name]: given[name] for name in _PLAIN if name in given}
        for name, default in _NUMBERS.items():
            if name in given:
                values[_FIELDS[name]] = default if given[name] is None else given[name]
        alert = replace(before, updated_ms=self.clock.now_ms(), **values)
        alert = self._with_destination(alert, given)
        alert.check()
        self._check_rights(alert, access)
        return alert

    def _with_destination(self, alert: Alert, given: Mapping[str, Any]) -> Alert:
        url, secret = given.get("url"), given.get("secret")
        keeps_url = "url" not in given or (alert.origin and url == masked(alert.origin))
        keeps_secret = "secret" not in given or secret == MASK
        if keeps_url and keeps_secret:
            return alert
        if not keeps_url and url and url.endswith(f"/{MASK}"):
            # What is shown was let pass unchecked: only here it is known whether it is this one's.
            raise InvalidInput.field("url", "is not the whole URL: *** stands only for its own")
        before = Destination("")
        if alert.sealed is not None and (keeps_url or (keeps_secret and alert.has_secret)):
            try:
                before = self.secrets.open(alert)
            except DecryptionFailed:
                raise Conflict(_LOST) from None
        to = Destination(
            before.url if keeps_url else url or "", before.secret if keeps_secret else secret or ""
        )
        sealed = self.secrets.seal(alert.id, to) if to.url else None
        return replace(alert, origin=_origin(to.url), has_secret=bool(to.secret), sealed=sealed)

    def _check_rights(self, alert: Alert, access: Access) -> None:
        if not access.may_change(alert.tags):
            raise Forbidden(
                "This token makes alerts only for tags of its scope: give tags, and no others."
            )
        if alert.kind is not AlertType.MAIL:
            return
        if not self.sending.notifier.can_mail:
            raise InvalidInput.field("type", f"can't be mail: {NO_SERVER}")
        if not self.mail_domains and not access.is_admin:
            raise Forbidden(
                "Only admins may have mail sent, unless QHRONOS_MAIL_DOMAINS says to whom."
            )
        others = [one for one in alert.to if domain_of(one) not in self.mail_domains]
        if self.mail_domains and others:
            allowed = ", ".join(self.mail_domains)
            raise InvalidInput.field("to", f"must be addresses of these domains: {allowed}")


def masked(origin: str) -> str:
    """What is shown of a URL: a secret is in the rest of it."""
    return f"{origin}/{MASK}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if url else ""
