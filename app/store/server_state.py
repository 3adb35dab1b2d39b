"""How the store's server is set up and how full it is, as far as it may be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def read_states(client: StoreClient) -> dict[str, ServerState]:
    """Ask the server, or each node of a cluster that answers, with what rights there are.

    They are called as in ``StoreClient.on_each``. Raises ``StoreUnavailable`` if all are away.
    """
    infos = _asked(client, "INFO")
    # One by one: Redis 6.2 takes no more.
    answers = [_asked(client, "CONFIG GET", each) for each in SETTINGS]
    return {
        node: _state(client, info, [one.get(node, {}) for one in answers])
        for node, info in infos.items()
    }


def _state(
    client: StoreClient, info: Mapping[str, Any], configs: Iterable[Mapping[str, Any]]
) -> ServerState:
    config = {name: _text(value) for one in configs for name, value in one.items()}
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


def _asked(client: StoreClient, *command: str) -> dict[str, dict[str, Any]]:
    """What each server says; nothing if it lets nobody ask, as hosted ones do."""
    answers = client.on_each(*command)
    found: dict[str, dict[str, Any]] = {}
    for node, answer in answers.items():
        if isinstance(answer, dict):
            found[node] = {_text(name): value for name, value in answer.items()}
        elif isinstance(answer, redis.exceptions.ResponseError) or _is_refusal(answer):
            found[node] = {}
    if not found:
        raise StoreUnavailable from next(iter(answers.values()))
    return found


def _is_refusal(answer: object) -> bool:
    """Whether it is one of a node that answers: its client takes it for one that is away."""
    cause = answer.__cause__ if isinstance(answer, StoreUnavailable) else None
    return isinstance(cause, redis.exceptions.NoPermissionError)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _number(value: object) -> int | None:
    return None if value is None else int(str(value))
