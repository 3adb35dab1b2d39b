"""Helpers for receivers, one module for each framework; none of them is needed to import this.

``secret`` is what the events are signed with, or a function that answers it for each request, as
where it is read from settings later. Whatever is not signed is answered 401 before your code runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

Secret = str | Iterable[str] | Callable[[], str | Iterable[str]]

REFUSAL = {"error": "The delivery is not signed, or not with this receiver's secret."}


def current(secret: Secret) -> str | Iterable[str]:
    """The secret for a request."""
    return secret() if callable(secret) else secret
