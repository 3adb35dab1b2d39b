"""How the store's server is set up and how full it is, as far as it may be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import redis

from app.errors import StoreUnavailable
from app.store.connection import StoreClient

SETTINGS = ("appendonly", "appendfsync", "save", "maxmemory", "maxmemory-policy")


@dataclass(frozen=True, slots=True)
class ServerState:
    """What matters for what may get lost; ``None``: the server does not say."""

    replica: bool | None = None
    is_cut_off: bool = False
    """Whether it is a replica that has lost its primary."""

    policy: str | None = None
    """What it does when it is full: ``maxmemory-policy``."""

    max_bytes: int | None = None
    """``maxmemory``, or without one the memory of its host."""

    limited: bool | None = None
    """Whether there is a ``maxmemory``: it is what eviction goes by."""

    used_bytes: int | None = None
    evicted: int = 0
    """How many keys it has thrown away since it began."""

    append_only: bool | None = None
    fsync: str | None = None
    """``appendfsync``: always, everysec or no."""

    snapshots: bool | None = None
    """Whether it saves snapshots by itself."""

    sentinel_faults: tuple[tuple[str, str], ...] = ()
    """What is wrong with the Sentinels that watch it: without hosts, and with them."""

    can_write: bool = True
    """Whether the last write of its files has worked."""


def read_state(client: StoreClient) -> ServerState:
    """Ask the server, with what rights there are. Raises ``StoreUnavailable`` if it is away."""
    info = _asked(client, "INFO")
    config = {
        name: _text(value)
        for each in SETTINGS  # one by one: Redis 6.2 takes no more
        for name, value in _asked(client, "CONFIG GET", each).items()
    }
    limit = _number(config.get("maxmemory", info.get("maxmemory")))
    append_only = config.get("appendonly", info.get("aof_enabled"))
    save = config.get("save")
    role = info.get("role")
    return ServerState(
        replica=None if role is None else role == "slave",
        is_cut_off=info.get("master_link_status") == "down",
        policy=config.get("maxmemory-policy", info.get("maxmemory_policy")),
        max_bytes=limit or _number(info.get("total_system_memory")),
        limited=None if limit is None else limit > 0,
        used_bytes=_number(info.get("used_memory" if limit else "used_memory_rss")),
        evicted=_number(info.get("evicted_keys")) or 0,
        append_only=None if append_only is None else append_only in ("yes", 1),
        fsync=config.get("appendfsync"),
        snapshots=None if save is None else bool(save.strip()),
        sentinel_faults=tuple(client.sentinel_faults()),
        can_write="err"
        not in (info.get("aof_last_write_status"), info.get("rdb_last_bgsave_status")),
    )


def _asked(client: StoreClient, *command: str) -> dict[str, Any]:
    """What the server says; nothing if it lets nobody ask, as hosted ones do."""
    try:
        # Without what makes of a refusal a store that is away: this one is none.
        found = redis.Redis.execute_command(client, *command)  # type: ignore[no-untyped-call]
    except redis.exceptions.ResponseError:
        return {}
    except redis.exceptions.RedisError as error:
        raise StoreUnavailable from error
    return {_text(name): value for name, value in found.items()}


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _number(value: object) -> int | None:
    return None if value is None else int(str(value))
