"""Settings: environment variables ``QHRONOS_…``, read once, checked all together, frozen.

Each variable can also be read from a file named by ``QHRONOS_…_FILE``; a ``.env`` file beside
the project is honoured, the real environment wins. An empty value means the default.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

from app.domain.durations import parse_duration_ms
from app.domain.ids import MAX_PARTITIONS
from app.domain.signing import signing_key
from app.domain.signing_keys import signing_keys
from app.domain.targets import Network, TargetPolicy
from app.errors import ConfigError, InvalidInput

PREFIX = "QHRONOS_"
MIN_SECRET_BYTES = 32
"""Shortest key accepted for HS256 (RFC 7518 section 3.2)."""

MIN_CHOSEN_SECRET = 8
"""Shortest master token and signing secret accepted: they may be of the operator's choosing."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests in a window of so many seconds."""

    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, in the unit its name says. See the README for what each one means."""

    host: str = "127.0.0.1"
    port: int = 8080
    redis_url: str = ""
    broker_url: str = ""
    data_dir: Path = Path("data")
    master_token: str = field(default="", repr=False)
    jwt_secret: str = field(default="", repr=False)
    jwt_secret_previous: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)
    signing_private_key: str = field(default="", repr=False)
    encryption_key: str = field(default="", repr=False)
    encryption_key_previous: str = field(default="", repr=False)
    workers: int = 2
    web_workers: int = 2
    web_threads: int = 16
    partitions: int = 1
    allow_private_targets: TargetPolicy = field(default_factory=TargetPolicy)
    delivery_timeout_ms: int = 10_000
    delivery_concurrency: int = 128
    lease_ms: int = 30_000
    drain_linger_ms: int = 15_000
    stop_grace_ms: int = 8_000
    retention_occurrences_ms: int = 7 * 86_400_000
    retention_events_ms: int = 30 * 86_400_000
    retention_audit_ms: int = 365 * 86_400_000
    rate_limit: RateLimit | None = None
    max_body_bytes: int = 262_144
    max_events_per_sub: int = 0
    max_occurrences_per_minute: int = 60
    metrics_public: bool = False
    docs_public: bool = True
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    log_level: str = "INFO"
    log_format: str = "text"

    @property
    def broker(self) -> str:
        """RQ's Redis."""
        return self.broker_url or self.redis_url

    def require_secrets(self) -> None:
        """Refuse to go on without the three secrets; a production start calls this.

        Raises ``ConfigError`` naming every variable that is missing.
        """
        names = ("MASTER_TOKEN", "JWT_SECRET", "SIGNING_SECRET")
        missing = [PREFIX + name for name in names if not getattr(self, name.lower())]
        if missing:
            raise ConfigError(
                f"Set {', '.join(missing)} (or the same with _FILE): "
                "a production start does not invent secrets."
            )

    def require_store(self) -> None:
        """Refuse to go on without a store; only ``make run`` brings its own."""
        if not self.redis_url:
            raise ConfigError(f"Set {PREFIX}REDIS_URL: only 'make run' embeds a store.")


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def _duration(low_ms: int, high_ms: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = parse_duration_ms(text)
        except InvalidInput as error:
            raise ValueError(error.message) from None
        if not low_ms <= value <= high_ms:
            raise ValueError(f"must be from {low_ms} ms to {high_ms} ms")
        return value

    return parse


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("must be 'true' or 'false'")
    return text == "true"


def _choice(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        for word in words:
            if text.lower() == word.lower():
                return word
        raise ValueError(f"must be one of {', '.join(words)}")

    return parse


def _redis_url(text: str) -> str:
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


def _private_targets(text: str) -> TargetPolicy:
    if text in ("true", "false"):
        return TargetPolicy(allow_all=text == "true")
    try:
        networks = tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    except ValueError:
        raise ValueError("must be 'true', 'false' or networks as in 10.0.0.0/8,::1/128") from None
    return TargetPolicy(allowed=networks)


def _proxies(text: str) -> tuple[Network, ...]:
    try:
        networks = tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    except ValueError:
        raise ValueError("must be networks as in 10.0.0.7/32,fd00::/8") from None
    if not all(network.prefixlen for network in networks):
        raise ValueError("must not hold every address: anybody could then pretend to be another")
    return networks


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(part.strip() for part in text.split(","))
    for origin in origins:
        if not re.fullmatch(
            r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?", origin
        ):
            raise ValueError(
                "must be exact origins as in https://app.example.com,https://b.example"
            )
    return origins


_WINDOWS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


def _rate_limit(text: str) -> RateLimit:
    match = re.fullmatch(r"([1-9][0-9]{0,8})\s*/\s*(second|minute|hour|day)s?", text)
    if not match:
        raise ValueError("must look like 600/minute (second, minute, hour or day)")
    return RateLimit(int(match[1]), _WINDOWS[match[2]])


def _secret(minimum: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if len(text.encode()) < minimum:
            raise ValueError(f"must be at least {minimum} bytes long")
        return text

    return parse


def _accepted(check: Callable[[str], object]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            check(text)
        except InvalidInput as error:
            raise ValueError(error.message) from None
        return text

    return parse


_DAY = 86_400_000
_READERS: dict[str, Callable[[str], Any]] = {
    "HOST": str,
    "PORT": _integer(1, 65_535),
    "REDIS_URL": _redis_url,
    "BROKER_URL": _redis_url,
    "DATA_DIR": Path,
    "MASTER_TOKEN": _secret(MIN_CHOSEN_SECRET),
    "JWT_SECRET": _secret(MIN_SECRET_BYTES),
    "JWT_SECRET_PREVIOUS": _secret(MIN_SECRET_BYTES),
    "SIGNING_SECRET": _accepted(lambda text: signing_key(_secret(MIN_CHOSEN_SECRET)(text))),
    "SIGNING_PRIVATE_KEY": _accepted(signing_keys),
    "ENCRYPTION_KEY": _secret(MIN_SECRET_BYTES),
    "ENCRYPTION_KEY_PREVIOUS": _secret(MIN_SECRET_BYTES),
    "WORKERS": _integer(1, 256),
    "WEB_WORKERS": _integer(1, 256),
    "WEB_THREADS": _integer(1, 256),
    "PARTITIONS": _integer(1, MAX_PARTITIONS),
    "ALLOW_PRIVATE_TARGETS": _private_targets,
    "DELIVERY_TIMEOUT": _duration(100, 300_000),
    "DELIVERY_CONCURRENCY": _integer(1, 4096),
    "LEASE": _duration(1_000, 3_600_000),
    "DRAIN_LINGER": _duration(100, 120_000),
    "STOP_GRACE": _duration(100, 600_000),
    "RETENTION_OCCURRENCES": _duration(1_000, 3_650 * _DAY),
    "RETENTION_EVENTS": _duration(1_000, 3_650 * _DAY),
    "RETENTION_AUDIT": _duration(1_000, 36_500 * _DAY),
    "RATE_LIMIT": _rate_limit,
    "MAX_BODY_BYTES": _integer(1_024, 16_777_216),
    "MAX_EVENTS_PER_SUB": _integer(0, 999_999_999),
    "MAX_OCCURRENCES_PER_MINUTE": _integer(0, 60),
    "METRICS_PUBLIC": _boolean,
    "DOCS_PUBLIC": _boolean,
    "CORS_ORIGINS": _origins,
    "TRUSTED_PROXIES": _proxies,
    "LOG_LEVEL": _choice("DEBUG", "INFO", "WARNING", "ERROR"),
    "LOG_FORMAT": _choice("text", "json"),
}
_FIELD_OF = {
    name: f"{name.lower()}_ms" if f"{name.lower()}_ms" in Settings.__slots__ else name.lower()
    for name in _READERS
}


def environment(environ: Mapping[str, str], dotenv: Path = Path(".env")) -> dict[str, str]:
    """Merge a ``.env`` file, if there is one, under the given environment."""
    from_file = {key: value or "" for key, value in dotenv_values(dotenv).items()}
    return {**from_file, **environ}


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read settings from a mapping of environment variables.

    Raises ``ConfigError`` with one message that names every wrong variable.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, read in _READERS.items():
        variable = PREFIX + name
        try:
            text = _raw(environ, variable)
            if text:
                values[_FIELD_OF[name]] = read(text)
        except ValueError as error:
            problems.append(f"{variable} {error}")
        except OSError:
            problems.append(f"{variable}_FILE names a file that can't be read")
    if problems:
        raise ConfigError("Wrong settings: " + "; ".join(problems) + ".")
    return Settings(**values)


def _raw(environ: Mapping[str, str], variable: str) -> str:
    direct, path = environ.get(variable, ""), environ.get(variable + "_FILE", "")
    if direct and path:
        raise ValueError(f"is set twice: keep either {variable} or {variable}_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    return direct.strip()
