"""What a store has, read from end to end, and whether it holds together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from app.backup.moved_events import settle_moves
from app.backup.packing import BackupHeader
from app.backup.wording import BackupRefused, plural
from app.domain import ids
from app.domain.audit import ChainBroken, check, line
from app.domain.event import EventStatus
from app.domain.occurrence import OccurrenceStatus
from app.domain.times import to_rfc3339
from app.errors import LaterStore
from app.store import keys, token_keys
from app.store.audit import AuditLog
from app.store.connection import StoreClient
from app.store.coordination import Coordination
from app.store.fields import EventField
from app.store.leaves import leaf_sizes
from app.store.migrations.schema import NEWEST, Schema
from app.store.occurrences import OccurrenceStore
from app.store.scripts import Scripts
from app.store.whereabouts import read_events

BATCH = 1_000

Tell = Callable[[Iterable[bytes]], object]


@dataclass(slots=True)
class Survey:
    """What a store has."""

    partitions: int = 1
    events: dict[str, int] = field(default_factory=dict)
    occurrences: dict[str, int] = field(default_factory=dict)
    due_then: int = 0
    """What had fallen due when the backup was taken, or was under way."""

    due_since: int = 0
    """What has fallen due since then."""

    audit_entries: int = 0
    tokens: int = 0
    problems: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """What there is, for people."""
        yield f"{plural(sum(self.events.values()), 'event')}: {_counts(self.events)}"
        yield f"{plural(sum(self.occurrences.values()), 'occurrence')}: {_counts(self.occurrences)}"
        yield (
            f"{plural(self.tokens, 'token')}, {self.audit_entries:,} entries of the audit log, "
            f"{plural(self.partitions, 'partition')}"
        )


def prepare(client: StoreClient, header: BackupHeader, name: str) -> int:
    """Bring a loaded backup to the form of this version; returns how many partitions it has.

    Raises ``BackupRefused`` for one of a later version.
    """
    partitions = Coordination(client).follow_partitions()
    try:
        Schema(client, Scripts(client), partitions).migrate()
    except LaterStore:
        raise BackupRefused(
            f"{name} was made by Qhronos {header.version} (its schema is {header.schema}, this "
            f"version knows {NEWEST}): use that version or a later one."
        ) from None
    settle_moves(client, partitions)
    return partitions


def survey(
    client: StoreClient,
    partitions: int,
    taken_ms: int,
    now_ms: int,
    tell: Tell = lambda _some: None,
) -> Survey:
    """Read a store that nobody writes to.

    ``tell`` is given the ids of what is due or under way: it may have been delivered since.
    """
    found = Survey(partitions)
    for partition in range(partitions):
        _events(client, partition, found)
        _occurrences(client, partition, found, taken_ms, now_ms, tell)
    found.tokens = int(client.zcard(token_keys.TOKENS))
    try:
        log = AuditLog(client, Scripts(client))
        found.audit_entries = check(_audit_lines(log)).entries
    except ChainBroken as error:
        found.problems.append(f"the audit log does not hold together: {error.message}")
    return found


def _events(client: StoreClient, partition: int, found: Survey) -> None:
    for status in EventStatus:
        place = keys.events(partition, status)
        found.events[status] = found.events.get(status, 0) + int(client.zcard(place))
        for some in _scored(client, place):
            rows = read_events(client, [*some], (EventField.VERSION,))
            for one, (version,) in zip(some, rows, strict=True):
                if version is None or ids.partition_of_event(one) != partition:
                    found.problems.append(f"event {ids.to_text(one)} is listed and not there")


def _occurrences(
    client: StoreClient, partition: int, found: Survey, taken_ms: int, now_ms: int, tell: Tell
) -> None:
    lists = [keys.occurrences(partition, status) for status in OccurrenceStatus]
    packed = leaf_sizes(client, partition, lists)
    for status, place, more in zip(OccurrenceStatus, lists, packed, strict=True):
        listed = int(client.zcard(place)) + more
        found.occurrences[status] = found.occurrences.get(status, 0) + listed
    store = OccurrenceStore(client)
    lanes = cast("list[bytes]", client.zrange(keys.lanes(partition), 0, -1))
    for lane in lanes:
        for some in _scored(client, keys.due(partition, int(lane))):
            ids.found_in(partition, some)
            there = {one.id for one in store.get_many([*some]) if one is not None}
            found.problems += [
                f"occurrence {ids.to_text(one)} is due and not there"
                for one in some
                if one not in there
            ]
            found.due_then += sum(at <= taken_ms for at in some.values())
            found.due_since += sum(taken_ms < at <= now_ms for at in some.values())
            tell(one for one, at in some.items() if at <= now_ms)
    flows = cast("list[bytes]", client.zrange(keys.flowing(partition), 0, -1))
    waiting = (keys.flow_waiting(partition, flow) for flow in flows)
    for place in (keys.leases(partition), keys.unacknowledged(partition), *waiting):
        for some in _scored(client, place):
            found.due_then += len(some)
            tell(one[-16:] for one in some)  # (a flow has their events before them)


def _scored(client: StoreClient, place: bytes) -> Iterator[dict[bytes, float]]:
    """The members of a sorted set with their scores, some at a time."""
    cursor = 0
    while True:
        cursor, some = cast(
            "tuple[int, list[tuple[bytes, float]]]", client.zscan(place, cursor, count=BATCH)
        )
        if some:
            yield dict(some)
        if not cursor:
            return


def _audit_lines(log: AuditLog) -> Iterator[str]:
    page = log.oldest_first(None, BATCH)
    while page:
        yield from (line(one.text, one.previous, one.digest) for one in page)
        page = log.oldest_first(page[-1].position, BATCH)


def _counts(counts: dict[str, int]) -> str:
    some = [f"{number:,} {name}" for name, number in counts.items() if number]
    return ", ".join(some) or "none"


def described(header: BackupHeader, *, is_encrypted: bool) -> str:
    """What a backup is, in a sentence."""
    kind = "encrypted" if is_encrypted else "not encrypted"
    return (
        f"taken {to_rfc3339(header.taken_ms)} by Qhronos {header.version} from {header.server} "
        f"(schema {header.schema}, {kind})"
    )


def refuse_problems(name: str, problems: Sequence[str]) -> None:
    """Raise ``BackupRefused`` if a backup does not hold together."""
    if problems:
        more = f", and {len(problems) - 1:,} more" if len(problems) > 1 else ""
        raise BackupRefused(f"{name} does not hold together: {problems[0]}{more}.")
