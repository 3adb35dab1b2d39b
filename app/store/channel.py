"""A connection on which a script runs while its caller does something else.

One call at a time: ``send`` it, wait for ``fileno`` to become readable among other things, and
``receive`` its answer. It saves a drain a thread that would wait in its stead, and with it the
struggle of threads for the interpreter.
"""

from __future__ import annotations

import time
from typing import Any

import hiredis
import redis

from app.errors import StoreUnavailable
from app.store.calls import Call
from app.store.connection import SOCKET_TIMEOUT_S, StoreClient, translate
from app.store.scripts import Scripts


class Channel:
    """Sends calls and receives answers. Each call may run twice, as every script can."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts
        self._connection: Any = None  # redis-py types its connections as three unrelated classes
        self._call: Call | None = None
        self._sent_s = 0.0

    @property
    def busy(self) -> bool:
        """Whether a call has no answer yet."""
        return self._call is not None

    def fileno(self) -> int | None:
        """What to wait for; it changes with the connection. ``None``: there is none."""
        socket = getattr(self._connection, "_sock", None)
        return None if socket is None else int(socket.fileno())

    def send(self, call: Call) -> None:
        """Begin a call. Raises ``StoreUnavailable``; the call then stays to be sent again."""
        self._call = call
        self._transmit()

    def receive(self) -> Any:
        """The answer, or ``None`` if it is not there yet.

        A call whose connection broke is sent again. Raises ``StoreUnavailable``.
        """
        call = self._call
        if call is None:
            return None
        if self._connection is None:
            self._transmit()
            return None
        try:
            if not self._connection.can_read(0):
                if time.monotonic() - self._sent_s < SOCKET_TIMEOUT_S:
                    return None
                raise redis.exceptions.TimeoutError
            answer = self._connection.read_response()
        except redis.exceptions.NoScriptError:
            self._transmit(whole=True)
            return None
        except redis.exceptions.RedisError as error:
            self._break()
            translated = translate(error, self._client.connection_pool)
            if translated is error:
                self._call = None  # it would fail again, however often it was sent
            raise translated from error
        self._call = None
        return answer

    def close(self) -> None:
        """Let go of the connection; a call under way may or may not run."""
        self._call = None
        self._break()

    def _transmit(self, *, whole: bool = False) -> None:
        call = self._call
        if call is None:
            return
        self._sent_s = time.monotonic()
        text = self._scripts.text(call.script)
        verb, script = ("EVAL", text.source) if whole else ("EVALSHA", text.sha)
        try:
            if self._connection is None:
                connection = self._client.new_connection()
                connection.connect()
                self._connection = connection
            # The client would look at the type of each of the hundreds of arguments first.
            command: Any = (verb, script, len(call.keys), *call.keys, *call.args)
            packed = hiredis.pack_command(command)
            self._connection.send_packed_command([packed], check_health=False)
        except redis.exceptions.RedisError as error:
            self._break()
            raise StoreUnavailable from error

    def _break(self) -> None:
        if self._connection is not None:
            self._connection.disconnect()
            self._connection = None
