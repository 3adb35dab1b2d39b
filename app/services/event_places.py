"""Where a new event is stored, and whether the key that its user gave it is free."""

from __future__ import annotations

import operator
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.access import Access
from app.domain.event import Event
from app.domain.flow import space_of
from app.domain.ids import names_reach, partition_of_event, place_of, to_text
from app.domain.once import Once, Repetition
from app.domain.options import EventOptions
from app.domain.partition_count import Count
from app.errors import Conflict, InvalidInput, QhronosError, ShardUnavailable
from app.services.event_changes import flow_of
from app.store.events import EventStore
from app.store.own_keys import partition_of_key
from app.store.partitions import by_partition

HIDDEN = "An event that this token does not see has this key; choose another."


class KeyTaken(Conflict):
    """Another event has this key."""


def in_key_space(given: Mapping[str, Any], access: Access) -> Mapping[str, Any]:
    """The fields of a new event; if they have a key, also whose it is."""
    return given if given.get("key") is None else {**given, "key_space": space_of(access)}


def partition_for(
    given: Mapping[str, Any],
    once: Once | None,
    store: EventStore,
    partitions: Count,
    wanted: int | None = None,
) -> int:
    """The partition of its key; else the wanted one; else any that is not known to be away.

    That is the same one for all events of a flow, or of a request that may be sent again. An event
    and its key are written in one step: raises ``InvalidInput`` if another partition is wanted.
    """
    if given.get("key") is not None:
        name = EventOptions(given).key_name or ""
        if wanted is not None:
            raise InvalidInput.field(
                "key", "must be left out where all events are created in one step (atomic)"
            )
        return partition_of_key(name, operator.index(partitions))
    if wanted is not None:
        return wanted
    if (flow := flow_of(given)) is not None:
        return place_of(zlib.crc32(flow.encode()), operator.index(partitions))
    if once is not None:
        return home_of(once, partitions) if once.place is None else once.place
    return store.any_of(partitions)


def partition_of_batch(repetition: Repetition | None, store: EventStore, partitions: Count) -> int:
    """Where all events of a batch are: the same place each time that the request is sent.

    It stays where it is if the store gets more partitions meanwhile.
    """
    if repetition is None:
        return store.any_of(partitions)
    number = zlib.crc32(repetition.seed)
    if repetition.partitions is not None:
        return number % repetition.partitions
    return place_of(number, operator.index(partitions))


def place_apart(
    given: Mapping[str, Any], once: Once, store: EventStore, partitions: Count
) -> int | None:
    """Where an event may be that a key makes: any partition, of which most are not the key's home.

    ``None``: at that home, or where its own key or its flow is. So it is if names reach all
    partitions: then a key and what it makes are written in one step.
    """
    number = operator.index(partitions)
    if names_reach(number) or given.get("key") is not None or flow_of(given) is not None:
        return None
    place = store.any_of(number)
    return None if place == home_of(once, number) else place


def home_of(once: Once, partitions: Count) -> int:
    """The partition in which it is noted what an idempotency key has made, wherever that is."""
    return place_of(zlib.crc32(once.name), operator.index(partitions))


def refuse_made(store: EventStore, draft: Event, once: Once | None, partitions: Count) -> None:
    """Raise ``AlreadyMade`` if a key has made an event where a new one is going to be.

    At the home of the key the caller has looked.
    """
    partition = partition_of_event(draft.id)
    if once is not None and partition != home_of(once, partitions):
        store.refuse_duplicate(partition, once)


def taken_keys(
    store: EventStore, drafts: Sequence[Event], access: Access
) -> dict[bytes, QhronosError]:
    """Which new events, by their ids, have keys that others have, and what to say of each.

    Or that the shard where it has to be is away. It takes two round trips, or none if none has a
    key.
    """
    named = [one for one in drafts if one.options.key_name is not None]
    try:
        return _taken_keys(store, named, access)
    except ShardUnavailable:
        found: dict[bytes, QhronosError] = {}
        for some in by_partition(named, lambda one: partition_of_event(one.id)).values():
            try:
                found |= _taken_keys(store, some, access)
            except ShardUnavailable as error:
                found |= dict.fromkeys((one.id for one in some), error)
        return found


def _taken_keys(
    store: EventStore, named: Sequence[Event], access: Access
) -> dict[bytes, QhronosError]:
    found = store.keyed([one.options.key_name or "" for one in named]) if named else []
    return {
        draft.id: _taken(holder, access)
        for draft, holder in zip(named, found, strict=True)
        if holder is not None and holder.id != draft.id
    }


def refuse_taken_key(store: EventStore, draft: Event, access: Access) -> None:
    """Raise ``KeyTaken`` if another event has the key of a new one."""
    if draft.options.key_name is not None:
        for error in taken_keys(store, [draft], access).values():
            raise error


def _taken(holder: Event, access: Access) -> KeyTaken:
    if not access.sees(holder.tags):
        return KeyTaken(HIDDEN)
    message = f"is that of the event {to_text(holder.id)}; change that one, or choose another key"
    return KeyTaken(f"key: {message}", fields={"key": [message]})
