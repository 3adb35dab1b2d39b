"""JWTs: registering, listing, revoking, and what is held against one at the moment of use."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.clock import Clock
from app.domain.access import Access, TokenRecord
from app.domain.ids import to_text
from app.errors import NotFound, Unauthenticated
from app.services.cursors import Cursors
from app.services.queries import Page
from app.store import indexes, keys
from app.store.indexes import Selection
from app.store.tokens import BATCH, TokenStore

NOTED_EVERY_MS = 60_000
"""How exactly the last use of a token is known: a busy one costs a write a minute."""

REVOKED = "This token was revoked; ask for a new one."

_JTI = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class TokenService:
    """The use cases around JWTs. Every call raises ``StoreUnavailable``: none passes unchecked."""

    def __init__(
        self, tokens: TokenStore, lists: indexes.IndexReader, cursors: Cursors, clock: Clock
    ) -> None:
        """``lists`` walks indexes that are not cut into partitions."""
        self._tokens = tokens
        self._lists = lists
        self._cursors = cursors
        self._clock = clock

    def check(self, jti: str, subject: str, issued_s: int, expires_ms: int) -> None:
        """Let a token pass that nothing is held against; raises ``Unauthenticated``.

        One read, and at most once a minute a write.
        """
        standing = self._tokens.standing(jti, subject)
        barred = standing.barred_until_s
        if standing.revoked or (barred is not None and issued_s <= barred):
            raise Unauthenticated(REVOKED)
        now_ms = self._clock.now_ms()
        if now_ms - (standing.last_used_ms or 0) >= NOTED_EVERY_MS:
            self._tokens.note_use(jti, now_ms, expires_ms)

    def issue_second(self, subject: str) -> int:
        """The second that a new token for a subject is dated: never one that is barred."""
        now_s = self._clock.now_ms() // 1000
        barred = self._tokens.barred_until_s(subject)
        return now_s if barred is None else max(now_s, barred + 1)

    def register(self, jti: str, access: Access, expires_ms: int, purpose: str | None) -> None:
        """Take a new token into the registry."""
        self._tokens.add(TokenRecord(jti, access, self._clock.now_ms(), expires_ms, purpose))

    def list(self, subject: str | None, limit: int, cursor: str | None) -> Page[TokenRecord]:
        """List tokens that are good, newest first; raises ``InvalidInput`` for a wrong cursor."""
        key = keys.TOKENS if subject is None else keys.tokens_of(subject)
        selection = Selection(any_of=(lambda _partition: key,))
        context = f"tokens {subject!r}"
        found, following = self._cursors.slice(self._lists, selection, cursor, context, limit)
        records = self._tokens.get_many([to_text(member) for member in found])
        items = tuple(record for record in records if record is not None)
        return Page(items, self._lists.count(selection), following)

    def revoke(self, jti: str) -> TokenRecord:
        """Revoke a token, at once and for good; raises ``NotFound``."""
        (token,) = self._tokens.get_many([jti]) if _JTI.fullmatch(jti) else [None]
        if token is None or not self._tokens.revoke([token]):
            raise NotFound("No token has this id; DELETE /tokens?sub=… revokes all of a subject.")
        return token

    def revoke_all(self, subject: str) -> int:
        """Revoke every token of a subject made until now; returns how many were registered.

        Those that the registry does not know are refused by the second that they are dated.
        """
        self._tokens.bar(subject, self._clock.now_ms() // 1000)
        revoked = 0
        while found := self._tokens.of_subject(subject, BATCH):
            revoked += self._revoke_found(found, subject)
        return revoked

    def forget_ended(self, now_ms: int) -> int:
        """Drop what the registry still holds of tokens that have ended; returns how many."""
        return self._tokens.forget_ended(now_ms, BATCH)

    def _revoke_found(self, jtis: Sequence[str], subject: str) -> int:
        records = self._tokens.get_many(jtis)
        ended = Access(subject, "read")
        return self._tokens.revoke(
            [
                record or TokenRecord(jti, ended, 0, self._clock.now_ms())
                for jti, record in zip(jtis, records, strict=True)
            ]
        )
