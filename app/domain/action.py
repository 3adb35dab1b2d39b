"""The action of an event: what is done when an occurrence is due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

WEBHOOK, APICALL, WEBSOCKET = "webhook", "apicall", "websocket"

CANARY = "canary"
"""What this instance delivers to itself, to see that it delivers; no user can ask for it."""

CANARY_PATH = "/canary"
"""Where the API takes it."""

CLIENT = "q:"
"""What stands before the name of a connected client, where another action has its URL."""


class JsonText(str):
    """A body that was given as JSON, as compact text, every number as it was written."""

    __slots__ = ()


class Action(NamedTuple):  # made for every delivery, in half the time of a frozen dataclass
    """What is done, and to whom.

    ``kind`` names an entry of ``app.delivery.actions``, which knows how it is sent and which
    ``params`` it has. Here only this is known of them: what is reached at a URL has it in ``url``;
    what is not (a client that is connected, say) names its receiver in ``client_name``. A body is
    in ``body`` if it is a text, and in ``body_json`` if it is JSON. The headers of an action are
    those of its event: their values are encrypted, and so they are none of its parameters.
    """

    kind: str
    params: Mapping[str, Any]

    @property
    def target(self) -> str:
        """Whom it reaches: flows, limits and circuit breakers are counted by it."""
        params = self.params
        return str(params["url"] if "url" in params else f"{CLIENT}{params['client_name']}")

    @property
    def is_http(self) -> bool:
        """Whether it sends a request to a URL."""
        return "url" in self.params

    @property
    def short(self) -> str | None:
        """What a user may write as ``webhook`` instead; ``None``: it has no short form."""
        return self.target if self.kind in (WEBHOOK, WEBSOCKET) else None

    def as_json(self) -> dict[str, Any]:
        """The action as it is stored."""
        return {"type": self.kind, "params": self.params}

    def with_url(self, url: str) -> Action:
        """The same action at another URL."""
        return Action(self.kind, {**self.params, "url": url})


NO_ACTION = Action("", {"url": ""})
"""What there is before one was given."""


def webhook(url: str) -> Action:
    """The action that POSTs to a URL."""
    return Action(WEBHOOK, {"url": url})


def short_form(text: str) -> Action:
    """The action that the short form ``webhook`` stands for."""
    if text.startswith(CLIENT):
        return Action(WEBSOCKET, {"client_name": text.removeprefix(CLIENT)})
    return webhook(text)


def action_from_json(value: Mapping[str, Any]) -> Action:
    """The reverse of ``Action.as_json``, for what was checked before."""
    return Action(value["type"], value["params"])
