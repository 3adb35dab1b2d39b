"""JWTs: register, list and revoke them, and check each one when it is used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.clock import Clock
from app.domain.access import Access, Credential, TokenRecord
from app.domain.ids import to_text
from app.errors import Conflict, NotFound, Unauthenticated
from app.services.cursors import Cursors
from app.services.queries import Page
from app.store import indexes, token_keys
from app.store.selections import Selection
from app.store.tokens import BATCH, TokenStore

NOTE_USE_EVERY_MS = 60_000
"""How exactly the last use of a token is known; one in constant use costs a write a minute."""

_REMEMBERED = 1_024
"""Of how many tokens a process remembers when they were last used."""

MAX_OF_SUBJECT = 10_000
MAX_IN_ALL = 1_000_000
"""How many tokens may be valid at once."""

REVOKED = "This token was revoked; ask for a new one."
WAS_REVOKED = "the token that asked for it was revoked"
HAS_EXPIRED = "the token that asked for it has expired"

_JTI = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class TokenService:
    """The use cases around JWTs. Every call raises ``StoreUnavailable``: no token passes unchecked.

    ``lists`` walks indexes that have no partitions.
    """

    tokens: TokenStore
    lists: indexes.IndexReader
    cursors: Cursors
    clock: Clock
    _used_ms: dict[str, int] = field(default_factory=dict)
    """When tokens were last used, as far as this process has read or written it."""

    def check(self, jti: str, subject: str, issued_s: int, expires_ms: int) -> None:
        """Raise ``Unauthenticated`` if a token or all tokens of its subject were revoked.

        Costs one read, and one write a minute at the most.
        """
        standing = self.tokens.standing(jti, subject)
        barred = standing.barred_until_s
        if standing.revoked or (barred is not None and issued_s <= barred):
            raise Unauthenticated(REVOKED)
        now_ms = self.clock.now_ms()
        used_ms = standing.last_used_ms or 0
        if now_ms - used_ms >= NOTE_USE_EVERY_MS:
            self.tokens.note_use(jti, now_ms, expires_ms)
            used_ms = now_ms
        if len(self._used_ms) >= _REMEMBERED:
            self._used_ms.clear()
        self._used_ms[jti] = used_ms

    def is_use_noted(self, jti: str) -> bool:
        """Whether the last use of a token is known well enough without a look at the store."""
        return self.clock.now_ms() - self._used_ms.get(jti, 0) < NOTE_USE_EVERY_MS

    def end_of(self, credential: Credential, subject: str) -> str | None:
        """Why a token is good no more, in words; ``None`` while it is. Costs one read."""
        standing = self.tokens.standing(credential.jti, subject)
        barred = standing.barred_until_s
        if standing.revoked or (barred is not None and credential.issued_s <= barred):
            return WAS_REVOKED
        return HAS_EXPIRED if credential.expires_ms <= self.clock.now_ms() else None

    def use_once(self, name: str, keep_s: int) -> bool:
        """Whether what is good for one use is used for the first time within so many seconds."""
        return self.tokens.use_once(name, keep_s)

    def require_room(self, subject: str) -> None:
        """Raise ``Conflict`` if there can't be one more token of a subject, or one more at all."""
        of_subject, in_all = self.tokens.counts(subject)
        if of_subject >= MAX_OF_SUBJECT or in_all >= MAX_IN_ALL:
            whose = (
                f"{MAX_IN_ALL} tokens"
                if in_all >= MAX_IN_ALL
                else (f"{MAX_OF_SUBJECT} tokens of this sub")
            )
            raise Conflict(
                f"There are {whose} that are valid; revoke some, or let them end sooner."
            )

    def issue_second(self, subject: str) -> int:
        """The issue time of a new token in seconds: later than any revocation of its subject."""
        now_s = self.clock.now_ms() // 1000
        barred = self.tokens.barred_until_s(subject)
        return now_s if barred is None else max(now_s, barred + 1)

    def register(self, jti: str, access: Access, expires_ms: int, purpose: str | None) -> None:
        """Register a new token."""
        self.tokens.add(TokenRecord(jti, access, self.clock.now_ms(), expires_ms, purpose))

    def list(self, subject: str | None, limit: int, cursor: str | None) -> Page[TokenRecord]:
        """List valid tokens, newest first; raises ``InvalidInput`` for a wrong cursor."""
        key = token_keys.TOKENS if subject is None else token_keys.tokens_of(subject)
        selection = Selection(any_of=(lambda _partition: key,))
        context = f"tokens {subject!r}"
        found, following = self.cursors.slice(self.lists, selection, cursor, context, limit)
        records = self.tokens.get_many([to_text(member) for member in found])
        items = tuple(record for record in records if record is not None)
        return Page(items, self.lists.total(selection).number, following)

    def revoke(self, jti: str) -> TokenRecord:
        """Revoke a token, at once and for good; raises ``NotFound``."""
        (token,) = self.tokens.get_many([jti]) if _JTI.fullmatch(jti) else [None]
        if token is None or not self.tokens.revoke([token]):
            raise NotFound("No token has this id; DELETE /tokens?sub=… revokes all of a subject.")
        return token

    def revoke_all(self, subject: str) -> int:
        """Revoke every token of a subject issued until now; returns how many were registered.

        Tokens that are not registered are refused by their issue time.
        """
        self.tokens.bar(subject, self.clock.now_ms() // 1000)
        revoked = 0
        while found := self.tokens.of_subject(subject, BATCH):
            revoked += self._revoke_listed(found, subject)
        return revoked

    def forget_ended(self, now_ms: int) -> int:
        """Delete the records of tokens that have expired; returns how many."""
        return self.tokens.forget_ended(now_ms, BATCH)

    def _revoke_listed(self, jtis: Sequence[str], subject: str) -> int:
        records = self.tokens.get_many(jtis)
        unknown = Access(subject, "read")
        return self.tokens.revoke(
            [
                record or TokenRecord(jti, unknown, 0, self.clock.now_ms())
                for jti, record in zip(jtis, records, strict=True)
            ]
        )
