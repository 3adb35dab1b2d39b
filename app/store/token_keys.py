"""The keys of tokens; ``keys`` says how to read this table.

What each request asks for is spread on a cluster, by the name in the key: the three last are under
``qh:{tokens:<number>}`` there, see ``spread``. (What was said against a token names its jti alone,
so it can be moved from one server into a cluster.) The registry is asked when tokens are made,
listed and revoked; it stays together.

qh:{tokens}                       zset    jti → created; the tokens that are registered
qh:{tokens}:of:<sub>              zset    jti → created; those of one subject
qh:{tokens}:ending                zset    [jti, sub] (JSON) → when it ends
qh:{tokens}:token:<jti>           string  what it grants (JSON); never the token itself
qh:{tokens}:used:<jti>            string  when it was last used
qh:{tokens}:revoked:<jti>         string  present: refused; these three end with the token
qh:{tokens}:barred:<sub>          string  the second up to which they are refused (10 years)
"""

from __future__ import annotations

from app.store.spread import HashTags

TOKENS = b"qh:{tokens}"
TOKENS_ENDING = b"qh:{tokens}:ending"


def tokens_of(subject: str) -> bytes:
    """The tokens of one subject."""
    return TOKENS + b":of:" + subject.encode()


def token(jti: str) -> bytes:
    """What a token grants."""
    return TOKENS + b":token:" + jti.encode()


class TokenKeys:
    """What is asked of tokens on one server, or on a cluster."""

    def __init__(self, *, is_cluster: bool = False) -> None:
        self._tags = HashTags(b"tokens", is_spread=is_cluster)

    def used(self, jti: str) -> bytes:
        """When a token was last used."""
        name = jti.encode()
        return self._tags.of(name) + b":used:" + name

    def revoked(self, jti: str) -> bytes:
        """Present if a token was revoked."""
        name = jti.encode()
        return self._tags.of(name) + b":revoked:" + name

    def barred(self, subject: str) -> bytes:
        """Up to when a subject's tokens are refused."""
        name = subject.encode()
        return self._tags.of(name) + b":barred:" + name
