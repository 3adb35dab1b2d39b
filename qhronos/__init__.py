"""Qhronos for your programs: a client of its API, and how to verify what it delivers.

``import qhronos`` imports nothing else: each name is imported when it is first used. ``verify`` and
``Delivery`` need the standard library alone; the clients need httpx, the extra ``client``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qhronos.client.async_client import AsyncClient
    from qhronos.client.client import Client
    from qhronos.client.retries import Retries
    from qhronos.errors import (
        ApiError,
        Conflict,
        Forbidden,
        Invalid,
        InvalidSignature,
        NotConfigured,
        NotFound,
        QhronosError,
        RateLimited,
        StaleVersion,
        Unauthenticated,
        Unavailable,
        Unreachable,
    )
    from qhronos.models import Attempt, Event, Occurrence
    from qhronos.verification import Delivery, verify

    __version__: str

_PLACES = {
    "AsyncClient": "qhronos.client.async_client",
    "Client": "qhronos.client.client",
    "Retries": "qhronos.client.retries",
    **dict.fromkeys(("Attempt", "Event", "Occurrence"), "qhronos.models"),
    **dict.fromkeys(("Delivery", "verify"), "qhronos.verification"),
}

__all__ = [
    "ApiError",
    "AsyncClient",
    "Attempt",
    "Client",
    "Conflict",
    "Delivery",
    "Event",
    "Forbidden",
    "Invalid",
    "InvalidSignature",
    "NotConfigured",
    "NotFound",
    "Occurrence",
    "QhronosError",
    "RateLimited",
    "Retries",
    "StaleVersion",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
    "__version__",
    "verify",
]


def __getattr__(name: str) -> object:
    """Import what a name stands for; PEP 562."""
    if name == "__version__":
        return import_module("qhronos.installation").version()
    if name not in __all__:
        raise AttributeError(f"module 'qhronos' has no attribute {name!r}")
    module = _PLACES.get(name, "qhronos.errors")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name != "httpx":
            raise
        raise ModuleNotFoundError(
            f"qhronos.{name} needs httpx: pip install 'qhronos[client]'.", name="httpx"
        ) from None
