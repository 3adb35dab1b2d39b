"""Follows the stream of changes across lost connections."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qhronos.errors import QhronosError, Unauthenticated, Unavailable, Unreachable

if TYPE_CHECKING:
    from qhronos import Client
    from qhronos.models import Change

PAUSE_S, LONGEST_S = 1.0, 30.0


def follow(client: Client, tags: Sequence[str]) -> Iterator[Change]:
    """Go through changes for as long as anybody listens.

    After a lost connection it goes on from the last change. Where the service can't tell what
    happened meanwhile, it says so. Raises ``QhronosError`` if the service refuses.
    """
    last_id: str | None = None
    pause_s = PAUSE_S
    while True:
        why: QhronosError | None = None
        try:
            for change in client.changes(tags=tags, last_id=last_id):
                last_id, pause_s = change.id or last_id, PAUSE_S
                if change.kind == "end":
                    raise Unauthenticated("The token is no longer valid.", status=401)
                if change.kind == "reset":
                    sys.stderr.write("Some changes were missed: list occurrences to see them.\n")
                elif change.kind != "ready":
                    yield change
        except (Unreachable, Unavailable) as error:
            if last_id is None:
                raise
            why = error
        sys.stderr.write(f"{why or 'The connection has ended.'} Trying again.\n")
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_S)
