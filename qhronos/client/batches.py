"""Many events: cut into requests that the service takes, and what became of each."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

from qhronos.client import calls
from qhronos.decoding import plain
from qhronos.errors import ApiError, Invalid
from qhronos.models import Created

MOST_EVENTS = 1_000
MOST_BYTES = 3_500_000
"""Of the events of a request; the service takes 4 MiB with all that is around them."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of one request; ``first`` is the place of the first of them among all."""

    first: int
    events: tuple[Mapping[str, Any], ...]
    atomic: bool
    key: str


def batches(
    events: Iterable[Mapping[str, Any]], *, atomic: bool, key: str | None
) -> Iterator[Batch]:
    """Cut events into batches; each has an idempotency key of its own, made from ``key``.

    Raises ``Invalid`` for an atomic batch that does not fit into one request.
    """
    key = key or str(uuid.uuid4())
    first, size = 0, 0
    waiting: list[Mapping[str, Any]] = []
    for event in events:
        written = plain(event)
        length = len(json.dumps(written, ensure_ascii=False).encode()) + 1
        if waiting and (len(waiting) == MOST_EVENTS or size + length > MOST_BYTES):
            if atomic:
                raise Invalid(
                    f"An atomic batch has at most {MOST_EVENTS:,} events and {MOST_BYTES:,} bytes: "
                    "send fewer, or leave atomic out.",
                    status=httpx.codes.REQUEST_ENTITY_TOO_LARGE,
                )
            yield Batch(first, tuple(waiting), atomic, f"{key}-{first}")
            first, size, waiting = first + len(waiting), 0, []
        waiting.append(written)
        size += length
    if waiting:
        yield Batch(first, tuple(waiting), atomic, f"{key}-{first}")


def answered(batch: Batch) -> calls.Call[tuple[Created, ...]]:
    """Make the call for a batch.

    A batch of which nothing was created is answered with the error of its first event, and says
    of each event what became of it, as any other.
    """

    def read(answer: httpx.Response) -> tuple[Created, ...]:
        found = calls.document(answer).get("results", [])
        results = Created.each_of(found)
        return tuple(replace(one, index=one.index + batch.first) for one in results)

    def instead(error: ApiError) -> tuple[Created, ...] | None:
        found = error.document.get("results")
        if not found:
            return None
        return tuple(replace(one, index=one.index + batch.first) for one in Created.each_of(found))

    body = {"events": batch.events, "atomic": batch.atomic}
    return replace(calls.post("/events/batch", read, body, key=batch.key), instead=instead)
