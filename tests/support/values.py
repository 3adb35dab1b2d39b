"""The values of many keys, whatever kind they are of, as the client's own commands answer them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import redis

AT_ONCE = 500
"""Keys that one script reads: a store of a load test has many, and must go on."""

_READ = """
local read = {hash = {'HGETALL'}, zset = {'ZRANGE', 0, -1, 'WITHSCORES'}, set = {'SMEMBERS'},
  stream = {'XRANGE', '-', '+'}, string = {'GET'}}
local found = {}
for i, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  local command = read[kind]
  found[i] = {kind, command and redis.call(command[1], key, unpack(command, 2)) or false}
end
return found
"""


def values_of(client: redis.Redis, keys: Sequence[bytes]) -> Iterator[Any]:
    """The value of each key: bytes, a set, a mapping (of members to scores, too), or entries.

    ``None``, or nothing in it, for one that has expired meanwhile. One server reads them in a
    script: a test that compares all there is after every call spends most of its time with this.
    """
    if getattr(client, "is_cluster", False):
        yield from one_by_one(client, keys)
        return
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        try:
            rows: Any = client.eval(_READ, len(some), *some)
        except redis.exceptions.ClusterCrossSlotError:  # it is one node of a cluster
            yield from one_by_one(client, some)
        else:
            yield from (_plain(kind, value) for kind, value in rows)


def _plain(kind: bytes, value: Any) -> Any:
    if kind == b"hash":
        return dict(zip(value[::2], value[1::2], strict=True))
    if kind == b"zset":
        return dict(zip(value[::2], map(float, value[1::2]), strict=True))
    if kind == b"set":
        return set(value)
    if kind == b"stream":
        return [(at, dict(zip(row[::2], row[1::2], strict=True))) for at, row in value]
    return value


def one_by_one(client: redis.Redis, keys: Sequence[bytes]) -> Iterator[Any]:
    """The keys of a cluster are on several servers."""
    pipe = client.pipeline(transaction=False)
    for key in keys:
        pipe.type(key)
    kinds = pipe.execute()
    for key, kind in zip(keys, kinds, strict=True):
        if kind == b"hash":
            pipe.hgetall(key)
        elif kind == b"zset":
            pipe.zrange(key, 0, -1, withscores=True)
        elif kind == b"set":
            pipe.smembers(key)
        elif kind == b"stream":
            pipe.xrange(key)
        else:
            pipe.get(key)
    for kind, value in zip(kinds, pipe.execute(), strict=True):
        yield dict(value) if kind == b"zset" else value
