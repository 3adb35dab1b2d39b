"""Qhronos for your programs: a client of its API, and how to verify what it delivers.

``import qhronos`` imports nothing else; each name below is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str

__all__ = ["__version__"]


def __getattr__(name: str) -> object:
    """Import what a name stands for; PEP 562."""
    if name == "__version__":
        from qhronos.installation import version

        return version()
    raise AttributeError(f"module 'qhronos' has no attribute {name!r}")
