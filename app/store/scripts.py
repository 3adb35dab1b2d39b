"""Calls the Lua scripts by name.

Scripts are given ``now``; none reads the server's clock. They make the keys of their own partition
from its prefix: all are in the slot of the declared ones. None decodes user data: JSON goes through
as opaque bytes. How they are put together is said in ``script_loader``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import redis

from app.store.connection import StoreClient
from app.store.script_loader import assemble_all

Argument = bytes | str | int


class ScriptText(NamedTuple):
    """A script as EVAL and EVALSHA want it."""

    source: str
    sha: str


@cache
def all_scripts() -> Mapping[str, ScriptText]:
    """Every script by its name. Raises ``ScriptError`` if one is not as it should be."""
    return {
        name: ScriptText(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
        for name, text in assemble_all(files("app.store") / "lua").items()
    }


class Scripts:
    """Every script, ready to call; a lost script cache is refilled by the client."""

    def __init__(self, client: StoreClient) -> None:
        self._client = client
        self._texts = all_scripts()

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
