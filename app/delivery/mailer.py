"""Hands mail over to the operator's mail server (RFC 5321, RFC 3207, RFC 8314)."""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from app.delivery.trust import trusted_certificates
from app.domain.alert_texts import Notification, plain
from app.domain.mail import MailServer, domain_of

TIMEOUT_S = 3.0
"""How long each step of the exchange with the server may take."""

BUDGET_S = 10.0
"""After so long no more mail is begun: whoever sends has a lease to keep."""

TOO_SLOW = "the mail server is too slow"

MAX_SUBJECT = 150
MAX_SAID = 160
"""How much of what the server says is shown."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A notification, and to whom it goes."""

    to: tuple[str, ...]
    notification: Notification
    now_ms: int


def message_of(mail: Mail, sender: str) -> EmailMessage:
    """Write a mail. Its ``Message-ID`` is the same whenever it is sent again."""
    told = mail.notification
    message = EmailMessage(policy=SMTP)
    # (The library would decode an encoded word in it, RFC 2047, whatever that hides.)
    subject = f"[Qhronos] {told.title}".replace("=?", "= ?")
    message["Subject"] = plain(subject, MAX_SUBJECT)
    message["From"] = sender
    message["To"] = ", ".join(mail.to)
    message["Date"] = format_datetime(datetime.fromtimestamp(mail.now_ms // 1000, UTC))
    message["Message-ID"] = f"<{told.key}@{domain_of(parseaddr(sender)[1])}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic answers, please
    message.set_content(told.text + "\n")
    return message


class Mailer:
    """Sends mail through one server, over one connection for those that are sent together."""

    def __init__(
        self,
        server: MailServer,
        sender: str,
        connect: Callable[[MailServer], smtplib.SMTP] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._sender = sender
        self._connect = connect or _connect
        self._monotonic = monotonic

    def send(self, mails: Sequence[Mail]) -> list[str | None]:
        """Send them; returns for each why it was not taken, ``None`` if it was."""
        until_s = self._monotonic() + BUDGET_S
        try:
            connection = self._connect(self._server)
        except (OSError, smtplib.SMTPException) as error:
            return [explain(error)] * len(mails)
        try:
            return [
                self._send_one(connection, mail) if self._monotonic() < until_s else TOO_SLOW
                for mail in mails
            ]
        finally:
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()

    def _send_one(self, connection: smtplib.SMTP, mail: Mail) -> str | None:
        try:
            connection.send_message(message_of(mail, self._sender), to_addrs=list(mail.to))
        except (OSError, smtplib.SMTPException, ValueError) as error:
            return explain(error)
        return None


def _connect(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=trusted_certificates())
    if server.tls == "direct":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=TIMEOUT_S, context=context
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    try:
        if server.tls == "start":
            connection.starttls(context=context)
        if server.user:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (
        smtplib.SMTPNotSupportedError,
        "the mail server offers no STARTTLS or no login: see QHRONOS_SMTP_URL",
    ),
    (ssl.SSLError, "the mail server's TLS can't be trusted, or is none: see QHRONOS_SMTP_URL"),
    (TimeoutError, "the mail server did not answer in time"),
    (smtplib.SMTPServerDisconnected, "the mail server broke the connection off"),
    (ValueError, "the mail can't be written"),
)


def explain(error: Exception) -> str:
    """Say in a sentence why a mail was not taken, never what was sent."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "the mail server refused the user or the password of QHRONOS_SMTP_URL"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()), (0, b""))
        return f"the mail server refused the recipients: {_said(code, said)}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server refused: {_said(error.smtp_code, error.smtp_error)}"
    found = (sentence for kind, sentence in _CAUSES if isinstance(error, kind))
    return next(found, "the mail server could not be reached")


def _said(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return plain(f"{code} {text}", MAX_SAID)
