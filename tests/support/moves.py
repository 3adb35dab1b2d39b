"""Something that happens between the steps in which an event moves, such as the mover's end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from app.store.scripts import ScriptCall, Scripts

STEPS = ("read_moving", "expect_event", "leave_event", "open_event")


class Killed(Exception):
    """Stands for the end of the mover's process."""


class Interrupted(Scripts):
    """Scripts between which something else happens."""

    def __init__(self, scripts: Scripts, before: str, what: Callable[[], object]) -> None:
        super().__init__(scripts._client)
        self.before, self.what = before, what

    def read(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]:
        self._interrupt(name)
        return super().read(name, calls)

    def each(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]:
        self._interrupt(name)
        return super().each(name, calls)

    def _interrupt(self, name: str) -> None:
        if name == self.before:
            self.before = ""
            self.what()


def kill() -> None:
    raise Killed
