"""URLs of Redis: what is wrong with one, said without any part of it.

The client that we use takes almost any text, and goes where nobody meant. A password may stand
anywhere in a URL that is not written as it should be, so no refusal repeats what it refuses.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from app.domain import cluster_urls, sentinel_urls
from app.errors import InvalidInput

SCHEMES = ("redis", "rediss", "unix", *sentinel_urls.SCHEMES, *cluster_urls.SCHEMES)
_BEGINNINGS = "must begin with redis://, rediss:// or unix://"
LONGEST_SOCKET_PATH = 103
"""Bytes; the kernel's limit is 108 on Linux and 104 on macOS, the final zero included."""

TLS_OPTIONS = {
    "ssl_ca_certs": "a file",
    "ssl_ca_path": "a directory",
    "ssl_certfile": "a file",
    "ssl_keyfile": "a file",
    "ssl_cert_reqs": "none, optional or required",
    "ssl_check_hostname": "true or false",
}
"""What may follow the '?' of a ``rediss`` URL, and what its value is. Time limits, pools and the
protocol are not the operator's to choose: the service relies on its own."""

_CHOICES = {
    "ssl_cert_reqs": ("none", "optional", "required"),
    "ssl_check_hostname": ("true", "false"),
}
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_HOST_AND_PORT = re.compile(r"(.*?)(?::([^\]:]*))?", re.DOTALL)
_BLANK = re.compile(r"[\x00-\x20\x7f]")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")
"""What Sentinel takes as the name of a server."""


def check_store_url(text: str) -> None:
    """Refuse a URL that leads to no Redis, or elsewhere than it seems to.

    Raises ``InvalidInput`` with a predicate, as in ``must name a host, …``.
    """
    scheme, marked, _ = text.partition("://")
    if scheme not in SCHEMES or not marked:
        raise InvalidInput(
            f"{_BEGINNINGS}, or with redis+sentinel://, rediss+sentinel://, redis+cluster:// or "
            "rediss+cluster://"
        )
    if _BLANK.search(text):
        raise InvalidInput("must have no blanks in it: write one in a password as %20")
    if "#" in text:
        raise InvalidInput("must have no '#' in it: write one in a password as %23")
    if scheme in sentinel_urls.SCHEMES:
        text = _check_sentinels(text)
    if scheme in cluster_urls.SCHEMES:
        text = _check_cluster(text)
    try:
        parts = urlsplit(text)
    except ValueError:
        raise InvalidInput(
            "must have an IPv6 address in brackets, and in a password '[' as %5B, ']' as %5D and "
            "what is no letter of English with '%' too"
        ) from None
    if "@" in parts.path + parts.query:
        raise InvalidInput(
            "has a '/' or a '?' before its '@': write them in a password as %2F and %3F"
        )
    _check_readable(parts)
    if scheme == "unix":
        _check_path(parts)
    else:
        _check_host(parts.netloc.rpartition("@")[2])
        _check_database(parts.path.removeprefix("/"))
    _check_options(parts)


def has_password(url: str) -> bool:
    """Whether a URL that was accepted has a password in it."""
    login, at, _ = url.partition("://")[2].rpartition("@")
    return bool(at and login.partition(":")[2])


def _check_sentinels(text: str) -> str:
    """Check what such a URL has beside those of a server; returns that server's, to be checked."""
    url = sentinel_urls.read_sentinel_url(text)
    for address in url.addresses:
        _check_host(address)
    if not _NAME.fullmatch(url.name):
        raise InvalidInput(
            "must name the server as its Sentinels do, as in "
            "redis+sentinel://host1:26379,host2:26379/name, in letters, digits, '.', '_' and '-'"
        )
    return url.server_url


def _check_cluster(text: str) -> str:
    """Check where its nodes are; returns the URL of one of them, to be checked."""
    url = cluster_urls.read_cluster_url(text)
    for address in url.addresses:
        _check_host(address)
    if url.database not in ("", "0"):
        raise InvalidInput("must have nothing after its nodes, as a cluster has one database alone")
    return url.server_url


def check_broker_url(text: str) -> None:
    """As ``check_store_url``, for the server of RQ's queues, which is never a cluster."""
    if cluster_urls.is_cluster_url(text):
        raise InvalidInput(
            "must lead to one server, or to that which Sentinels name: RQ's queues can't be spread "
            "over a cluster"
        )
    scheme, marked, _ = text.partition("://")
    if scheme not in SCHEMES or not marked:
        raise InvalidInput(f"{_BEGINNINGS}, or with redis+sentinel:// or rediss+sentinel://")
    check_store_url(text)


def _check_readable(parts: SplitResult) -> None:
    try:
        for part in (parts.netloc, parts.path, parts.query):
            unquote(part, errors="strict").encode()
    except UnicodeError:
        raise InvalidInput("must be UTF-8, also where it is written with '%'") from None


def _check_path(parts: SplitResult) -> None:
    path = unquote(parts.path)
    if parts.netloc.rpartition("@")[2] or not path.startswith("/") or path == "/":
        raise InvalidInput("must have the path of a socket after unix://, as in unix:///run/store")
    if "\0" in path or len(path.encode()) > LONGEST_SOCKET_PATH:
        raise InvalidInput(f"must name a socket with a path of at most {LONGEST_SOCKET_PATH} bytes")


def _check_host(address: str) -> None:
    """Check host and port; ``address`` is what stands behind the password."""
    if not address.startswith("[") and address.count(":") > 1:
        raise InvalidInput(
            "must have an '@' between password and host, and an IPv6 address in brackets, as in "
            "redis://:password@[::1]:6379/0"
        )
    host, _, port = (
        address.rpartition(":") if re.search(r":[^\]]*$", address) else (address, "", "")
    )
    if port and not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) <= 65_535):
        raise InvalidInput(
            "must have a port from 1 to 65535 after its host, and in a password '/' as %2F, '?' as "
            "%3F"
        )
    if not host:
        raise InvalidInput("must name a host, as in redis://localhost:6379/0")
    if host.startswith("["):
        _check_ipv6(host)
    elif len(host) > 253 or not all(map(_LABEL.fullmatch, host.removesuffix(".").split("."))):
        raise InvalidInput("must name its host in letters, digits, '-' and '.'")


def _check_ipv6(host: str) -> None:
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        raise InvalidInput("has an address in brackets that is no IPv6 address") from None


def _check_database(number: str) -> None:
    if not re.fullmatch(r"[0-9]{0,5}", number):
        raise InvalidInput(
            "must end in the number of a database or in nothing, as in redis://localhost:6379/0"
        )


def _check_options(parts: SplitResult) -> None:
    known = TLS_OPTIONS if parts.scheme == "rediss" else {}
    options = {"db": "a number"} if parts.scheme == "unix" else known
    seen = set()
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in options or name in seen:
            raise InvalidInput(_about_options(parts.scheme))
        seen.add(name)
        choices = _CHOICES.get(name)
        if (choices and value not in choices) or not value or "\0" in value:
            raise InvalidInput(f"must give {name} as {options[name]}")
        if name == "db":
            _check_database(value)
    if parts.query and not seen:
        raise InvalidInput(_about_options(parts.scheme))
    if "ssl_keyfile" in seen and "ssl_certfile" not in seen:
        raise InvalidInput("must give ssl_certfile with ssl_keyfile")


def _about_options(scheme: str) -> str:
    if scheme == "redis":
        return "must have nothing after a '?': options are for rediss:// (TLS)"
    if scheme == "unix":
        return "may have one option, db, as in unix:///run/store?db=1"
    return f"may have these options, each once: {', '.join(TLS_OPTIONS)}"
