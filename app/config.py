"""Settings: environment variables ``QHRONOS_…``, read once, checked all together, frozen.

Each variable can also be read from a file named by ``QHRONOS_…_FILE``; a ``.env`` file beside
the project is honoured, the real environment wins. An empty value means the default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.domain.ids import MAX_PARTITIONS
from app.domain.signing import signing_key
from app.domain.signing_keys import signing_keys
from app.domain.targets import Network, TargetPolicy
from app.errors import ConfigError
from app.setting_readers import (
    MIN_CHOSEN_SECRET,
    MIN_SECRET_BYTES,
    RateLimit,
    accepted,
    boolean,
    choice,
    duration,
    environment,
    integer,
    member_names,
    origins,
    private_targets,
    proxies,
    public_url,
    rate_limit,
    raw_value,
    redis_url,
    secret,
)

PREFIX = "QHRONOS_"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, in the unit its name says. The guide's reference is made from these texts."""

    host: str = "127.0.0.1"
    """The address on which the API listens."""

    port: int = 8080
    """The port on which the API listens."""

    redis_url: str = field(default="", repr=False)
    """The store: a Redis or Valkey server. Empty: ``make run`` starts its own."""

    broker_url: str = field(default="", repr=False)
    """The Redis server for RQ's queues. Empty: the store."""

    data_dir: Path = Path("data")
    """The directory in which ``make run`` keeps its store and its secrets."""

    master_token: str = field(default="", repr=False)
    """The token that may do everything."""

    jwt_secret: str = field(default="", repr=False)
    """The key that signs JWTs."""

    jwt_secret_previous: str = field(default="", repr=False)
    """The key before, while it is changed. Its tokens stay valid until they end."""

    signing_secret: str = field(default="", repr=False)
    """Signs webhooks of events that have no secret of their own."""

    signing_private_key: str = field(default="", repr=False)
    """Signs every webhook with ed25519 too: ``whsk_`` and base64 of 32 random bytes. Give two of
    them, with a comma between, while you change it. Empty: no such signature."""

    encryption_key: str = field(default="", repr=False)
    """Encrypts the secrets in the store: 32 bytes in base64, or a text of at least 32 bytes.
    Empty: the key is derived from ``QHRONOS_JWT_SECRET``."""

    encryption_key_previous: str = field(default="", repr=False)
    """The key before, while it is changed. It decrypts what it has encrypted."""

    encryption_key_next: str = field(default="", repr=False)
    """The key to come, while it is changed. It decrypts what other hosts encrypt with it."""

    workers: int = 2
    """Delivery workers on one host."""

    web_workers: int = 2
    """API processes on one host."""

    web_threads: int = 16
    """Threads in each API process."""

    partitions: int = 1
    """Partitions of the store. The number is fixed when a store is first used."""

    allow_private_targets: TargetPolicy = field(default_factory=TargetPolicy)
    """Private addresses that webhooks may reach: ``false``, ``true``, or networks as in
    ``10.0.0.0/8,::1/128``. Empty: none. ``make run`` uses ``127.0.0.0/8,::1/128``."""

    delivery_timeout_ms: int = 10_000
    """Time for the whole exchange of one attempt, if the event sets no ``timeout``."""

    delivery_concurrency: int = 128
    """Requests that one worker has in flight at once. Slow ones are not counted. It is less if the
    limit of open files does not allow for so many; the log then says so at the start."""

    delivery_idle_ms: int = 4_000
    """How long an idle connection to a receiver is kept: whole seconds. Many close it after 5."""

    lease_ms: int = 30_000
    """A worker that shows no sign of life for so long loses its work to other workers."""

    least_retry_delay_ms: int = 1_000
    """The shortest wait between two attempts, unless a receiver says less in ``Retry-After``."""

    drain_linger_ms: int = 15_000
    """How long one drain job runs, with or without work."""

    stop_grace_ms: int = 8_000
    """How long a process that is told to stop may finish the deliveries under way."""

    retention_occurrences_ms: int = 7 * 86_400_000
    """How long ended occurrences are kept."""

    retention_events_ms: int = 30 * 86_400_000
    """How long inactive events are kept."""

    retention_audit_ms: int = 365 * 86_400_000
    """How long entries of the audit log are kept."""

    audit_max_bytes: int = 0
    """About how many bytes of the store's memory the audit log may take: beyond it the oldest
    entries go, and an entry ``audit.drop`` says which. A few hundred always stay. 0: no limit."""

    rate_limit: RateLimit | None = None
    """Requests of one token (without one: of an address), as in ``600/minute``. Empty: no limit."""

    indexed_metadata: tuple[str, ...] = ()
    """Members of the metadata that an index finds events by, as in ``customer,order``: up to 10."""

    max_body_bytes: int = 262_144
    """The largest request body, in bytes."""

    max_events_per_sub: int = 0
    """How many events the tokens of one ``sub`` may make. 0: no limit."""

    max_occurrences_per_sub: int = 12_000
    """How often all events of one ``sub`` may occur in a minute, on average. 0: no limit."""

    max_occurrences_per_minute: int = 60
    """How often one schedule may occur within a minute. 0: no limit."""

    metrics_public: bool = False
    """Whether ``/metrics`` is open to everyone."""

    docs_public: bool = True
    """Whether ``/docs``, the guide and ``/openapi.json`` are open to everyone."""

    cors_origins: tuple[str, ...] = ()
    """Web origins whose pages may call the API, as in ``https://app.example.com``. Empty: none."""

    trusted_proxies: tuple[Network, ...] = ()
    """Networks of the proxies in front, as in ``10.0.0.7/32,fd00::/64``. Only they are believed
    ``X-Forwarded-For`` (who calls), ``X-Forwarded-Proto`` and ``X-Forwarded-Host``. Empty: none."""

    public_url: str = ""
    """Where clients reach the API, as in ``https://qhronos.example.com``: ``Link`` and ``Location``
    begin so. It may have a path, which the proxy takes away. Empty: as the request's URL begins."""

    store_fsync: str = "always"
    """When the store of ``make run`` writes to disk: ``always``, before it answers, or
    ``everysec``, which may lose the last two seconds in a crash."""

    log_level: str = "INFO"
    """The least important messages that are logged."""

    log_format: str = "text"
    """The form of the log: lines of text, or one JSON object a line."""

    @property
    def broker(self) -> str:
        """RQ's Redis."""
        return self.broker_url or self.redis_url

    @property
    def has_own_broker(self) -> bool:
        """Whether RQ's Redis is another server than the store."""
        return self.broker != self.redis_url

    @property
    def broker_variable(self) -> str:
        """The variable that has the URL of RQ's Redis."""
        return PREFIX + ("BROKER_URL" if self.has_own_broker else "REDIS_URL")

    @property
    def broker_name(self) -> str:
        """What a message calls RQ's Redis."""
        return "the broker (QHRONOS_BROKER_URL)" if self.has_own_broker else "the store"

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
    "ENCRYPTION_KEY_NEXT": secret(MIN_SECRET_BYTES),
    "WORKERS": integer(1, 256),
    "WEB_WORKERS": integer(1, 256),
    "WEB_THREADS": integer(1, 256),
    "PARTITIONS": integer(1, MAX_PARTITIONS),
    "ALLOW_PRIVATE_TARGETS": private_targets,
    "DELIVERY_TIMEOUT": duration(100, 300_000),
    "DELIVERY_CONCURRENCY": integer(1, 4096),
    "DELIVERY_IDLE": duration(1_000, 45_000),
    "LEASE": duration(1_000, 3_600_000),
    "LEAST_RETRY_DELAY": duration(0, 3_600_000),
    "DRAIN_LINGER": duration(100, 120_000),
    "STOP_GRACE": duration(100, 600_000),
    "RETENTION_OCCURRENCES": duration(1_000, 3_650 * _DAY),
    "RETENTION_EVENTS": duration(1_000, 3_650 * _DAY),
    "RETENTION_AUDIT": duration(1_000, 36_500 * _DAY),
    "AUDIT_MAX_BYTES": integer(0, 1 << 50),
    "RATE_LIMIT": rate_limit,
    "INDEXED_METADATA": member_names,
    "MAX_BODY_BYTES": integer(1_024, 16_777_216),
    "MAX_EVENTS_PER_SUB": integer(0, 999_999_999),
    "MAX_OCCURRENCES_PER_SUB": integer(0, 999_999_999),
    "MAX_OCCURRENCES_PER_MINUTE": integer(0, 60),
    "METRICS_PUBLIC": boolean,
    "DOCS_PUBLIC": boolean,
    "CORS_ORIGINS": origins,
    "TRUSTED_PROXIES": proxies,
    "PUBLIC_URL": public_url,
    "STORE_FSYNC": choice("always", "everysec"),
    "LOG_LEVEL": choice("DEBUG", "INFO", "WARNING", "ERROR"),
    "LOG_FORMAT": choice("text", "json"),
}
_FIELD_OF = {
    name: f"{name.lower()}_ms" if f"{name.lower()}_ms" in Settings.__slots__ else name.lower()
    for name in _READERS
}


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read environment variables; raises one ``ConfigError`` that names all wrong ones."""
    values, problems = dict[str, Any](), list[str]()
    for name, read in _READERS.items():
        variable = PREFIX + name
        try:
            if text := raw_value(environ, variable):
                values[_FIELD_OF[name]] = read(text)
        except ValueError as error:
            problems.append(f"{variable} {error}")
        except OSError:
            problems.append(f"{variable}_FILE names a file that can't be read")
    if not problems:
        return Settings(**values)
    raise ConfigError("Wrong settings: " + "; ".join(problems) + ".")


def production_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings of a production start, with ``.env`` under the given environment.

    Raises ``ConfigError`` for settings that are wrong, and for missing secrets or no store.
    """
    settings = load_settings(environment(environ))
    settings.require_secrets()
    settings.require_store()
    return settings
