"""An event in the editor of the user; what was changed there is what is sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from qhronos import Event

READ_ONLY = frozenset(
    {
        *("id", "created_at", "updated_at", "next_occurrence_at", "notices", "has_hmac_secret"),
        *("pause", "webhook"),
    }
)
"""What is not written. ``webhook`` is the short form of ``action``, which is."""


def edited(event: Event) -> dict[str, Any]:
    """Have an event edited; answer what has changed, ``None`` for what was taken out.

    Raises ``click.UsageError`` if what comes back is no JSON object.
    """
    before = {name: value for name, value in event.raw.items() if name not in READ_ONLY}
    written = click.edit(json.dumps(before, indent=2, ensure_ascii=False) + "\n", extension=".json")
    if written is None:
        return {}
    try:
        after = json.loads(written)
    except ValueError as error:
        raise click.UsageError(
            f"What you wrote is no JSON ({error}); nothing is changed."
        ) from None
    if not isinstance(after, dict):
        raise click.UsageError("What you wrote is no JSON object; nothing is changed.")
    gone = dict.fromkeys(before.keys() - after.keys())
    return {
        name: value
        for name, value in {**gone, **after}.items()
        if name not in before or before[name] != value
    }
