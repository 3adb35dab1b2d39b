"""Settings: environment variables ``QHRONOS_…``, read once, checked all together, frozen.

Each variable can also be read from a file named by ``QHRONOS_…_FILE``; a ``.env`` file beside
the project is honoured, the real environment wins. An empty value means the default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from app.domain.ids import MAX_PARTITIONS
from app.domain.signing import signing_key
from app.domain.signing_keys import signing_keys
from app.domain.targets import Network, TargetPolicy
from app.errors import ConfigError
from app.setting_readers import (
    RateLimit,
    accepted,
    boolean,
    choice,
    duration,
    integer,
    origins,
    private_targets,
    proxies,
    rate_limit,
    redis_url,
    secret,
)

PREFIX = "QHRONOS_"
MIN_SECRET_BYTES = 32
"""Shortest key accepted for HS256 (RFC 7518 section 3.2)."""

MIN_CHOSEN_SECRET = 8
"""Shortest master token and signing secret accepted: they may be of the operator's choosing."""


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
    store_fsync: str = "always"
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


_DAY = 86_400_000
_READERS: dict[str, Callable[[str], Any]] = {
    "HOST": str,
    "PORT": integer(1, 65_535),
    "REDIS_URL": redis_url,
    "BROKER_URL": redis_url,
    "DATA_DIR": Path,
    "MASTER_TOKEN": secret(MIN_CHOSEN_SECRET),
    "JWT_SECRET": secret(MIN_SECRET_BYTES),
    "JWT_SECRET_PREVIOUS": secret(MIN_SECRET_BYTES),
    "SIGNING_SECRET": accepted(lambda text: signing_key(secret(MIN_CHOSEN_SECRET)(text))),
    "SIGNING_PRIVATE_KEY": accepted(signing_keys),
    "ENCRYPTION_KEY": secret(MIN_SECRET_BYTES),
    "ENCRYPTION_KEY_PREVIOUS": secret(MIN_SECRET_BYTES),
    "WORKERS": integer(1, 256),
    "WEB_WORKERS": integer(1, 256),
    "WEB_THREADS": integer(1, 256),
    "PARTITIONS": integer(1, MAX_PARTITIONS),
    "ALLOW_PRIVATE_TARGETS": private_targets,
    "DELIVERY_TIMEOUT": duration(100, 300_000),
    "DELIVERY_CONCURRENCY": integer(1, 4096),
    "LEASE": duration(1_000, 3_600_000),
    "DRAIN_LINGER": duration(100, 120_000),
    "STOP_GRACE": duration(100, 600_000),
    "RETENTION_OCCURRENCES": duration(1_000, 3_650 * _DAY),
    "RETENTION_EVENTS": duration(1_000, 3_650 * _DAY),
    "RETENTION_AUDIT": duration(1_000, 36_500 * _DAY),
    "RATE_LIMIT": rate_limit,
    "MAX_BODY_BYTES": integer(1_024, 16_777_216),
    "MAX_EVENTS_PER_SUB": integer(0, 999_999_999),
    "MAX_OCCURRENCES_PER_MINUTE": integer(0, 60),
    "METRICS_PUBLIC": boolean,
    "DOCS_PUBLIC": boolean,
    "CORS_ORIGINS": origins,
    "TRUSTED_PROXIES": proxies,
    "STORE_FSYNC": choice("always", "everysec"),
    "LOG_LEVEL": choice("DEBUG", "INFO", "WARNING", "ERROR"),
    "LOG_FORMAT": choice("text", "json"),
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
