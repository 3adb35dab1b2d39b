"""Live connections: which clients are connected to which process, and what they are sent.

Nothing here is a record: what is lost with it is sent again. Times are ms UTC.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import redis

from app.errors import StoreUnavailable
from app.store import live_keys
from app.store.calls import Call
from app.store.codec import join_tags, split_tags
from app.store.connection import StoreClient
from app.store.fields import ToldField
from app.store.scripts import Argument, Scripts

KEEP_MS = 60_000
"""How long a connection counts as there, unless its process renews that."""

WINDOW = 100
"""How many messages a connection may have that it has not acknowledged."""

TOLD_MS = 600_000
TOLD_MOST = 10_000
"""How long, and how many, entries for listeners are kept: for those that come back."""

READ_S = 5.0
"""How long the rest of a message may take of which a part has come."""

PASSED_ON, NOBODY, BUSY = 1, 0, -1
"""What became of a message that was offered to the connections of a client."""


BEGINS, CHANGE = "event", "change"
"""The kinds of what is told: an occurrence is delivered; or something has changed."""


class ClientMessage(NamedTuple):
    """What one client is to be sent; ``content`` is for the process that has its connection."""

    client_name: str
    tags: Sequence[str]
    content: bytes


class LiveEntry(NamedTuple):
    """What listeners are to be told: JSON."""

    tags: Sequence[str]
    kind: str
    message: bytes


class Hint(NamedTuple):
    """Something has changed, or several things that have these tags together."""

    tags: tuple[str, ...]


class Told(NamedTuple):
    """One entry of what listeners were told; ``position`` is where it stands."""

    position: bytes
    tags: tuple[str, ...]
    message: bytes
    kind: bytes = BEGINS.encode()


Mail = bytes | Hint | None
"""What comes for one process: a message to pass on, a hint, or ``None``: tokens were revoked."""


def order_of(position: bytes) -> tuple[int, int]:
    """A position as what it is compared by; raises ``ValueError`` for what is none."""
    at, _, number = position.partition(b"-")
    return int(at), int(number or 0)


def offer_call(messages: Iterable[ClientMessage]) -> Call:
    """Offer messages, each to one connection; answers ``PASSED_ON``, ``NOBODY`` or ``BUSY``."""
    args: list[Argument] = [live_keys.PREFIX, WINDOW]
    for one in messages:
        args += [one.client_name, join_tags(one.tags), one.content]
    return Call("offer_messages", [live_keys.INTEREST], args)


class LiveStore:
    """Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def connect(
        self, name: str, connection: str, scope: frozenset[str] | None, most: int = 0
    ) -> bool:
        """Add a connection of a client, or renew it; ``scope``: ``None`` is all tags.

        ``most``: how many one scope may have; 0: any number. Returns whether it is there.
        """
        kinds = (live_keys.client, live_keys.scopes, live_keys.waiting)
        args: list[Argument] = [connection, _scope_text(scope), KEEP_MS, most]
        return bool(self._scripts("connect_client", [key(name) for key in kinds], args))

    def disconnect(self, name: str, connection: str) -> None:
        """Forget a connection."""
        pipe = self._client.pipeline()
        pipe.zrem(live_keys.client(name), connection)
        pipe.hdel(live_keys.scopes(name).decode(), connection)
        pipe.hdel(live_keys.waiting(name).decode(), connection)
        pipe.execute()

    def connections(self, name: str, scope: frozenset[str] | None) -> int:
        """How many connections a client has with tokens of a scope; ``None`` is all tags."""
        found = cast("list[bytes]", self._client.hvals(live_keys.scopes(name).decode()))
        return found.count(_scope_text(scope).encode())

    def note_waiting(self, name: str, connection: str, count: int) -> None:
        """Say how many messages a connection has not acknowledged."""
        pipe = self._client.pipeline(transaction=False)
        pipe.hset(live_keys.waiting(name).decode(), connection, str(count))
        pipe.pexpire(live_keys.waiting(name), KEEP_MS)
        pipe.execute()

    def listen(self, tags: Iterable[str], until_ms: int) -> None:
        """Have what bears one of these tags be told until then."""
        until = dict.fromkeys(tags, until_ms)
        if not until:
            return
        pipe = self._client.pipeline()
        pipe.zadd(live_keys.INTEREST, until, gt=True)
        pipe.pexpire(live_keys.INTEREST, 2 * TOLD_MS)
        pipe.pexpire(live_keys.INTEREST_VERSION, 2 * TOLD_MS)
        if pipe.execute()[0]:  # some are new
            # (Not a counter: after a pause it would have the numbers again that it had before.)
            version = secrets.token_hex(8)
            self._client.set(live_keys.INTEREST_VERSION, version, px=2 * TOLD_MS)

    def interest_version(self) -> bytes | None:
        """What changes when there is more that somebody listens to; ``None``: nothing ever."""
        return cast("bytes | None", self._client.direct("GET", live_keys.INTEREST_VERSION))

    def interest(self, now_ms: int) -> frozenset[str]:
        """The tags that somebody listens to; forgets those of which the time is over."""
        pipe = self._client.pipeline(transaction=False)
        pipe.zremrangebyscore(live_keys.INTEREST, "-inf", f"({now_ms}")
        pipe.zrange(live_keys.INTEREST, 0, -1)
        return frozenset(tag.decode() for tag in pipe.execute()[1])

    def tell(self, entries: Iterable[LiveEntry], now_ms: int) -> None:
        """Tell listeners."""
        args: list[Argument] = [TOLD_MOST, now_ms - TOLD_MS, TOLD_MS]
        for one in entries:
            args += [join_tags(one.tags), one.kind, one.message]
        self._scripts("tell_listeners", [live_keys.TOLD], args)

    def hint(self, tags: Sequence[str]) -> None:
        """Say that something with these tags has changed; who is not there does not hear it."""
        self._client.publish(live_keys.HINTS, join_tags(tags))

    def told_until_now(self) -> bytes:
        """The position of the newest entry."""
        found = cast("list[Any]", self._client.xrevrange(live_keys.TOLD, count=1))
        return found[0][0] if found else b"0-0"

    def oldest_told(self) -> bytes | None:
        """The position of the oldest entry that is kept."""
        found = cast("list[Any]", self._client.xrange(live_keys.TOLD, count=1))
        return found[0][0] if found else None

    def told_after(self, position: bytes, limit: int, wait_ms: int = 0) -> list[Told]:
        """What was told after a position; waits for it so long if there is nothing yet."""
        found = cast(
            "Any",
            self._client.xread({live_keys.TOLD: position}, count=limit, block=wait_ms or None),
        )
        rows = found[0][1] if found else []
        return [
            Told(
                at,
                split_tags(row[ToldField.TAGS.encode()]),
                row[ToldField.MESSAGE.encode()],
                row[ToldField.KIND.encode()],
            )
            for at, row in rows
        ]

    def is_missed_after(self, position: bytes, now_ms: int) -> bool:
        """Whether something that was told after a position may be forgotten by now."""
        pipe = self._client.pipeline(transaction=False)
        pipe.xrange(live_keys.TOLD, count=1)
        pipe.xlen(live_keys.TOLD)
        found, kept = cast("tuple[list[Any], int]", pipe.execute())
        if not found or order_of(found[0][0]) <= order_of(position):
            return False
        # By number or by age; else what is there is all that came after the position. (0: that is
        # the beginning of nothing, and has no age.)
        return kept >= TOLD_MOST or 0 < order_of(position)[0] < now_ms - TOLD_MS

    def mailbox(self, process: str) -> Mailbox:
        """Open the mailbox of a process."""
        return Mailbox(self._client, process)


def _scope_text(scope: frozenset[str] | None) -> str:
    if scope is None:
        return live_keys.EVERYTHING
    return "\n" + "".join(f"{tag}\n" for tag in sorted(scope))


class Mailbox:
    """Hears what one process is to pass on, hints, and that tokens were revoked."""

    def __init__(self, client: StoreClient, process: str) -> None:
        self._own = live_keys.mailbox(process)
        self._is_deaf = False
        self._pubsub = client.pubsub(ignore_subscribe_messages=False)  # type: ignore[no-untyped-call]
        try:
            self._pubsub.subscribe(self._own, live_keys.REVOKED, live_keys.HINTS)
            for _ in range(3):  # what confirms each
                if self._pubsub.get_message(timeout=5.0) is None:
                    raise StoreUnavailable
        except redis.exceptions.RedisError as error:
            self._pubsub.close()
            raise StoreUnavailable from error

    def receive(self, wait_s: float, limit: int) -> list[Mail]:
        """Return what has come; ``None`` stands for a revocation. Waits so long for the first.

        Raises ``StoreUnavailable``: then what comes meanwhile is lost, and this must be closed.
        What came before is returned first.
        """
        if self._is_deaf:
            raise StoreUnavailable
        found: list[Mail] = []
        try:
            self._gather(found, wait_s, limit)
        except (redis.exceptions.RedisError, StoreUnavailable) as error:
            if not found:
                raise StoreUnavailable from error
            self._is_deaf = True
        return found

    def _gather(self, found: list[Mail], wait_s: float, limit: int) -> None:
        message = self._pubsub.get_message(timeout=wait_s)
        while message is not None:
            if message["type"] == "subscribe":  # the client has connected anew by itself
                raise StoreUnavailable
            if message["type"] == "message":
                found.append(self._read(message["channel"], message["data"]))
            if len(found) >= limit or not self._has_more():
                break
            message = self._pubsub.get_message(timeout=READ_S)

    def _has_more(self) -> bool:
        """Whether more has begun to come.

        (A read without a timeout would give up a message of which a part is there, and with it the
        connection and all that is under way on it.)
        """
        connection = self._pubsub.connection
        return connection is not None and bool(connection.can_read(timeout=0))

    def _read(self, channel: bytes, data: bytes) -> Mail:
        if channel == live_keys.HINTS:
            return Hint(split_tags(data))
        return data if channel == self._own else None

    def close(self) -> None:
        """Let go of the connection."""
        self._pubsub.close()
