"""Events as people name them: by an id or by a key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qhronos.errors import NotFound

if TYPE_CHECKING:
    from qhronos import Client, Event

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def find(client: Client, event: str) -> Event:
    """Read an event by its id or its key; raises ``NotFound``, which names it."""
    read = client.events.get if UUID.fullmatch(event) else client.events.get_by_key
    try:
        return read(event)
    except NotFound as error:
        raise NotFound(f"There is no event {event!r}.", status=error.status) from None


def id_of(client: Client, event: str) -> str:
    """The id of an event; asks only if it is a key."""
    return event if UUID.fullmatch(event) else find(client, event).id
