"""A connection on which scripts run while their caller does something else.

``send`` a call, or ``send_all`` of some in one round trip; wait for ``fileno`` to become readable
among other things, and ``receive`` the answer, or ``receive_all``; then send the next. It saves a
drain a thread that would wait in its stead, and with it the struggle of threads for the
interpreter.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import hiredis
import redis

from app.errors import StoreUnavailable
from app.store.calls import Call
from app.store.connection import SOCKET_TIMEOUT_S, StoreClient, translate
from app.store.scripts import Scripts

PENDING = object()
"""Stands for an answer that is yet to come, or a part of it."""


class Channel:
    """Sends calls and receives answers. Each call may run twice, as every script can."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts
        self._connection: Any = None  # redis-py types its connections as three unrelated classes
        self._calls: Sequence[Call] = ()
        self._answers: list[Any] = []
        self._sent_s = 0.0

    @property
    def busy(self) -> bool:
        """Whether calls have no answers yet."""
        return len(self._calls) > 0

    def fileno(self) -> int | None:
        """What to wait for; it changes with the connection. ``None``: there is none."""
        socket = getattr(self._connection, "_sock", None)
        return None if socket is None else int(socket.fileno())

    def send(self, call: Call) -> None:
        """Begin a call. Raises ``StoreUnavailable``; the call then stays to be sent again."""
        self.send_all([call])

    def send_all(self, calls: Sequence[Call]) -> None:
        """Begin several calls, as ``send`` does; they run in their order."""
        self._calls = calls
        self._transmit()

    def receive(self) -> Any:
        """The answer, or ``None`` if it is not there yet; see ``receive_all``."""
        answers = self.receive_all()
        return None if answers is None else answers[0]

    def receive_all(self) -> list[Any] | None:
        """The answers to all calls, in their order, or ``None`` if they are not there yet.

        Calls whose connection broke are sent again. Raises ``StoreUnavailable``.
        """
        if not self._calls:
            return None
        if self._connection is None:
            self._transmit()
            return None
        try:
            while len(self._answers) < len(self._calls):
                answer = self._read()
                if answer is PENDING:
                    if time.monotonic() - self._sent_s < SOCKET_TIMEOUT_S:
                        return None
                    raise redis.exceptions.TimeoutError
                self._answers.append(answer)
        except redis.exceptions.NoScriptError:
            if len(self._calls) > 1:
                self._break()  # the answers of the others must not be read as those to come
            self._transmit(whole=True)
            return None
        except redis.exceptions.RedisError as error:
            self._break()
            translated = translate(error, self._client.connection_pool)
            if translated is error:
                self._calls = ()  # it would fail again, however often it was sent
            raise translated from error
        answers = self._settled(self._calls, self._answers)
        self._scripts.answered(self._calls[0].script, self._sent_s)
        self._calls = ()
        return answers

    def close(self) -> None:
        """Let go of the connection; calls under way may or may not run."""
        self._calls = ()
        self._break()

    def _read(self) -> Any:
        """An answer, or ``PENDING``: what has come of it is kept until the rest is there.

        A long one comes in pieces, and the store runs other calls between two of them.
        """
        if not self._connection.can_read(0):
            return PENDING
        try:
            return self._connection.read_response(timeout=0, disconnect_on_error=False)
        except redis.exceptions.TimeoutError:
            return PENDING

    def _settled(self, _calls: Sequence[Call], answers: list[Any]) -> list[Any]:
        """The answers to calls, now that all are there."""
        return answers

    def _transmit(self, *, whole: bool = False) -> None:
        self._sent_s, self._answers = time.monotonic(), []
        try:
            if self._connection is None:
                connection = self._client.new_connection()
                connection.connect()
                self._connection = connection
            packed = b"".join([self._packed(call, whole=whole) for call in self._calls])
            self._connection.send_packed_command([packed], check_health=False)
        except redis.exceptions.RedisError as error:
            self._break()
            raise StoreUnavailable from error

    def _packed(self, call: Call, *, whole: bool) -> bytes:
        text = self._scripts.text(call.script)
        verb, script = ("EVAL", text.source) if whole else ("EVALSHA", text.sha)
        # The client would look at the type of each of the hundreds of arguments first.
        command: Any = (verb, script, len(call.keys), *call.keys, *call.args)
        packed: bytes = hiredis.pack_command(command)
        return packed

    def _break(self) -> None:
        if self._connection is not None:
            self._connection.disconnect()
            self._connection = None
