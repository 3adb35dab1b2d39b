"""Wiring of alerts: what the API calls, and what sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.config import Settings
from app.crypto.alert_secrets import AlertSecrets
from app.delivery.mailer import Mailer
from app.delivery.notifier import Notifier
from app.delivery.request import Identity
from app.domain.mail import mail_server
from app.services.alert_sending import AlertSending
from app.services.alerts import AlertService
from app.wiring.storage import Storage

if TYPE_CHECKING:
    from app.delivery.sender import CurlSender


def alert_service(storage: Storage, identity: Callable[[], Identity]) -> AlertService:
    """Make what the API calls."""
    sending = alert_sending(storage, identity)
    domains = storage.settings.mail_domains
    return AlertService(storage.alerts, sending.secrets, sending, storage.clock, domains)


def alert_sending(storage: Storage, identity: Callable[[], Identity]) -> AlertSending:
    """Make what brings notifications to where they go."""
    settings = storage.settings
    return AlertSending(
        AlertSecrets(storage.crypto.encryptor),
        Notifier(lambda count: _sender(settings, count), _mailer(settings)),
        identity,
        storage.clock,
        console_of(settings),
    )


def console_of(settings: Settings) -> str:
    """Where people reach the console, as far as the settings tell."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return (settings.public_url or f"http://{host}:{settings.port}") + "/console"


def _sender(settings: Settings, count: int) -> CurlSender:
    # Libcurl is loaded by who sends: a process of the API does so for a test of an alert alone.
    from app.delivery.sender import CurlSender  # noqa: PLC0415

    return CurlSender(settings.allow_private_targets, count, own_port=settings.port)


def _mailer(settings: Settings) -> Mailer | None:
    if not settings.smtp_url:
        return None
    server = mail_server(settings.smtp_url)
    return Mailer(server, server.sender(settings.mail_from))
