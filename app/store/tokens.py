"""The registry of JWTs: which were made, which were revoked, when each was last used.

A token is valid by its signature alone; what is kept here can only take that away. Every entry
ends with the token it is about, so the registry never outgrows the tokens that are still good.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from app.domain.access import Access, TokenRecord
from app.domain.ids import to_text
from app.store import live_keys, token_keys
from app.store.codec import dump_json
from app.store.connection import StoreClient, StorePipeline

GRACE_MS = 86_400_000
"""So long beyond a token's end what was said against it is kept: clocks differ."""

BARRED_MS = 3_653 * 86_400_000 + GRACE_MS
"""How long a subject's earlier tokens stay refused: no token lasts longer than ten years."""

BATCH = 256


@dataclass(frozen=True, slots=True)
class TokenStanding:
    """What is held against a token: itself, or its subject's tokens up to a second."""

    revoked: bool
    barred_until_s: int | None
    last_used_ms: int | None


class TokenStore:
    """Reads and writes the registry. Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client
        self._keys = token_keys.TokenKeys(is_cluster=client.is_cluster)

    def standing(self, jti: str, subject: str) -> TokenStanding:
        """What is held against a token: one read of three small keys."""
        names = [self._keys.revoked(jti), self._keys.barred(subject), self._keys.used(jti)]
        revoked, barred, used = self._values(names)
        return TokenStanding(
            revoked is not None,
            None if barred is None else int(barred),
            None if used is None else int(used),
        )

    def note_use(self, jti: str, now_ms: int, expires_ms: int) -> None:
        """Remember when a token was last used, until it ends."""
        self._client.set(self._keys.used(jti), now_ms, pxat=expires_ms + GRACE_MS)

    def add(self, token: TokenRecord) -> None:
        """Register a token; harmless when repeated."""
        access = token.access
        about: list[Any] = [access.subject, access.level, sorted(access.scope)]
        about += [token.created_ms, token.expires_ms, token.purpose]
        ends_ms, subject_key = token.expires_ms + GRACE_MS, token_keys.tokens_of(access.subject)
        pipe = self._client.pipeline()
        pipe.set(token_keys.token(token.jti), dump_json(about), pxat=ends_ms)
        for index in (token_keys.TOKENS, subject_key):
            pipe.zadd(index, {_member(token.jti): token.created_ms})
        pipe.zadd(token_keys.TOKENS_ENDING, {_ending(token.jti, access.subject): token.expires_ms})
        pipe.execute()

    def use_once(self, name: str, keep_s: int) -> bool:
        """Note that what is good for one use was used; returns whether it was the first time.

        ``name`` is kept so long, in seconds, among those of revoked tokens.
        """
        key = self._keys.revoked(name).decode()
        return bool(self._client.set(key, "1", nx=True, ex=keep_s))

    def counts(self, subject: str) -> tuple[int, int]:
        """How many tokens of a subject are registered, and how many in all."""
        pipe = self._client.pipeline(transaction=False)
        pipe.zcard(token_keys.tokens_of(subject))
        pipe.zcard(token_keys.TOKENS)
        of_subject, in_all = pipe.execute()
        return int(of_subject), int(in_all)

    def get_many(self, jtis: Sequence[str]) -> list[TokenRecord | None]:
        """Read several in one round trip, in order; ``None`` where there is none."""
        if not jtis:
            return []
        names = [key(jti) for jti in jtis for key in (token_keys.token, self._keys.used)]
        rows = self._values(names)
        return [
            None if about is None else _record(jti, about, used)
            for jti, about, used in zip(jtis, rows[::2], rows[1::2], strict=True)
        ]

    def of_subject(self, subject: str, limit: int) -> list[str]:
        """Some of a subject's tokens."""
        found = self._client.zrange(token_keys.tokens_of(subject), 0, limit - 1)
        return [to_text(member) for member in cast("list[bytes]", found)]

    def revoke(self, tokens: Sequence[TokenRecord]) -> int:
        """Revoke tokens for good; returns how many were registered until now."""
        if not tokens:
            return 0
        pipe = self._client.pipeline()
        # On a cluster they are elsewhere, and first: what is refused may still be listed.
        refusals = self._client.pipeline(transaction=False) if self._client.is_cluster else pipe
        for token in tokens:
            refusals.set(self._keys.revoked(token.jti), 1, pxat=token.expires_ms + GRACE_MS)
            refusals.delete(self._keys.used(token.jti))
        if refusals is not pipe:
            refusals.execute()
        first = len(pipe)
        for token in tokens:
            self._drop(pipe, token.jti, token.access.subject)
            pipe.delete(token_keys.token(token.jti))
        revoked: int = sum(pipe.execute()[first::_STEPS])
        self._client.publish(live_keys.REVOKED, b"")
        return revoked

    def bar(self, subject: str, until_s: int) -> None:
        """Refuse a subject's tokens made up to a second, also those that are not registered."""
        self._client.set(self._keys.barred(subject), until_s, px=BARRED_MS)
        self._client.publish(live_keys.REVOKED, b"")  # who is connected is looked at again

    def barred_until_s(self, subject: str) -> int | None:
        """Up to which second a subject's tokens are refused."""
        found = cast("bytes | None", self._client.get(self._keys.barred(subject)))
        return None if found is None else int(found)

    def forget_ended(self, before_ms: int, limit: int) -> int:
        """Drop index entries of tokens that have ended; fewer than ``limit``: none is left."""
        found = self._client.zrangebyscore(
            token_keys.TOKENS_ENDING, "-inf", before_ms, start=0, num=limit
        )
        ended = cast("list[bytes]", found)
        if ended:
            pipe = self._client.pipeline()
            for member in ended:
                jti, subject = json.loads(member)
                self._drop(pipe, jti, subject)
            pipe.execute()
        return len(ended)

    def _values(self, names: Sequence[bytes]) -> list[bytes | None]:
        if self._client.is_cluster:
            return self._client.read_each("GET", names)
        return cast("list[bytes | None]", self._client.direct("MGET", *names))

    @staticmethod
    def _drop(pipe: StorePipeline, jti: str, subject: str) -> None:
        pipe.zrem(token_keys.TOKENS, _member(jti))
        pipe.zrem(token_keys.tokens_of(subject), _member(jti))
        pipe.zrem(token_keys.TOKENS_ENDING, _ending(jti, subject))


_STEPS = 4
"""Commands that take one token out of the registry; the first takes it out of the list of all."""


def _member(jti: str) -> bytes:
    """As an index holds it; the tokens that are registered are named by UUIDs."""
    return UUID(jti).bytes


def _ending(jti: str, subject: str) -> bytes:
    return dump_json([jti, subject])


def _record(jti: str, about: bytes, used: bytes | None) -> TokenRecord:
    subject, level, scope, created_ms, expires_ms, purpose = json.loads(about)
    last_used_ms = None if used is None else int(used)
    access = Access(subject, level, frozenset(scope))
    return TokenRecord(jti, access, created_ms, expires_ms, purpose, last_used_ms)
