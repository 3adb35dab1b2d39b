"""Loads the Lua scripts once and calls them by name.

A script begins with its contract (Does, KEYS, ARGV, Returns). A line ``--#include name`` puts
``lua/include/name.lua`` in its place. Scripts are given ``now``; none reads the server's clock.
They make the keys of their own partition from its prefix: all are in the slot of the declared
ones. None decodes user data: JSON goes through as opaque bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import redis

from app.store.connection import StoreClient

NAMES = (
    "add_occurrences",
    "advance",
    "audit_append",
    "breaker_open",
    "claim",
    "claim_flow",
    "delete_event",
    "flow_end",
    "flow_forget",
    "flow_peek",
    "flow_set",
    "flow_take",
    "named",
    "note_ended",
    "record",
    "release",
    "renew",
    "reencrypt",
    "restore",
    "retire",
    "redeliver",
    "save_redelivery",
    "save_event",
)
_INCLUDE = re.compile(r"^--#include (\w+)$", re.MULTILINE)

Argument = bytes | str | int


def source(name: str) -> str:
    """Return a script's text with its includes in place."""
    folder = files("app.store") / "lua"

    def include(match: re.Match[str]) -> str:
        return (folder / "include" / f"{match[1]}.lua").read_text(encoding="utf-8")

    return _INCLUDE.sub(include, (folder / f"{name}.lua").read_text(encoding="utf-8"))


class ScriptText(NamedTuple):
    """A script as EVAL and EVALSHA want it."""

    source: str
    sha: str


class Scripts:
    """Every script, ready to call; a lost script cache is refilled by the client."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client
        texts = {name: source(name) for name in NAMES}
        self._texts = {
            name: ScriptText(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
            for name, text in texts.items()
        }

    def text(self, name: str) -> ScriptText:
        """A script's text and hash."""
        return self._texts[name]

    def __call__(self, name: str, keys: Sequence[bytes], args: Sequence[Argument]) -> Any:
        """Run a script; raises ``StoreUnavailable`` if the store is away."""
        text = self.text(name)
        try:
            return self._client.direct("EVALSHA", text.sha, len(keys), *keys, *args)
        except redis.exceptions.NoScriptError:
            return self._client.direct("EVAL", text.source, len(keys), *keys, *args)
