"""Settings: each with its unit, meaning and default. ``setting_variables`` reads them. Frozen."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from app.domain.durability import Durability
from app.domain.logins import Login
from app.domain.masks import passwords
from app.domain.secret import SecretText
from app.domain.targets import Network, TargetPolicy
from app.domain.weights import Weights
from app.errors import ConfigError
from app.setting_readers import RateLimit

PREFIX = "QHRONOS_"


def _secret() -> Any:
    """A setting that is a secret: whatever it is given becomes a ``SecretText``."""
    return field(default=SecretText(), metadata={"kind": SecretText})


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, in the unit its name says. The guide's reference is made from these texts."""

    host: str = "127.0.0.1"
    """The address on which the API listens."""

    port: int = 8080
    """The port on which the API listens."""

    redis_url: str = field(default="", repr=False)
    """The store: a Redis or Valkey server, the one that Sentinels name (``redis+sentinel://…``), or
    a cluster (``redis+cluster://…``). Empty: ``make run`` starts its own."""

    broker_url: str = field(default="", repr=False)
    """The Redis server for RQ's queues, never a cluster. Empty: the store, unless that is one."""

    redis_password: str = _secret()
    """The password for ``QHRONOS_REDIS_URL``, where that has none in it. From a file, it is read
    anew for each connection, so that it can be changed without a restart."""

    broker_password: str = _secret()
    """The same for ``QHRONOS_BROKER_URL``."""

    sentinel_user: str = ""
    """The user of the Sentinels that a URL ``redis+sentinel://…`` names. Empty: the default one."""

    sentinel_password: str = _secret()
    """The password of these Sentinels. Empty: they have none."""

    durability: frozenset[Durability] = frozenset()
    """What every change waits for before it is answered, as if it asked for that in
    ``Qhronos-Durability``: ``replicated`` (replicas of the store have it), ``fsync`` (it is on the
    store's disk), or both with a comma between. Empty: that the store has it."""

    durability_replicas: int = 1
    """How many replicas must have a change that is to be ``replicated``."""

    data_dir: Path = Path("data")
    """The directory in which ``make run`` keeps its store and its secrets."""

    master_token: str = _secret()
    """The token that may do everything."""

    jwt_secret: str = _secret()
    """The key that signs JWTs."""

    jwt_secret_previous: str = _secret()
    """The key before, while it is changed. Its tokens stay valid until they end."""

    signing_secret: str = _secret()
    """Signs webhooks of events that have no secret of their own."""

    signing_private_key: str = _secret()
    """Signs every webhook with ed25519 too: ``whsk_`` and base64 of 32 random bytes. Give two of
    them, with a comma between, while you change it. Empty: no such signature."""

    encryption_key: str = _secret()
    """Encrypts secrets in the store: 32 bytes in base64, or a text of 32 bytes or more. Empty: the
    key is derived from ``QHRONOS_JWT_SECRET``."""

    encryption_key_previous: str = _secret()
    """The key before, while it is changed. It decrypts what it has encrypted."""

    encryption_key_next: str = _secret()
    """The key to come, while it is changed. It decrypts what other hosts encrypt with it."""

    workers: int = 2
    """Delivery workers on one host."""

    web_workers: int = 2
    """API processes on one host."""

    web_threads: int = 16
    """Threads in each API process."""

    partitions: int = 1
    """Partitions of a new store. ``qhronos rebalance`` gives a store more."""

    allow_private_targets: TargetPolicy = field(default_factory=TargetPolicy)
    """Private addresses that webhooks may reach: ``false``, ``true``, or networks as in
    ``10.0.0.0/8,::1/128``. Empty: none. ``make run`` uses ``127.0.0.0/8,::1/128``."""

    delivery_timeout_ms: int = 10_000
    """Time for the whole exchange of one attempt, if the event sets no ``timeout``."""

    delivery_concurrency: int = 128
    """Requests that one worker has in flight at once, without slow ones. It is less, and the log
    says so, if the limit of open files does not allow for so many."""

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

    retention_per_event: int = 0
    """How many occurrences of one event are kept, the newest; those under way count. 0: all."""

    retention_max_bytes: int = 0
    """About how many bytes of the store's memory ended occurrences may take: beyond it the oldest
    are deleted. 0: no limit."""

    archive_url: str = field(default="", repr=False)
    """Where ended occurrences and inactive events go before they are deleted: a directory, in
    ``QHRONOS_DATA_DIR`` if it is relative, or a URL that fsspec knows, as in ``s3://bucket/path``.
    Empty: nowhere."""

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

    tenant_weights: Weights = ()
    """Shares of a long backlog, by the ``sub`` of tokens: ``acme=4,other=2``. ``*``: the rest."""

    max_occurrences_per_minute: int = 60
    """How often one schedule may occur within a minute. 0: no limit."""

    metrics_public: bool = False
    """Whether ``/metrics`` is open to everyone."""

    metrics_tags: tuple[str, ...] = ()
    """Tags that metrics tell apart, as in ``billing,reports``: up to 20. Empty: none."""

    metrics_targets: tuple[str, ...] = ()
    """Hosts of targets that metrics tell apart, as in ``a.example.com``: up to 20. Empty: none."""

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

    smtp_url: str = _secret()
    """The mail server for alerts, as in ``smtp://user:password@mail.example.com:587`` (STARTTLS,
    never without it) or ``smtps://mail.example.com``; ``?tls=off``: in clear. Empty: no mail."""

    mail_from: str = ""
    """Whom mail comes from, as in ``Qhronos <qhronos@example.com>``. Empty: the user of
    ``QHRONOS_SMTP_URL`` if that is an address, else ``qhronos`` at its host."""

    mail_domains: tuple[str, ...] = ()
    """Domains that mail of alerts may go to, as in ``example.com,example.org``. Empty: any, but
    then only admins may have mail sent."""

    store_fsync: str = "always"
    """The store of ``make run`` writes to disk ``always`` before it answers, or ``everysec``, which
    may lose the last two seconds in a crash."""

    log_level: str = "INFO"
    """The least important messages that are logged."""

    log_format: str = "text"
    """The form of the log: lines of text, or one JSON object a line."""

    log_sample: int = 100
    """What failed or was late has a line in the log, and one in so many others. 0: none of them."""

    disk_free: str = "5%,1GiB"
    """How much of the data directory's disk has to be free: ``5%,1GiB`` is both. 0: any."""

    canary_ms: int = 0
    """How often the instance delivers something to itself, to see that it can. Empty: never."""

    canary_url: str = ""
    """Where workers reach the API for that. Empty: the public URL, or their own host's port."""

    def __post_init__(self) -> None:
        """Make secrets of what is marked so."""
        for each in fields(self):
            if each.metadata.get("kind") is SecretText:
                value = getattr(self, each.name)
                if not isinstance(value, SecretText):
                    object.__setattr__(self, each.name, SecretText(value))

    @property
    def secrets(self) -> list[str]:
        """Every secret that is set, with the passwords of URLs."""
        values = [getattr(self, each.name) for each in fields(self)]
        found = [value for value in values if isinstance(value, SecretText) and value]
        return [*found, *passwords(self.redis_url), *passwords(self.broker_url)]

    @property
    def broker(self) -> str:
        """RQ's Redis."""
        return self.broker_url or self.redis_url

    @property
    def store_login(self) -> Login:
        """With what processes log in to the store."""
        return self._login(self.redis_password)

    @property
    def broker_login(self) -> Login:
        """With what they log in to RQ's Redis."""
        return self._login(self.broker_password) if self.has_own_broker else self.store_login

    def _login(self, password: str) -> Login:
        sentinel = cast("SecretText", self.sentinel_password)
        return Login(cast("SecretText", password), self.sentinel_user, sentinel)

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
