"""The API as tests call it: by the Python client that users have, or a bare request.

What is called in the usual way goes through ``qhronos.Client``. ``Api.call`` and ``Api.get`` are
for tests whose subject is the protocol, or what no client sends.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import httpx

from qhronos import ApiError, Client, Retries, Unreachable
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
    """One token's view of one server; a connection for each call, so each may reach any process."""

    def __init__(self, port: int, token: str | None) -> None:
        self._port = port
        self._token = token

    @cached_property
    def client(self) -> Client:
        """The client that users have. It sends each call once: a test sees what that is answered."""
        no_pool = httpx.Limits(max_keepalive_connections=0)
        return Client(
            f"http://127.0.0.1:{self._port}",
            self._token,
            retries=Retries(attempts=1),
            transport=httpx.HTTPTransport(verify=False, limits=no_pool),
        )

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
        with _as_in_a_test("create"):
            return dict(self.client.events.create(event | fields).raw)

    def update(self, event_id: str, **fields: Any) -> dict[str, Any]:
        with _as_in_a_test(event_id):
            return dict(self.client.events.update(event_id, **fields).raw)

    def event(self, event_id: str) -> dict[str, Any]:
        with _as_in_a_test(event_id):
            return dict(self.client.events.get(event_id).raw)

    def occurrences(self, event_id: str) -> list[dict[str, Any]]:
        """An event's occurrences, the oldest first."""
        with _as_in_a_test(event_id):
            found = self.client.events.occurrences(event_id, limit=1000)
            return [dict(one.raw) for one in found][::-1]

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


@contextmanager
def _as_in_a_test(what: str) -> Iterator[None]:
    """Fail for what is refused; who has killed the server expects ``OSError``."""
    try:
        yield
    except ApiError as error:
        raise AssertionError(f"{what}: {error.status} {error.document or error}") from error
    except Unreachable as error:
        raise ConnectionError(str(error)) from error
