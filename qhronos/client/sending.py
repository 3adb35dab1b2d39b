"""Sends calls, and sends them again: once for programs that wait, once for asyncio."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any, TypeVar

import httpx

from qhronos.client.calls import Call, refused
from qhronos.client.retries import Retries, was_done_before
from qhronos.errors import Unreachable

T = TypeVar("T")


def request_of(call: Call[Any]) -> dict[str, Any]:
    """The arguments of httpx for a call."""
    return {
        "method": call.method,
        "url": call.path,
        "params": list(call.params) or None,
        "headers": dict(call.headers),
        "content": call.content,
    }


def result(call: Call[T], attempt: int, outcome: httpx.Response | Exception, url: str) -> T:
    """Read the last answer; raises the ``QhronosError`` that it stands for."""
    if isinstance(outcome, Exception):
        why = re.sub(r"^\[Errno -?\d+\] ", "", str(outcome)) or type(outcome).__name__
        raise Unreachable(f"Qhronos does not answer at {url} ({why}).") from outcome
    if was_done_before(call, attempt, outcome) or outcome.is_success:
        return call.read(outcome)
    error = refused(outcome)
    instead = call.instead(error)
    if instead is None:
        raise error
    return instead


class Sender:
    """Sends calls over one pool of connections."""

    def __init__(self, http: httpx.Client, retries: Retries) -> None:
        self.http = http
        self._retries = retries

    def send(self, call: Call[T]) -> T:
        """Send a call until it is answered for good; raises ``QhronosError``."""
        attempt = 1
        while True:
            outcome: httpx.Response | Exception
            try:
                outcome = self.http.request(**request_of(call))
            except httpx.TransportError as error:
                outcome = error
            pause_s = self._retries.pause_s(call, attempt, outcome)
            if pause_s < 0:
                return result(call, attempt, outcome, str(self.http.base_url))
            time.sleep(pause_s)
            attempt += 1


class AsyncSender:
    """The same, for asyncio."""

    def __init__(self, http: httpx.AsyncClient, retries: Retries) -> None:
        self.http = http
        self._retries = retries

    async def send(self, call: Call[T]) -> T:
        """Send a call until it is answered for good; raises ``QhronosError``."""
        attempt = 1
        while True:
            outcome: httpx.Response | Exception
            try:
                outcome = await self.http.request(**request_of(call))
            except httpx.TransportError as error:
                outcome = error
            pause_s = self._retries.pause_s(call, attempt, outcome)
            if pause_s < 0:
                return result(call, attempt, outcome, str(self.http.base_url))
            await asyncio.sleep(pause_s)
            attempt += 1
