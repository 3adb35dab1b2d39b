"""The action of an event: what is done when an occurrence is due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

WEBHOOK = "webhook"


class Action(NamedTuple):  # made for every delivery, in half the time of a frozen dataclass
    """What is done, and to whom.

    ``kind`` names an entry of ``app.delivery.actions``, which knows how it is sent and which
    ``params`` it has. Here only this is known of them: what is reached at a URL has it in ``url``;
    what is not (a client that is connected, say) names its receiver in ``client_name``.
    """

    kind: str
    params: Mapping[str, Any]

    @property
    def target(self) -> str:
        """Whom it reaches: flows, limits and circuit breakers are counted by it."""
        params = self.params
        return str(params["url"] if "url" in params else f"{self.kind}:{params['client_name']}")

    def as_json(self) -> dict[str, Any]:
        """The action as users write it and as it is answered."""
        return {"type": self.kind, "params": self.params}


NO_ACTION = Action("", {"url": ""})
"""What there is before one was given."""


def webhook(url: str) -> Action:
    """The action that POSTs to a URL."""
    return Action(WEBHOOK, {"url": url})


def action_from_json(value: Mapping[str, Any]) -> Action:
    """The reverse of ``Action.as_json``, for what was checked before."""
    return Action(value["type"], value["params"])
