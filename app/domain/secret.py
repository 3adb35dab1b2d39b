"""Secrets by type: what must not be read in a log, an error or a debugger's list of variables."""

from __future__ import annotations

MASK = "***"


class SecretText(str):
    """A text that is a secret. It is a string to who uses it, and ``***`` to who writes it down."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Say that there is a secret, not which one."""
        return f"'{MASK}'"


class FileSecret(SecretText):
    """A secret that was read from a file, and that may be another when it is read again."""

    path: str

    @classmethod
    def of(cls, text: str, path: str) -> FileSecret:
        """Make one; ``path`` is where it was read."""
        made = cls(text)
        made.path = path
        return made
