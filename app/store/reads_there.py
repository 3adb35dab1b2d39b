"""Reads of many partitions that do without those whose shard is away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.store.connection import StoreClient


def read_there(client: StoreClient, command: str, keys: Iterable[bytes], *rest: str | int) -> Any:
    """As ``StoreClient.read_each``; on a cluster, ``None`` for what a shard that is away has.

    Raises ``StoreUnavailable`` if all are.
    """
    if not client.is_cluster:
        return client.read_each(command, keys, *rest)
    pipe = client.pipeline(transaction=False)
    for key in keys:
        pipe.execute_command(command, key, *rest)  # type: ignore[no-untyped-call]
    return there(pipe.execute(raise_on_error=False))


def there(replies: list[Any]) -> list[Any]:
    """Replies of a pipeline, ``None`` for each that is an error; if all are, raises the first."""
    if replies and all(isinstance(one, Exception) for one in replies):
        raise replies[0]
    return [None if isinstance(one, Exception) else one for one in replies]
