"""Keys that users give their events, to find them by without keeping ids.

A key is unique in its space, as that of a flow is: all tokens of one scope share their keys, and a
key of another scope is another key. An event keeps its key for good.
"""

from __future__ import annotations

import re
from typing import Any

from app.errors import InvalidInput

LONGEST = 255
PATTERN = "^[!-.0-~]{1,255}$"
"""A key is one segment of a URL's path, so it has no slash."""

_KEY = re.compile(PATTERN.strip("^$"))


def check_key(key: Any) -> None:
    """Raise ``InvalidInput`` unless an event can have this key."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidInput.field(
            "key", f"must be 1 to {LONGEST} characters of ASCII without spaces and slashes"
        )
    if key in (".", ".."):
        raise InvalidInput.field("key", "must not be . or .., which no URL path can name")


def key_name(space: str, key: str) -> str:
    """What the store calls a key."""
    return f"{space}/{key}"
