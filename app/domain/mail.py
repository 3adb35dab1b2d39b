"""Mail addresses, and the URL that names a mail server. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.utils import parseaddr
from urllib.parse import parse_qsl, unquote, urlsplit

from app.domain.lines import check_name
from app.errors import InvalidInput

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}", re.ASCII)
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)*{_LABEL}", re.ASCII)
"""An address without quotes and comments (RFC 5322, section 3.4.1), in ASCII."""

MAX_ADDRESS = 254
"""RFC 5321, section 4.5.3.1.3, without the angle brackets."""

PORTS = {"smtp": 587, "smtps": 465}
_FORM = (
    "must be the URL of a mail server, as in smtp://user:password@mail.example.com:587 or "
    "smtps://mail.example.com"
)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over, and how.

    ``tls``: ``start`` begins it after the greeting (RFC 3207) and does not go on without it,
    ``direct`` from the first byte (RFC 8314), ``off`` never.
    """

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = field(default="", repr=False)

    def sender(self, chosen: str) -> str:
        """Whom mail comes from, if nobody was ``chosen``: its user, if that is an address."""
        if chosen:
            return chosen
        return self.user if _ADDRESS.fullmatch(self.user) else f"qhronos@{self.host}"


def check_address(text: str) -> None:
    """Raise ``InvalidInput`` unless mail can go to a text as it stands."""
    local = text.partition("@")[0]
    if len(text) > MAX_ADDRESS or len(local) > 64 or not _ADDRESS.fullmatch(text):
        raise InvalidInput("must be an address, as in on-call@example.com")


def domain_of(address: str) -> str:
    """The domain of a checked address, in lower case."""
    return address.rpartition("@")[2].lower()


def check_sender(text: str) -> None:
    """Raise ``InvalidInput`` unless mail can come from a text: an address, or name and address."""
    check_name(text)
    _, address = parseaddr(text)
    try:
        check_address(address)
    except InvalidInput:
        raise InvalidInput(
            "must be an address, as in 'qhronos@example.com' or 'Qhronos <qhronos@example.com>'"
        ) from None


def mail_domains(text: str) -> tuple[str, ...]:
    """Read domains with commas between; raises ``InvalidInput``."""
    found = tuple(part.strip().lower() for part in text.split(","))
    if not all(_DOMAIN.fullmatch(one) for one in found):
        raise InvalidInput("must be domains of addresses, as in example.com,example.org")
    return found


def mail_server(url: str) -> MailServer:
    """Read the URL of a mail server; raises ``InvalidInput`` that says what to change."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidInput(_FORM) from None
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme not in PORTS or not host or port == 0 or parts.path not in ("", "/"):
        raise InvalidInput(_FORM)
    if options not in ({}, {"tls": "off"}) or (options and parts.scheme == "smtps"):
        raise InvalidInput("has an unknown option: the only one is smtp://…?tls=off")
    tls = "off" if options else "direct" if parts.scheme == "smtps" else "start"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if tls == "off" and user:
        raise InvalidInput("would send a password in clear: leave out either it or tls=off")
    return MailServer(host, port or PORTS[parts.scheme], tls, user, password)
