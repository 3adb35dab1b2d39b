"""The reference of the settings, made from ``app/config.py``: names, defaults, limits, meanings.

The meaning of a setting is the text below its field in the class ``Settings``. What it accepts is
what its reader says when it is given something that it does not accept.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from app import config
from app.config import PREFIX, Settings
from app.setting_variables import FIELD_OF, READERS

LONG_MS = re.compile(r"([0-9]+) ms")

NONSENSE = ("1ms", "?")
"""One of these is refused by every reader that has limits."""


def settings_reference() -> str:
    """Return one section for each setting, in the order of the code."""
    meanings = dict(_meanings())
    return "\n".join(
        f"### {PREFIX}{name}\n\n{meanings[FIELD_OF[name]]}\n\n"
        f"Default: {_default(name)}.{_accepted(read)}\n"
        for name, read in READERS.items()
    )


def _meanings() -> Iterator[tuple[str, str]]:
    """Yield each field of the class with the text below it."""
    (definition,) = [
        node
        for node in ast.parse(inspect.getsource(config)).body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    ]
    for node, following in zip(definition.body, definition.body[1:], strict=False):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        match following:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.target.id, " ".join(text.split())


def _default(name: str) -> str:
    value = getattr(Settings(), FIELD_OF[name])
    if FIELD_OF[name].endswith("_ms"):
        return f"`{_duration(value)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    # An empty text, an empty list, no limit, or a policy that allows nothing.
    empty = value in ("", (), None) or value == Settings().allow_private_targets
    return "none" if empty else f"`{value}`"


def _duration(ms: int) -> str:
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if ms % size == 0:
            return f"{ms // size}{unit}"
    return f"{ms}ms"


def _accepted(read: Callable[[str], Any]) -> str:
    """Say what a reader accepts; nothing if it takes any text."""
    for text in NONSENSE:
        try:
            read(text)
        except ValueError as error:
            return f" It {LONG_MS.sub(lambda match: _duration(int(match[1])), str(error))}."
    return ""
