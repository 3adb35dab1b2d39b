"""From the environment to the value of a setting: ``ValueError`` says what to change about it."""

from __future__ import annotations

import ipaddress
import re
import ssl
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from dotenv import dotenv_values

from app.domain.durations import parse_duration_ms
from app.domain.store_urls import TLS_OPTIONS, check_broker_url, check_store_url
from app.domain.targets import Network, TargetPolicy
from app.errors import ConfigError, InvalidInput

MIN_SECRET_BYTES = 32
"""Shortest key accepted for HS256 (RFC 7518 section 3.2)."""

MIN_CHOSEN_SECRET = 8
"""Shortest master token and signing secret accepted: they may be of the operator's choosing."""

BYTE_ORDER_MARK = "\ufeff"
LONGEST_FILE = 65_536
"""Bytes of a file that holds one setting: more is another file."""

_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of control characters, marks, halves of characters and line ends."""

_QUOTES = ('""', "''", "``", "\u201c\u201d", "\u2018\u2019", "\u201e\u201c", "\xab\xbb")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests in a window of so many seconds."""

    requests: int
    seconds: int


def plain(text: str) -> str:
    """The text of a setting, without blanks around it and the mark that some editors begin with.

    Raises ``ValueError`` for what comes from a file's form and would be taken for a part of it.
    """
    text = text.removeprefix(BYTE_ORDER_MARK).strip()
    if any(unicodedata.category(one) in _INVISIBLE for one in text):
        raise ValueError("holds a character that can't be seen: write it again by hand")
    if len(text) > 1 and (text[0] + text[-1]) in _QUOTES:
        raise ValueError("is in quotes, which would be a part of it: take them away")
    return text


def text_file(path: Path) -> str:
    """The text of a setting that is in a file of its own.

    Raises ``OSError`` if it can't be read, ``ValueError`` if it is empty or no such text.
    """
    with path.open("rb") as file:
        raw = file.read(LONGEST_FILE + 1)
    if len(raw) > LONGEST_FILE:
        raise ValueError(f"is in a file of more than {LONGEST_FILE} bytes")
    try:
        text = plain(raw.decode())
    except UnicodeDecodeError:
        raise ValueError("is in a file that is no UTF-8: save it as UTF-8") from None
    if not text:
        raise ValueError("is in a file that is empty: write the value, or don't name the file")
    return text


def environment(environ: Mapping[str, str], dotenv: Path = Path(".env")) -> dict[str, str]:
    """Merge a ``.env`` file, if there is one, under the given environment.

    Raises ``ConfigError`` if the file can't be read.
    """
    try:
        found = dotenv_values(dotenv, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ConfigError(
            f"{dotenv.absolute()} can't be read as text: make it readable and save it as UTF-8, or "
            "remove it."
        ) from None
    return {**{key: value or "" for key, value in found.items()}, **environ}


def raw_value(environ: Mapping[str, str], variable: str) -> str:
    """The text of a setting from its variable or from the file that it names; empty: not set.

    Raises ``OSError`` and ``ValueError`` as ``text_file`` does.
    """
    if BYTE_ORDER_MARK + variable in environ:
        raise ValueError("has an invisible mark before its name: save the env file without a BOM")
    direct, path = environ.get(variable, ""), plain(environ.get(variable + "_FILE", ""))
    if direct and path:
        raise ValueError(f"is set twice: keep either {variable} or {variable}_FILE")
    return text_file(Path(path)) if path else plain(direct)


def integer(low: int, high: int) -> Callable[[str], int]:
    """A whole number within limits, both included."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def duration(low_ms: int, high_ms: int) -> Callable[[str], int]:
    """A duration within limits (ms, both included), in milliseconds."""

    def parse(text: str) -> int:
        try:
            value = parse_duration_ms(text)
        except InvalidInput as error:
            raise ValueError(error.message) from None
        if not low_ms <= value <= high_ms:
            raise ValueError(f"must be from {low_ms} ms to {high_ms} ms")
        return value

    return parse


def boolean(text: str) -> bool:
    """``true`` or ``false``."""
    if text not in ("true", "false"):
        raise ValueError("must be 'true' or 'false'")
    return text == "true"


def choice(*words: str) -> Callable[[str], str]:
    """One of these words."""

    def parse(text: str) -> str:
        for word in words:
            if text.lower() == word.lower():
                return word
        raise ValueError(f"must be one of {', '.join(words)}")

    return parse


def redis_url(text: str) -> str:
    """The address of a Redis; the files that it names are there and can be used."""
    accepted(check_store_url)(text)
    parts = urlsplit(text)
    options = dict(parse_qsl(parts.query)) if parts.scheme.startswith("rediss") else {}
    try:
        tls = ssl.create_default_context()
        if "ssl_ca_path" in options:
            next(Path(options["ssl_ca_path"]).iterdir())  # OpenSSL takes what is not there
        if {"ssl_ca_certs", "ssl_ca_path"} & options.keys():
            tls.load_verify_locations(options.get("ssl_ca_certs"), options.get("ssl_ca_path"))
        if "ssl_certfile" in options:
            tls.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"), password="")
    except (OSError, StopIteration):  # an ssl.SSLError is an OSError
        raise ValueError(
            "names a file of certificates or of a key that can't be read or used: see the options "
            f"{', '.join(name for name in options if TLS_OPTIONS[name].startswith('a '))}"
        ) from None
    return text


def broker_url(text: str) -> str:
    """The same for RQ's queues."""
    accepted(check_broker_url)(text)
    return redis_url(text)


def private_targets(text: str) -> TargetPolicy:
    """All or no private networks, or those that are named."""
    if text in ("true", "false"):
        return TargetPolicy(allow_all=text == "true")
    try:
        networks = tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    except ValueError:
        raise ValueError("must be 'true', 'false' or networks as in 10.0.0.0/8,::1/128") from None
    return TargetPolicy(allowed=networks)


def proxies(text: str) -> tuple[Network, ...]:
    """Networks, commas between."""
    try:
        networks = tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    except ValueError:
        raise ValueError("must be networks as in 10.0.0.7/32,fd00::/8") from None
    if not all(network.prefixlen for network in networks):
        raise ValueError("must not hold every address: anybody could then pretend to be another")
    return networks


def public_url(text: str) -> str:
    """The URL that this service is reached at, without a slash at the end."""
    match = re.fullmatch(
        r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?(?:/[A-Za-z0-9._~-]+)*/?", text
    )
    if not match or int(match[1] or 0) > 65_535:
        raise ValueError("must be an address as in https://qhronos.example.com or …/below")
    return text.rstrip("/")


_WINDOWS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


def rate_limit(text: str) -> RateLimit:
    """So many requests in a window."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})\s*/\s*(second|minute|hour|day)s?", text)
    if not match:
        raise ValueError("must look like 600/minute (second, minute, hour or day)")
    return RateLimit(int(match[1]), _WINDOWS[match[2]])


def secret(minimum: int) -> Callable[[str], str]:
    """A text of at least so many bytes."""

    def parse(text: str) -> str:
        if len(text.encode()) < minimum:
            raise ValueError(f"must be at least {minimum} bytes long")
        return text

    return parse


def accepted(check: Callable[[str], object]) -> Callable[[str], str]:
    """A text that a rule of the domain takes."""

    def parse(text: str) -> str:
        try:
            check(text)
        except InvalidInput as error:
            raise ValueError(error.message) from None
        return text

    return parse
