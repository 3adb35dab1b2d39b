"""Brings deliveries to a machine that no request can reach: over a websocket that it opens itself.

It is a client-hook of docs/websockets.md. A delivery is acknowledged when the local address has
answered 2xx; whatever is not acknowledged fails and is tried again by the event's policy.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qhronos.cli.receiver import Arrival
from qhronos.errors import QhronosError, Unauthenticated, Unreachable
from qhronos.verification import sign

if TYPE_CHECKING:
    import httpx
    from websockets.sync.client import ClientConnection

    from qhronos.cli.profiles import Login

PAUSE_S, LONGEST_S = 1.0, 30.0
TIMEOUT_S = 10.0
LARGEST_MESSAGE = 4 * 1024 * 1024


class Refused(QhronosError):
    """What answers is not the service."""


class _LetGo(Exception):
    """The connection has ended."""


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Forwards what comes for a client name; ``target`` is an address, or ``None`` to print alone.

    What is forwarded is signed with ``secret``, if there is one, as a webhook is.
    """

    login: Login
    name: str
    target: str | None
    secret: str | None
    on_arrival: Callable[[Arrival], None]

    def run(self, count: int | None) -> None:
        """Forward until so many have come, or for ever; a lost connection is made again.

        Raises ``Unauthenticated`` if it is not taken as this client, ``Refused``, and
        ``Unreachable`` if it can't connect the first time.
        """
        import httpx

        left = [count]
        pause_s, was_connected = PAUSE_S, False
        while left[0] != 0:
            try:
                with ExitStack() as stack:
                    connection = self._connect(stack)
                    pause_s, was_connected = PAUSE_S, True
                    local = stack.enter_context(httpx.Client(timeout=TIMEOUT_S))
                    self._serve(connection, local, left)
            except _LetGo as error:
                if not was_connected:
                    raise Unreachable(
                        f"Qhronos does not answer at {self.login.url} ({error})."
                    ) from error
                sys.stderr.write(f"The connection has ended ({error}). Trying again.\n")
                time.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311 - not for secrets
                pause_s = min(pause_s * 2, LONGEST_S)

    def _connect(self, stack: ExitStack) -> ClientConnection:
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        url = self.login.url.rstrip("/") + "/ws"
        try:
            connection = stack.enter_context(
                connect(
                    "ws" + url.removeprefix("http"),
                    open_timeout=TIMEOUT_S,
                    max_size=LARGEST_MESSAGE,
                )
            )
        except (OSError, WebSocketException) as error:
            raise _LetGo(str(error) or type(error).__name__) from error
        first = {"type": "client-hook", "client_name": self.name, "token": self.login.token}
        connection.send(json.dumps(first))
        return connection

    def _serve(
        self, connection: ClientConnection, local: httpx.Client, left: list[int | None]
    ) -> None:
        from websockets.exceptions import ConnectionClosed

        is_welcome = False
        try:
            while left[0] != 0:
                message = json.loads(connection.recv())
                if message["type"] == "error" and not is_welcome:
                    why = str(message.get("message", "The service refuses this client."))
                    raise Unauthenticated(why, status=401)
                is_welcome = True
                if message["type"] != "event":
                    continue
                is_done = self._forward(message, local)
                if is_done:
                    ids = {name: message[name] for name in ("event_id", "occurrence_id")}
                    connection.send(json.dumps({"type": "ack", **ids}))
                if left[0] is not None:
                    left[0] -= 1
                if left[0] == 0 and is_done:
                    _await_confirmation(connection, message["occurrence_id"])
        except ConnectionClosed as error:
            raise _LetGo(str(error)) from error
        except (ValueError, KeyError, TypeError):
            raise Refused("What answers is no Qhronos: it sends no messages of its.") from None

    def _forward(self, message: dict[str, Any], local: httpx.Client) -> bool:
        """Hand one delivery on; tell whether it may be acknowledged."""
        import httpx

        webhook_id = str(message["occurrence_id"])
        body = json.dumps(message["payload"], ensure_ascii=False, separators=(",", ":")).encode()
        answered, note = 0, "printed"
        if self.target is not None:
            headers = {"Content-Type": "application/json", "webhook-id": webhook_id}
            if self.secret:
                headers |= sign(self.secret, webhook_id, body, now=time.time())
            try:
                answer = local.post(self.target, content=body, headers=headers)
                answered, note = answer.status_code, "forwarded"
            except httpx.TransportError as error:
                note = f"NOT FORWARDED ({error or type(error).__name__})"
        is_done = self.target is None or 200 <= answered < 300
        path = self.target or f"q:{self.name}"
        verdict = note if is_done else f"{note}, not acknowledged"
        self.on_arrival(Arrival("POST", path, webhook_id, verdict, answered, body.decode()))
        return is_done


def _await_confirmation(connection: ClientConnection, occurrence_id: str) -> None:
    """Wait until the last ``ack`` is answered: who hangs up before that has not given it."""
    deadline = time.monotonic() + TIMEOUT_S
    while (left_s := deadline - time.monotonic()) > 0:
        try:
            message = json.loads(connection.recv(timeout=left_s))
        except TimeoutError:
            return
        if message["type"] != "event" and message.get("occurrence_id") == occurrence_id:
            return
