"""Clients of ``/ws`` and ``/events/stream``, as a user's program would be."""

from __future__ import annotations

import http.client
import json
from collections import deque
from contextlib import ExitStack
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PATIENCE_S = 20.0


class LiveClient:
    """One connection; it is closed in the end."""

    def __init__(self, port: int) -> None:
        self._open = ExitStack()
        self._events: deque[Any] = deque()
        url = f"ws://127.0.0.1:{port}/ws"
        self._connection: ClientConnection = self._open.enter_context(
            connect(url, compression=None, proxy=None, close_timeout=1)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def say(self, message: object) -> None:
        """Send a message; bytes and text as they are."""
        as_it_is = isinstance(message, bytes | str)
        self._connection.send(message if as_it_is else json.dumps(message))  # type: ignore[arg-type]

    def hear(self, patience_s: float = PATIENCE_S) -> Any:
        """Return the next message; raises ``TimeoutError``."""
        if self._events:
            return self._events.popleft()
        return json.loads(self._connection.recv(timeout=patience_s))

    def ask(self, message: object) -> Any:
        """Send a message and return what comes next, but for events: ``hear`` returns those."""
        self.say(message)
        while (answer := json.loads(self._connection.recv(timeout=PATIENCE_S)))["type"] == "event":
            self._events.append(answer)
        return answer

    def hook(self, name: str, token: str) -> Self:
        """Be a client-hook."""
        first = {"type": "client-hook", "client_name": name, "token": token}
        assert self.ask(first)["type"] == "ack"
        return self

    def listen(self, token: str, *tags: str) -> Self:
        """Be a tag-listener."""
        assert self.ask({"type": "tag-listener", "tags": tags, "token": token})["type"] == "ack"
        return self

    def ack(self, event: Any) -> Any:
        """Acknowledge an event and return the answer."""
        return self.ask(ack_of(event))

    def complete(self, event: Any) -> None:
        """Acknowledge an event; that must count."""
        assert (answer := self.ack(event))["type"] == "ack", answer

    def close_code(self) -> int | None:
        """Read until the server ends the connection; returns with which code."""
        try:
            while True:
                self._connection.recv(timeout=PATIENCE_S)
        except ConnectionClosed as closed:
            return None if closed.rcvd is None else closed.rcvd.code

    def cut(self) -> None:
        """Break the connection off without a word."""
        self._connection.socket.close()


def ack_of(event: Any) -> dict[str, str]:
    """The message that acknowledges an event."""
    return {
        "type": "ack",
        "event_id": event["event_id"],
        "occurrence_id": event["occurrence_id"],
    }


class Stream:
    """A reader of server-sent events; it is closed in the end."""

    def __init__(self, port: int, token: str, last_id: str | None = None) -> None:
        self.last_id = last_id
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        headers = {"Authorization": f"Bearer {token}"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        self._connection.request("GET", "/events/stream", headers=headers)
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200
        assert self._answer.getheader("Content-Type", "").startswith("text/event-stream")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def next(self, event_id: str | None = None) -> Any:
        """The next event, or the next one of this event of the API."""
        data = []
        while line := self._answer.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                self.last_id = value
            elif name == "data":
                data.append(value)
            elif not name and data:
                message = json.loads("\n".join(data))
                if event_id is None or message.get("event_id") == event_id:
                    return message
                data.clear()
        raise AssertionError("the stream is over")

    def is_over(self) -> bool:
        """Whether the server has ended it."""
        return self._answer.read() == b""
