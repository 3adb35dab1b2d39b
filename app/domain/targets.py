"""Which URLs can be targets.

A target is judged twice: the URL here when an event is written, and the final address of every
connection when it is delivered. The second is what protects; the first tells the user early.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit

from app.domain.addresses import (
    Address,
    Network,
    TargetPolicy,
    is_allowed,
    literal_address,
)
from app.errors import InvalidInput

__all__ = [
    "Address",
    "Network",
    "TargetPolicy",
    "ascii_url",
    "check_target",
    "check_url",
    "is_allowed",
    "literal_address",
    "origin",
]

MAX_LENGTH = 2048

_HOST_AND_PORT = "must be a URL with a valid host and a port from 1 to 65535"

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]|\s")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_NETLOC = re.compile(r"(?:\[[^\[\]]*\]|[^\[\]:]*)(?::[0-9]*)?", re.ASCII)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_SAFE = "!#$%&'()*+,/:;=?@[]~"
"""What stays as it is in path and query: RFC 3986's reserved characters and ``%``."""


def check_url(url: str) -> None:
    """Check that a URL can be a target, whatever address it leads to.

    Raises ``InvalidInput`` whose message says what to change; the caller adds the field.
    """
    _host(url)


@lru_cache(maxsize=1024)
def check_target(url: str, policy: TargetPolicy, own_port: int | None = None) -> None:
    """Check a URL, and the host in it as far as it can be judged without asking DNS.

    ``own_port`` is where the service itself listens. Raises ``InvalidInput`` as ``check_url`` does.
    What is good is remembered: many events have one target.
    """
    host = _host(url)
    address = literal_address(host)
    if origin(url)[2] == own_port and _is_loopback(host, address):
        raise InvalidInput("must not lead to this service itself")
    if address is not None:
        allowed = is_allowed(address, policy)
    else:
        allowed = _name_allowed(host.removesuffix("."), policy)
    if not allowed:
        raise InvalidInput("must not lead to a private, local or reserved address")


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a checked URL (RFC 6454 section 4)."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, _host(url).removesuffix("."), port


@lru_cache(maxsize=4096)
def ascii_url(url: str) -> str:
    """Return a checked URL as it goes over the wire.

    The host takes its ASCII form (RFC 5890), and everything else outside ASCII is
    percent-encoded as UTF-8 (RFC 3987 section 3.1).
    """
    if url.isascii():
        return url
    parts = urlsplit(url)
    host = _host(url)
    if ":" in host:
        host = f"[{host}]"
    port = "" if parts.port is None else f":{parts.port}"
    query = f"?{quote(parts.query, _SAFE)}" if parts.query else ""
    return f"{parts.scheme}://{host}{port}{quote(parts.path, _SAFE)}{query}"


def _host(url: str) -> str:
    """Check a URL and return its host in ASCII and lower case, IPv6 without brackets."""
    if len(url) > MAX_LENGTH:
        raise InvalidInput(f"must be at most {MAX_LENGTH} characters long")
    if _FORBIDDEN.search(url):
        raise InvalidInput("must not contain spaces, control characters or backslashes")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidInput(_HOST_AND_PORT) from None
    if parts.scheme not in ("http", "https"):
        raise InvalidInput("must begin with http:// or https://")
    if "@" in parts.netloc:
        raise InvalidInput("must not contain a user name or password")
    if not host:
        raise InvalidInput("must name a host, as in https://example.com/hook")
    if port == 0 or not _NETLOC.fullmatch(parts.netloc):
        raise InvalidInput(_HOST_AND_PORT)
    return _checked_host(host, bracketed=parts.netloc.startswith("["))


def _checked_host(host: str, *, bracketed: bool) -> str:
    if bracketed:
        if "%" in host or literal_address(host) is None:
            raise InvalidInput("must have an IPv6 address without a zone inside the brackets")
        return host
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise InvalidInput("must have a host that is a valid domain name") from None
    labels = name.removesuffix(".").split(".")
    if len(name) > 254 or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidInput("must have a host that is a valid domain name")
    if _NUMERIC.fullmatch(labels[-1]) and literal_address(name) is None:
        raise InvalidInput("must have a valid IPv4 address, or a name, as its host")
    return name


def _is_loopback(host: str, address: Address | None) -> bool:
    if address is None:
        return f".{host.removesuffix('.')}".endswith(".localhost")
    inner = getattr(address, "ipv4_mapped", None) or address
    return bool(inner.is_loopback or inner.is_unspecified)


def _name_allowed(name: str, policy: TargetPolicy) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return is_allowed("127.0.0.1", policy) or is_allowed("::1", policy)
    if name.endswith(".internal"):  # metadata.google.internal among them
        return policy.allow_all or any(not network.is_loopback for network in policy.allowed)
    return True
