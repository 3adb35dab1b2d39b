"""Jobs and requests: what an attempt sends, for whom, and the bytes of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app import __version__
from app.domain.action import Action
from app.domain.callback import Callback
from app.domain.expectation import Expectation
from app.domain.headers import Headers
from app.domain.signing_keys import SigningKey

USER_AGENT = f"Qhronos/{__version__}"

_TYPE = "Content-Type: application/json"

POST = "POST"

INSTANCE_HEADER = "X-Qhronos-Instance"
"""Names the sending instance, so that it recognises its own deliveries if they come back."""


@dataclass(slots=True)  # not frozen: made for every delivery, and freezing doubles its cost
class Job:
    """One attempt to make. ``attempt`` counts from 1; times are milliseconds.

    ``metadata_json`` is JSON text and is sent as it is. ``secrets`` are the event's, or the
    service's: the present one and, during a rotation, the previous ones. ``headers`` are the
    event's own, already checked. ``expect`` says what a success is, if it is not 2xx,
    and ``format`` what form the request has, if it is not the service's own. With
    ``callback`` the job reports the end of that occurrence, and ``action`` is the webhook that
    receives the report.
    """

    event_id: bytes
    occurrence_id: bytes
    scheduled_ms: int
    attempt: int
    name: str
    description: str
    metadata_json: str
    tags: tuple[str, ...]
    action: Action
    secrets: tuple[str, ...] = field(repr=False)
    timeout_ms: int = 10_000
    headers: Headers = field(default=(), repr=False)
    ack_token: str = field(default="", repr=False)
    callback: Callback | None = None
    expect: Expectation | None = None
    format: str = ""


class Identity:
    """The sending instance: what all its deliveries have in common."""

    __slots__ = ("headers", "keys", "untyped")

    def __init__(self, instance: str = "", keys: Sequence[SigningKey] = ()) -> None:
        """``instance`` is its name, which all its processes share; ``keys`` sign everything."""
        self.keys = keys
        named = (f"{INSTANCE_HEADER}: {instance}",) if instance else ()
        self.untyped = (f"User-Agent: {USER_AGENT}", *named)
        self.headers = (_TYPE, *self.untyped)


NOBODY = Identity()


ReadUrl = Callable[[str, Any], str]
"""Checks the parameter of this name; returns its value as a URL that may be reached."""


class Request(NamedTuple):
    """An HTTP request, ready to be sent.

    Each of ``headers`` is a whole line without its end. ``own`` are the event's own headers as
    libcurl expects them: one without a value ends in a semicolon.
    """

    url: str
    headers: list[str]
    body: bytes
    timeout_ms: int
    own: Sequence[str] = ()
    method: str = POST
    expect: Expectation | None = None
