"""The kinds of actions, and how each is checked and sent.

A kind is a module of this package that has what ``Kind`` requires, and an entry in ``KINDS``. A
kind that is not HTTP builds another type of request than ``Request``; the sender of a drain (see
``app.engine.sender``) then passes each type to the code that can send it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from app.delivery.actions import apicall, canary, webhook, websocket
from app.delivery.live_message import LiveMessage
from app.delivery.request import NOBODY, Identity, Job, ReadUrl, Request
from app.domain.action import APICALL, CANARY, WEBHOOK, WEBSOCKET, Action
from app.errors import InvalidInput


class Built(Protocol):
    """What the module of a kind has that no user can ask for."""

    def build(self, job: Job, now_ms: int, identity: Identity, /) -> Request | LiveMessage:
        """Make the request of an attempt that starts at ``now_ms``.

        Raises ``InvalidInput`` if the secret is not one.
        """
        ...


class Kind(Built, Protocol):
    """What the module of a kind of action has."""

    PARAMS: Mapping[str, Any]
    """The JSON schema of its parameters, for the API's document."""

    def read(self, params: Any, url: ReadUrl, /) -> Mapping[str, Any]:
        """Check the parameters that a user gave; ``url`` checks those that are URLs.

        Raises ``InvalidInput`` naming ``params`` or ``params.…``.
        """
        ...


KINDS: dict[str, Kind] = {WEBHOOK: webhook, APICALL: apicall, WEBSOCKET: websocket}
"""The kinds by the name that users write as ``type``."""

OWN: dict[str, Built] = {CANARY: canary}
"""Those that no user can ask for."""


def read_action(kind: Any, params: Any, url: ReadUrl) -> Action:
    """The action that a user wrote; raises ``InvalidInput`` naming ``type`` or ``params``."""
    if isinstance(kind, str) and kind in KINDS:
        return Action(kind, KINDS[kind].read(params, url))
    raise InvalidInput.field("type", f"must be one of {', '.join(KINDS)}")


def build(job: Job, now_ms: int, identity: Identity = NOBODY) -> Request | LiveMessage:
    """Make the request of an attempt that starts at ``now_ms``; its kind must be known.

    Raises ``InvalidInput`` if the secret is not one.
    """
    kind = job.action.kind
    return (KINDS.get(kind) or OWN[kind]).build(job, now_ms, identity)
