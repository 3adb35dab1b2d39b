"""Which variable ``QHRONOS_…`` is which setting, and how it is read: once, and all together.

Each variable can also be read from a file named by ``QHRONOS_…_FILE``; a ``.env`` file beside
the project is honoured, the real environment wins. An empty value means the default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from app.config import PREFIX, Settings
from app.domain.archive_url import check_archive_url
from app.domain.cluster_urls import is_cluster_url
from app.domain.comma_lists import member_names, metric_hosts, metric_tags, origins
from app.domain.durability import read_durability
from app.domain.free_space import parse_free_space
from app.domain.ids import MAX_PARTITIONS
from app.domain.mail import check_sender, mail_domains, mail_server
from app.domain.secret import FileSecret
from app.domain.signing import signing_key
from app.domain.signing_keys import signing_keys
from app.domain.store_urls import has_password
from app.domain.weights import read_weights
from app.errors import ConfigError
from app.otel_variables import check_traces
from app.setting_readers import (
    MIN_CHOSEN_SECRET,
    MIN_SECRET_BYTES,
    accepted,
    boolean,
    broker_url,
    choice,
    duration,
    environment,
    integer,
    plain,
    private_targets,
    proxies,
    public_url,
    rate_limit,
    raw_value,
    redis_url,
    secret,
)

T = TypeVar("T")


def converted(read: Callable[[str], T]) -> Callable[[str], T]:
    """What a rule of the domain reads from a text."""

    def parse(text: str) -> T:
        accepted(read)(text)
        return read(text)

    return parse


_DAY = 86_400_000
READERS: dict[str, Callable[[str], Any]] = {
    "HOST": str,
    "PORT": integer(1, 65_535),
    "REDIS_URL": redis_url,
    "BROKER_URL": broker_url,
    "REDIS_PASSWORD": str,
    "BROKER_PASSWORD": str,
    "SENTINEL_USER": str,
    "SENTINEL_PASSWORD": str,
    "DURABILITY": converted(read_durability),
    "DURABILITY_REPLICAS": integer(1, 16),
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
    "RETENTION_PER_EVENT": integer(0, 10_000_000),
    "RETENTION_MAX_BYTES": integer(0, 1 << 50),
    "ARCHIVE_URL": accepted(check_archive_url),
    "RETENTION_AUDIT": duration(1_000, 36_500 * _DAY),
    "AUDIT_MAX_BYTES": integer(0, 1 << 50),
    "RATE_LIMIT": rate_limit,
    "INDEXED_METADATA": converted(member_names),
    "MAX_BODY_BYTES": integer(1_024, 16_777_216),
    "MAX_EVENTS_PER_SUB": integer(0, 999_999_999),
    "MAX_OCCURRENCES_PER_SUB": integer(0, 999_999_999),
    "TENANT_WEIGHTS": converted(read_weights),
    "MAX_OCCURRENCES_PER_MINUTE": integer(0, 60),
    "METRICS_PUBLIC": boolean,
    "METRICS_TAGS": converted(metric_tags),
    "METRICS_TARGETS": converted(metric_hosts),
    "DOCS_PUBLIC": boolean,
    "CORS_ORIGINS": converted(origins),
    "TRUSTED_PROXIES": proxies,
    "PUBLIC_URL": public_url,
    "SMTP_URL": accepted(mail_server),
    "MAIL_FROM": accepted(check_sender),
    "MAIL_DOMAINS": converted(mail_domains),
    "STORE_FSYNC": choice("always", "everysec"),
    "LOG_LEVEL": choice("DEBUG", "INFO", "WARNING", "ERROR"),
    "LOG_FORMAT": choice("text", "json"),
    "LOG_SAMPLE": integer(0, 1_000_000),
    "CANARY": duration(5_000, 3_600_000),
    "CANARY_URL": public_url,
    "DISK_FREE": accepted(parse_free_space),
}
REREAD = frozenset({"REDIS_PASSWORD", "BROKER_PASSWORD", "SENTINEL_PASSWORD"})
"""What is read from its file again and again: it may change while processes run."""

FIELD_OF = {
    name: f"{name.lower()}_ms" if f"{name.lower()}_ms" in Settings.__slots__ else name.lower()
    for name in READERS
}


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read environment variables; raises one ``ConfigError`` that names all wrong ones."""
    values, problems = dict[str, Any](), list[str]()
    for name, read in READERS.items():
        variable = PREFIX + name
        try:
            if text := raw_value(environ, variable):
                values[FIELD_OF[name]] = read(text)
                if name in REREAD and (path := environ.get(f"{variable}_FILE")):
                    values[FIELD_OF[name]] = FileSecret.of(text, plain(path))
        except ValueError as error:
            problems.append(f"{variable} {error}")
        except OSError:
            problems.append(f"{variable}_FILE names a file that can't be read")
    problems += [*_two_passwords(values), *_no_broker(values)]
    if not problems:
        return Settings(**values)
    raise ConfigError("Wrong settings: " + "; ".join(problems) + ".")


def _two_passwords(values: Mapping[str, Any]) -> Iterator[str]:
    """Say where a password is given beside one that is in a URL."""
    for name in ("REDIS", "BROKER"):
        url, password = (values.get(f"{name.lower()}_{what}", "") for what in ("url", "password"))
        if password and has_password(url):
            yield (
                f"{PREFIX}{name}_PASSWORD is set, and {PREFIX}{name}_URL has a password in it too: "
                "keep one of them"
            )


def _no_broker(values: Mapping[str, Any]) -> Iterator[str]:
    """Say that the broker is missing: that of one server is the store, if no other is named."""
    if is_cluster_url(values.get("redis_url", "")) and not values.get("broker_url"):
        yield (
            f"{PREFIX}REDIS_URL leads to a cluster, over which RQ's queues can't be spread: set "
            f"{PREFIX}BROKER_URL to one server, as in redis://localhost:6379/0"
        )


def production_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings of a production start, with ``.env`` under the given environment.

    Raises ``ConfigError`` for settings that are wrong, and for missing secrets or no store.
    """
    merged = environment(environ)
    settings = load_settings(merged)
    check_traces(merged)
    settings.require_secrets()
    settings.require_store()
    if settings.canary_ms and settings.partitions == MAX_PARTITIONS:
        raise ConfigError(
            f"{PREFIX}CANARY needs a partition of its own, and {PREFIX}PARTITIONS leaves none: "
            f"leave it out, or begin with fewer than {MAX_PARTITIONS}."
        )
    return settings
