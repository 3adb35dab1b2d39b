"""What live connections ask of the store: who may connect, and what becomes of what they say.

Every call waits for the store, so a thread makes it; every call raises ``StoreUnavailable``.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from app.api.http.credentials import Bearer
from app.clock import Clock
from app.crypto.ack_tokens import AckTokens
from app.domain import ids
from app.domain.access import Access
from app.domain.action import CLIENT
from app.engine.acknowledgements import Acknowledgements
from app.errors import Conflict, Forbidden, NotFound, Unauthenticated
from app.live.connected import Subscription
from app.live.messages import Ack, ClientHook, TagListener
from app.services.tokens import TokenService
from app.store.live import KEEP_MS, TOLD_MS, LiveStore, Told, order_of
from app.store.occurrences import OccurrenceStore

log = logging.getLogger(__name__)

EXTENSION = "qhronos-live"
"""Where an application has what makes its desk: what speaks to the store is made when it serves."""

MOST_OF_ONE_NAME = 100
"""How many connections one client name may have, in all processes: each is looked at in turn.

Those of tokens of another scope do not count: else a tenant could shut out another one's client."""

MAY_NOT_ACT = (
    "A client-hook needs a token whose access is read_write or admin, with every tag of the events "
    "that it is to receive in its scope."
)
MAY_NOT_READ = "A tag-listener needs a token whose access is read, read_write or admin."
NOT_ITS_OWN = "No occurrence with this id waits for this client."
GONE = "the client's connection ended before it acknowledged"


@dataclass(frozen=True, slots=True)
class Desk:
    """One for each process. ``judge`` tells whose a token is; it raises ``Unauthenticated``."""

    judge: Callable[[bytes], Bearer]
    live: LiveStore
    acknowledgements: Acknowledgements
    ack_tokens: AckTokens
    occurrences: OccurrenceStore
    tokens: TokenService
    clock: Clock
    process: str = field(default_factory=lambda: secrets.token_hex(8))
    """The name of this process among those that have live connections."""

    def admit(self, first: ClientHook | TagListener, number: int) -> Bearer:
        """Who connects; ``number`` is the connection's.

        Raises ``Unauthenticated``, ``Forbidden`` and ``Conflict``.
        """
        bearer = self.judge(first.token.encode("utf-8", "replace"))
        access = bearer.access
        if isinstance(first, TagListener):
            if not access.can_read:
                raise Forbidden(MAY_NOT_READ)
            self.listen(first.tags)
            return bearer
        if not (access.can_read and access.can_write):
            raise Forbidden(MAY_NOT_ACT)
        name, most = first.client_name, MOST_OF_ONE_NAME
        if not self.live.connect(name, self._named(number), _scope(access), most):
            raise Conflict(f"{most} connections have this client_name already; close some.")
        return bearer

    def connect(self, name: str, number: int, access: Access) -> None:
        """Have a connection be sent what its client name is to receive, or go on so."""
        self.live.connect(name, self._named(number), _scope(access))

    def disconnect(self, name: str, number: int, pending: Mapping[str, int]) -> None:
        """A connection is over: what it has not acknowledged has failed, for now.

        ``pending`` has the attempt by the occurrence's id.
        """
        self.live.disconnect(name, self._named(number))
        for occurrence_id, attempt in pending.items():
            self.fail(occurrence_id, attempt)

    def fail(self, occurrence_id: str, attempt: int) -> None:
        """The connection of a client was over before it could acknowledge."""
        raw = ids.from_text(occurrence_id, version=8)
        if raw is None:
            return
        token = self.ack_tokens.of(raw, attempt)
        try:
            self.acknowledgements.nack(occurrence_id, token, GONE, retry=True)
        except (Conflict, NotFound):
            return  # it has ended meanwhile

    def note_waiting(self, name: str, number: int, count: int) -> None:
        """Say how many messages a connection has not acknowledged."""
        self.live.note_waiting(name, self._named(number), count)

    def listen(self, tags: Iterable[str]) -> None:
        """Have what bears one of these tags be told; to be said again within ``KEEP_MS``."""
        self.live.listen(tags, self.clock.now_ms() + KEEP_MS)

    def subscribe(self, subscription: Subscription) -> tuple[bytes, bool]:
        """Have what a stream wants be told; returns the position from which on it has all of it.

        And whether something may be missing before that.
        """
        self.keep_subscribed(subscription.interest)
        after, newest = subscription.after, self.live.told_until_now()
        if after is None:
            return newest, False
        if order_of(after) > order_of(newest):
            return newest, True  # the store has forgotten what was told, or another one told it
        oldest, after_ms = self.live.oldest_told(), order_of(after)[0]
        is_kept = oldest is None or order_of(after) >= order_of(oldest)
        return after, not is_kept or after_ms < self.clock.now_ms() - TOLD_MS

    def page_after(self, position: bytes, limit: int) -> tuple[list[Told], bool]:
        """What was told after a position, and whether some of it may be missing."""
        page = self.live.told_after(position, limit)
        return page, bool(page) and self.live.is_missed_after(position, self.clock.now_ms())

    def keep_subscribed(self, interest: Iterable[str]) -> None:
        """Have this be told for as long as a stream may be away and come back."""
        self.live.listen(interest, self.clock.now_ms() + TOLD_MS)

    def ack(self, ack: Ack, name: str, attempt: int | None, access: Access) -> None:
        """Complete an occurrence; ``attempt``: the one that this very connection was sent.

        ``name`` is its client's.

        Raises ``NotFound``, ``Forbidden`` and ``Conflict``.
        """
        raw = ids.from_text(ack.occurrence_id, version=8)
        if raw is None:
            raise NotFound(NOT_ITS_OWN)
        if attempt is None:
            # It was sent before this client has connected anew.
            occurrence = self.occurrences.get(raw)
            if not access.sees(occurrence.tags) or ids.to_text(occurrence.event_id) != ack.event_id:
                raise NotFound(NOT_ITS_OWN)
            if not access.may_change(occurrence.tags):
                raise Forbidden(MAY_NOT_ACT)
            if not self.acknowledgements.may_be_of(raw, f"{CLIENT}{name}"):
                raise NotFound(NOT_ITS_OWN)
            attempt = occurrence.attempt_count
        try:
            self.acknowledgements.ack(ack.occurrence_id, self.ack_tokens.of(raw, attempt))
        except Unauthenticated:
            raise NotFound(NOT_ITS_OWN) from None

    def ended(self, bearers: Iterable[Bearer]) -> dict[str, str]:
        """Which of these tokens hold no more, by their ids, and why."""
        found: dict[str, str] = {}
        for bearer in bearers:
            if bearer.credential is not None:
                reason = self.tokens.end_of(bearer.credential, bearer.access.subject)
                if reason is not None:
                    found[bearer.credential.jti] = reason
        return found

    def _named(self, number: int) -> str:
        return f"{self.process}:{number}"


def _scope(access: Access) -> frozenset[str] | None:
    return None if access.is_admin else access.scope
