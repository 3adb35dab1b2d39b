"""Whether what a request has written is on replicas, or on disk.

The store tells a connection so of what that very connection has written (``WAIT``, ``WAITAOF``). A
request writes on several, and on that of another thread where requests are put together. But all
writes of a server have one order. So a fence, a write of its own, comes after all others, on one
connection that was open before the first of them: when the fence is safe, so are they. If that
connection broke in between, or the primary is elsewhere by now, nothing is known, and the answer is
no.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

import redis

from app.domain.durability import Durability
from app.errors import InvalidInput, StoreUnavailable
from app.store.sentinels import NoPrimary, Primary
from app.store.wire import ask_together

LOOK_MS = 1_000
"""How long is waited before a change is made, for replicas that are behind or not there."""

WAIT_MS = 3_000
"""How long is waited after it: less than a connection waits for an answer."""

KEEP_S = 60
_FENCE = ("SET", b"qh:fence", "", "EX", str(KEEP_S))


class AnyFence(Protocol):
    """Knows what is to be safe: a ``Fence``, or several on a cluster (``cluster_fence``)."""

    def is_safe(self) -> bool:
        """Whether all that was written is where it was to be; waits ``WAIT_MS`` for that."""


class Fence:
    """What is written between its making and ``is_safe``, by whomever, is before it."""

    def __init__(
        self,
        connection: Any,
        primary: Primary | None,
        kinds: Collection[Durability],
        replicas: int,
    ) -> None:
        """See that the store can do what is asked for, before anything is written.

        Raises ``StoreUnavailable`` if there are fewer replicas, ``InvalidInput`` if it never can.
        """
        self._connection, self._primary = connection, primary
        self._kinds, self._replicas = kinds, replicas
        require_able(self._asked_afresh(), kinds, replicas)
        self._socket = connection._sock  # noqa: SLF001 - the client has no other name for it

    def is_safe(self) -> bool:
        """Whether all that was written is where it was to be; waits ``WAIT_MS`` for that."""
        if self._connection._sock is not self._socket:  # noqa: SLF001 - as above
            return False
        try:
            answers = self._asked([_FENCE, *self._questions(WAIT_MS)])
        except redis.exceptions.RedisError:
            return False
        return have_reached(answers, self._kinds, self._replicas) and self._is_primary()

    def _asked_afresh(self) -> list[Any]:
        for is_last in (False, True):  # one from before a restart fails once
            try:
                self._connection.connect()
                return self._asked(self._questions(LOOK_MS))
            except redis.exceptions.RedisError as error:
                if is_last:
                    raise StoreUnavailable from error
        raise StoreUnavailable

    def _asked(self, commands: Sequence[tuple[str | bytes, ...]]) -> list[Any]:
        try:
            return ask_together(self._connection, commands)
        except BaseException:  # cut off: an answer that is yet to come is not another's
            self._connection.disconnect()
            raise

    def _questions(self, wait_ms: int) -> list[tuple[str, ...]]:
        return questions_of(self._kinds, self._replicas, wait_ms)

    def _is_primary(self) -> bool:
        if self._primary is None:
            return True
        try:
            now = self._primary.locate(within_s=0)
        except NoPrimary:
            return False  # they may have made another one, and we would not know
        return now == (self._connection.host, self._connection.port)


def questions_of(
    kinds: Collection[Durability], replicas: int, wait_ms: int
) -> list[tuple[str, ...]]:
    """The commands that wait until what was written is safe; ``LOOK_MS``: that look if it can be.

    (What is on disk now is of no interest then: with everysec that would take a second.)
    """
    asked: list[tuple[str, ...]] = []
    if Durability.REPLICATED in kinds:
        asked.append(("WAIT", str(replicas), str(wait_ms)))
    if Durability.FSYNC in kinds:
        asked.append(("WAITAOF", "1", "0", str(wait_ms if wait_ms != LOOK_MS else 1)))
    return asked


def require_able(answers: Sequence[Any], kinds: Collection[Durability], replicas: int) -> None:
    """See by the answers to a look that a server can do what is asked for; raises as ``Fence``."""
    if refused := next((one for one in answers if isinstance(one, Exception)), None):
        raise _refused(refused)
    if Durability.REPLICATED in kinds and int(answers[0]) < replicas:
        raise StoreUnavailable(
            f"The store has fewer than {replicas} replicas that follow it, so nothing was "
            "changed; send it again when it has them."
        )


def have_reached(answers: Sequence[Any], kinds: Collection[Durability], replicas: int) -> bool:
    """Whether all is safe, by the answers to a fence and its questions."""
    if any(isinstance(one, Exception) for one in answers):
        return False  # it takes no writes any more, or has changed its settings
    wanted = [replicas] if Durability.REPLICATED in kinds else []
    wanted += [1] if Durability.FSYNC in kinds else []
    for answer, least in zip(answers[1:], wanted, strict=True):
        if int(answer[0] if isinstance(answer, list) else answer) < least:
            return False
    return True


def _refused(error: Exception) -> Exception:
    text = str(error)
    if "appendonly" in text or "unknown command" in text:
        return InvalidInput(
            "This store can't tell what is on its disk: set its appendonly to yes, and use Redis "
            "7.2 or later, or Valkey; or leave 'fsync' out of Qhronos-Durability."
        )
    if "permissions" in text:
        return StoreUnavailable(
            "The store does not let its user ask what is safe (WAIT, WAITAOF), so nothing was "
            "changed: give that user the rights of deploy/redis.acl."
        )
    return StoreUnavailable()
