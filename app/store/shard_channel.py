"""A channel to one node of a cluster: it never waits for the node, and follows what has moved."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import redis

from app.errors import StoreUnavailable
from app.store.calls import Call
from app.store.channel import Channel
from app.store.connection import StoreClient
from app.store.scripts import Scripts

Submit = Callable[[Callable[[], Any]], Future[Any]]

_ELSEWHERE = (
    redis.exceptions.MovedError,
    redis.exceptions.AskError,
    redis.exceptions.TryAgainError,
)
"""Answers that say that a slot is, or is about to be, at another node."""


class ShardChannel(Channel):
    """As ``Channel``, for calls that one node has served so far.

    A node that is paused takes seconds to refuse a connection, so another thread connects.
    """

    def __init__(
        self,
        client: StoreClient,
        scripts: Scripts,
        submit: Submit,
        on_redirect: Callable[[], None],
    ) -> None:
        """``submit`` has another thread do something; ``on_redirect`` hears of what has moved."""
        super().__init__(client, scripts)
        self._submit = submit
        self._on_redirect = on_redirect
        self._connecting: Future[Any] | None = None
        self._whole = False
        """Whether the node has forgotten the scripts of the calls that wait for a connection."""

    def close(self) -> None:
        """Let go of the connection, also of one that is about to be made."""
        super().close()
        if self._connecting is not None:
            self._connecting.add_done_callback(_let_go)
            self._connecting = None

    def _transmit(self, *, whole: bool = False) -> None:
        self._whole |= whole
        if self._connection is None and not self._has_connected():
            return
        whole, self._whole = self._whole, False
        super()._transmit(whole=whole)

    def _has_connected(self) -> bool:
        """Whether there is a connection by now. Raises ``StoreUnavailable``."""
        if self._connecting is None:
            key = self._calls[0].keys[0]
            self._connecting = self._submit(lambda: _connected(self._client, key))
            self._sent_s = time.monotonic()
        if not self._connecting.done():
            return False
        connecting, self._connecting = self._connecting, None
        try:
            self._connection = connecting.result()
        except (redis.exceptions.RedisError, OSError) as error:
            raise StoreUnavailable from error
        return True

    def _read(self) -> Any:
        try:
            return super()._read()
        except _ELSEWHERE as error:
            return error

    def _settled(self, calls: Sequence[Call], answers: list[Any]) -> list[Any]:
        """Have calls that were sent elsewhere answered there; the client knows the way."""
        if not any(isinstance(one, _ELSEWHERE) for one in answers):
            return answers
        self._on_redirect()
        return [
            self._scripts(call.script, call.keys, call.args)
            if isinstance(answer, _ELSEWHERE)
            else answer
            for call, answer in zip(calls, answers, strict=True)
        ]


def _connected(client: StoreClient, key: bytes) -> Any:
    connection = client.new_connection(key)
    connection.connect()
    return connection


def _let_go(connecting: Future[Any]) -> None:
    with suppress(Exception):
        connecting.result().disconnect()
