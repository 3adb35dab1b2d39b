"""A plain client of the API, as a user's program would be."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.wait import wait_until


def at(moment_s: float) -> str:
    """Write seconds since 1970 as the API does: RFC 3339, UTC, milliseconds."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=round(moment_s * 1000))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(text: str) -> float:
    """Read such a time back."""
    return datetime.fromisoformat(text).timestamp()


@dataclass(frozen=True)
class Answer:
    """``headers`` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Api:
    """One token's view of one server; a connection for each call."""

    def __init__(self, port: int, token: str | None) -> None:
        self._port = port
        self._token = token

    def with_token(self, token: str | None) -> Api:
        return Api(self._port, token)

    def call(
        self, method: str, path: str, body: object = None, more: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request; raises ``OSError`` if nobody listens.

        ``body`` becomes JSON, bytes are sent as they are; ``more`` are headers beside the usual.
        """
        headers = {"Content-Type": "application/json", **(more or {})}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, path, raw, headers)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Read something that must be there."""
        answer = self.call("GET", path)
        assert answer.status == 200, (path, answer)
        return answer.json

    def create(self, webhook: str, *, ahead: float = 0.3, **fields: object) -> dict[str, Any]:
        """Create an event; it starts ``ahead`` seconds from now unless ``start_time`` says when."""
        event = {"name": "test", "webhook": webhook, "start_time": at(time.time() + ahead)}
        answer = self.call("POST", "/events", event | fields)
        assert answer.status == 201, answer
        created: dict[str, Any] = answer.json
        return created

    def update(self, event_id: str, **fields: object) -> dict[str, Any]:
        answer = self.call("PUT", f"/events/{event_id}", fields)
        assert answer.status == 200, answer
        changed: dict[str, Any] = answer.json
        return changed

    def event(self, event_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/events/{event_id}")
        return found

    def occurrences(self, event_id: str) -> list[dict[str, Any]]:
        """An event's occurrences, the oldest first."""
        found: list[dict[str, Any]] = self.get(f"/events/{event_id}/occurrences?limit=1000")
        return found[::-1]

    def only_occurrence(self, event_id: str) -> dict[str, Any]:
        (occurrence,) = self.occurrences(event_id)
        return occurrence

    def wait_for_status(self, event_id: str, status: str) -> dict[str, Any]:
        """Wait until the only occurrence of an event has a status; returns the occurrence."""
        wait_until(
            lambda: self.only_occurrence(event_id)["status"] == status,
            f"the occurrence becomes {status}",
        )
        return self.only_occurrence(event_id)

    def answers(self, path: str = "/health") -> bool:
        """Whether somebody answers 200 there."""
        try:
            return self.call("GET", path).status == 200
        except (OSError, http.client.HTTPException):
            return False
