"""How the text of a setting becomes its value: ``ValueError`` says what to change about it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.domain.durations import parse_duration_ms
from app.domain.targets import Network, TargetPolicy
from app.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests in a window of so many seconds."""

    requests: int
    seconds: int


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
    """The address of a Redis."""
    parts = urlsplit(text)
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    if parts.scheme != "unix":
        try:
            parts.port  # noqa: B018 - reading it is what checks it
        except ValueError:
            raise ValueError("has a port that is not a number from 0 to 65535") from None
        if not parts.hostname:
            raise ValueError("must name a host, as in redis://localhost:6379/0")
    return text


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


def origins(text: str) -> tuple[str, ...]:
    """Origins of web pages, commas between."""
    found = tuple(part.strip() for part in text.split(","))
    for origin in found:
        if not re.fullmatch(
            r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?", origin
        ):
            raise ValueError(
                "must be exact origins as in https://app.example.com,https://b.example"
            )
    return found


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
