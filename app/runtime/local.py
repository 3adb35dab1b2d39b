"""What ``make run`` and ``make demo`` know about the instance on this machine."""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.config import PREFIX, Settings
from app.runtime.secrets import made_secrets, secret_path
from app.setting_variables import load_settings

LOCAL_TARGETS = "127.0.0.0/8,::1/128"
"""Where webhooks of a local run may go beside public addresses, if no setting says otherwise."""


@dataclass(frozen=True, slots=True)
class LocalRun:
    """The settings of a local run, as an environment for its processes and as values."""

    environ: Mapping[str, str]
    settings: Settings
    made: frozenset[str]
    """Which settings nobody gave: secrets that were made, targets that were assumed."""

    def with_setting(self, name: str, value: str) -> LocalRun:
        """Answer the same run with one more setting; ``name`` is as in ``REDIS_URL``."""
        environ = {**self.environ, PREFIX + name: value}
        environ.pop(f"{PREFIX}{name}_FILE", None)
        return LocalRun(environ, load_settings(environ), self.made | {name})


def prepare(
    environ: Mapping[str, str],
    secrets: Callable[[Settings], Mapping[str, str]] = made_secrets,
) -> LocalRun:
    """Complete the settings with what only a local run assumes or makes for itself.

    Raises ``ConfigError`` if a setting is wrong or the data directory can't be used.
    """
    run = LocalRun(environ, load_settings(environ), frozenset())
    targets = f"{PREFIX}ALLOW_PRIVATE_TARGETS"
    if not environ.get(targets) and not environ.get(f"{targets}_FILE"):
        run = run.with_setting("ALLOW_PRIVATE_TARGETS", LOCAL_TARGETS)
    for name, secret in secrets(run.settings).items():
        run = run.with_setting(name.upper(), secret)
    return run


def base_url(settings: Settings) -> str:
    """Say where this machine reaches the API."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def reaches_loopback(settings: Settings) -> bool:
    """Tell whether webhooks may go to 127.0.0.1."""
    policy, loopback = settings.allow_private_targets, ipaddress.ip_address("127.0.0.1")
    return policy.allow_all or any(loopback in network for network in policy.allowed)


def token_file(run: LocalRun) -> Path | None:
    """Say which file holds the master token, if one does."""
    if "MASTER_TOKEN" in run.made:
        return secret_path(run.settings.data_dir, "master_token")
    given = run.environ.get(f"{PREFIX}MASTER_TOKEN_FILE")
    return Path(given).absolute() if given else None


def example(run: LocalRun, webhook: str) -> str:
    """Write a ``curl`` line that has a webhook sent two seconds after it is run.

    The shell looks the master token up, so that it is never printed. The service adds the two
    seconds: ``date`` has other options on every system.
    """
    file = token_file(run)
    token = f"$(cat {shlex.quote(str(file))})" if file else f"${PREFIX}MASTER_TOKEN"
    return (
        f"curl -s -X POST {base_url(run.settings)}/events "
        f'-H "Authorization: Bearer {token}" '
        "-H 'Content-Type: application/json' "
        f'-d \'{{"name":"hello","delay":"2s","webhook":"{webhook}","tags":["demo"]}}\''
    )
