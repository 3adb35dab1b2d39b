"""Fills a store in the form that the first version had, whose data directory the tests keep.

What one event and its occurrence take there was read from ``data_of_b0f2240``. Nothing of the code
of today writes it. Half of the events wait for a far day. The others have run: of each of these
there is an occurrence with the record of its attempt.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable
from itertools import chain

from app.domain import ids
from app.domain.ids import EventIds
from app.store.connection import StoreClient
from app.store.partitions import in_slices

FAR_MS = 3_789_536_400_000
"""A moment in 2090."""

BATCH, PIPED = 100, 10

Row = list[bytes | str | int]

_WRITE = """
local prefix = 'qh:{0}:'
for i = 1, #ARGV, 7 do
  local event, occurrence, created, at, definition, tag, ended = unpack(ARGV, i, i + 6)
  local event_key, key = prefix .. 'event:' .. event, prefix .. 'occurrence:' .. occurrence
  redis.call('ZADD', prefix .. 'events', created, event)
  redis.call('ZADD', prefix .. 'tag:' .. tag .. ':events', created, event)
  redis.call('ZADD', prefix .. 'tag:' .. tag .. ':occurrences', at, occurrence)
  if ended == '' then
    redis.call('HSET', event_key, 'doc', definition, 'ver', 1, 'st', 'active', 'req',
      string.sub(event, 9), 'tags', tag, 'tv', string.sub(event, 9), 'next', at)
    redis.call('HSET', key, 'e', event, 'at', at)
    redis.call('ZADD', prefix .. 'occurrences:scheduled', at, occurrence)
    redis.call('ZADD', prefix .. 'due', at, occurrence)
  else
    redis.call('HSET', event_key, 'doc', definition, 'ver', 2, 'st', 'inactive', 'req',
      string.sub(event, 9), 'tags', tag, 'tv', string.sub(event, 9), 'up', ended)
    redis.call('HSET', key, 'e', event, 'at', at, 'st', 'completed', 'n', 1, 'l', '', 's', at,
      'ch', ended, 'tags', tag, 'sr', 1, 'c', ended, 'code', 200, 'body', '', 'err', '', 'log',
      '[1,' .. at .. '000,' .. ended .. '135,' .. ended .. '428,' .. ended
      .. '416,null,null,null,200,null,' .. ended .. ']\\n')
    redis.call('ZADD', prefix .. 'occurrences:completed', at, occurrence)
    redis.call('ZADD', event_key .. ':occurrences', at, occurrence)
    redis.call('ZADD', prefix .. 'ended', ended, occurrence)
    redis.call('ZADD', prefix .. 'inactive', ended, event)
  end
end
"""


def fill(client: StoreClient, count: int, url: str) -> None:
    """Make a store of so many events; none of them is due before 2090."""
    client.hset("qh:meta", mapping={"partitions": "1", "instance": secrets.token_hex(8)})
    made, base_ms = EventIds(), time.time_ns() // 1_000_000 - count // 10
    _write(
        client,
        (
            _row(made.make((base_ms + number // 10) * 1000, 0), number, url, has_run=number % 2 > 0)
            for number in range(count)
        ),
    )


def add_due(client: StoreClient, url: str, due_ms: Iterable[int]) -> None:
    """Add a one-time event for each of these moments."""
    made = EventIds()
    _write(
        client,
        (_row(made.make(time.time_ns() // 1000, 0), at, url, at_ms=at) for at in due_ms),
    )


def _write(client: StoreClient, rows: Iterable[Row]) -> None:
    script = client.script_load(_WRITE)
    pipe = client.pipeline(transaction=False)
    for some in in_slices(rows, BATCH, lambda _row: 1):
        pipe.evalsha(script, 0, *chain.from_iterable(some))
        if len(pipe) == PIPED:
            pipe.execute()
    pipe.execute()


def _row(
    event_id: bytes, number: int, url: str, *, at_ms: int = FAR_MS, has_run: bool = False
) -> Row:
    created_ms = ids.created_ms(event_id)
    if has_run:
        at_ms = created_ms
    given = {
        "name": f"job {number}",
        "start": at_ms,
        "about": "Run the daily backup of the customer's files",
        "to": url,
    }
    return [
        event_id, ids.occurrence_id(event_id, at_ms), created_ms, at_ms,
        json.dumps(given, separators=(",", ":")), "tag1" if number % 4 else "tag2",
        created_ms + 8 if has_run else "",
    ]  # fmt: skip
