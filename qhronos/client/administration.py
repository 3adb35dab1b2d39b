"""What the API has for those who run it: tokens, calendars, flows, alerts, secrets, the audit log.

``qhronos/client/async_administration.py`` is made of this file, see
``tests/qhronos/client/twin.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qhronos.bulk_models import Alert, AlertTest, TagSecret
from qhronos.client import calls
from qhronos.client.resources import Resource
from qhronos.models import AuditEntry, Calendar, Flow, Token, TokenRecord
from qhronos.stats_models import Slo


class Tokens(Resource):
    """``client.tokens``: who may do what. Admins alone."""

    def create(self, **fields: Any) -> Token:
        """Make a token from ``sub``, ``access``, ``scope`` and ``expires_at``."""
        body = {"type": "jwt", **fields}
        return self._send(calls.post("/tokens", calls.one(Token), body))

    def list(self, *, sub: str | None = None) -> Iterator[TokenRecord]:
        """Go through the tokens, never showing one."""
        return self._each(calls.listed("/tokens", TokenRecord, {"sub": sub}))

    def revoke(self, jti: str) -> None:
        """Revoke one token, at once and everywhere."""
        return self._send(calls.delete(calls.path("tokens", jti)))

    def revoke_all(self, sub: str) -> None:
        """Revoke all tokens of a ``sub``."""
        return self._send(calls.delete("/tokens", params={"sub": sub}))


class Calendars(Resource):
    """``client.calendars``: days on which nothing fires."""

    def list(self) -> Iterator[Calendar]:
        """Go through the calendars."""
        return self._each(calls.listed("/calendars", Calendar))

    def get(self, name: str) -> Calendar:
        """Read a calendar."""
        return self._send(calls.get(calls.path("calendars", name), calls.one(Calendar)))

    def put(self, name: str, **definition: Any) -> Calendar:
        """Create or replace a calendar."""
        path = calls.path("calendars", name)
        return self._send(calls.put(path, calls.one(Calendar), definition))

    def delete(self, name: str) -> None:
        """Delete a calendar; raises ``Conflict`` while an event names it."""
        return self._send(calls.delete(calls.path("calendars", name)))


class Flows(Resource):
    """``client.flows``: limits that events share."""

    def list(self) -> Iterator[Flow]:
        """Go through the flows."""
        return self._each(calls.listed("/flows", Flow))

    def get(self, key: str, *, space: str | None = None) -> Flow:
        """Read a flow."""
        path = calls.path("flows", key)
        return self._send(calls.get(path, calls.one(Flow), {"space": space}))

    def put(self, key: str, *, space: str | None = None, **limits: Any) -> Flow:
        """Set limits; ``None`` clears one."""
        path = calls.path("flows", key)
        return self._send(calls.put(path, calls.one(Flow), limits, params={"space": space}))

    def pause(self, key: str) -> Flow:
        """Send nothing more of a flow."""
        return self._send(calls.post(calls.path("flows", key, "pause"), calls.one(Flow)))

    def resume(self, key: str) -> Flow:
        """Go on sending."""
        return self._send(calls.post(calls.path("flows", key, "resume"), calls.one(Flow)))


class Alerts(Resource):
    """``client.alerts``: who is told when deliveries go wrong."""

    def create(self, **fields: Any) -> Alert:
        """Make an alert from ``name``, ``type``, ``on`` and ``url`` or ``to``; also ``tags``."""
        return self._send(calls.post("/alerts", calls.one(Alert), fields))

    def list(self) -> Iterator[Alert]:
        """Go through the alerts."""
        return self._each(calls.listed("/alerts", Alert))

    def get(self, alert_id: str) -> Alert:
        """Read an alert, and whether its notifications arrive."""
        return self._send(calls.get(calls.path("alerts", alert_id), calls.one(Alert)))

    def update(self, alert_id: str, **fields: Any) -> Alert:
        """Change what is given; what failed is tried again at once."""
        return self._send(calls.put(calls.path("alerts", alert_id), calls.one(Alert), fields))

    def test(self, alert_id: str) -> AlertTest:
        """Send a test now, and say whether it arrived."""
        return self._send(calls.post(calls.path("alerts", alert_id, "test"), calls.one(AlertTest)))

    def delete(self, alert_id: str) -> None:
        """Delete an alert."""
        return self._send(calls.delete(calls.path("alerts", alert_id)))


class Slos(Resource):
    """``client.slos``: which share of a tag's deliveries is to begin in time."""

    def put(self, tag: str, **objective: Any) -> Slo:
        """Give a tag an objective from ``lateness``, ``objective`` and ``window``."""
        return self._send(calls.put(calls.path("slos", tag), calls.one(Slo), objective))

    def get(self, tag: str) -> Slo:
        """Read a tag's objective, and how it fares."""
        return self._send(calls.get(calls.path("slos", tag), calls.one(Slo)))

    def list(self) -> Iterator[Slo]:
        """Go through the objectives, and how they fare."""
        return self._each(calls.listed("/slos", Slo))

    def delete(self, tag: str) -> None:
        """Delete a tag's objective."""
        return self._send(calls.delete(calls.path("slos", tag)))


class Audit(Resource):
    """``client.audit``: who changed what. Admins alone."""

    def list(self, **filters: Any) -> Iterator[AuditEntry]:
        """Go through the log, newest first: ``object``, ``action``, ``actor``."""
        return self._each(calls.listed("/audit", AuditEntry, filters))


class SigningSecrets(Resource):
    """``client.signing_secrets``: what signs for events with a tag. Admins alone."""

    def list(self) -> Iterator[TagSecret]:
        """Go through the tags that have a secret, never showing one."""
        return self._each(calls.listed("/signing-secrets", TagSecret))

    def put(self, tag: str, *, secret: str | None = None, overlap: Any = None) -> TagSecret:
        """Give a tag a secret, or another one; without ``secret`` the service makes one.

        It is not sent again when it may have been done: that would end the overlap of the one
        before.
        """
        path = calls.path("signing-secrets", tag)
        body = calls.filters({"secret": secret, "overlap": overlap})
        return self._send(calls.put(path, calls.one(TagSecret), body, again=False))

    def delete(self, tag: str) -> None:
        """Take a tag's secret away: the service's own signs from now on."""
        return self._send(calls.delete(calls.path("signing-secrets", tag)))
