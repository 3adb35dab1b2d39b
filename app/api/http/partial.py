"""``Qhronos-Partial``: what is answered of a cluster while one of its shards is away."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Response

from app.api.http.context import shards
from app.store.left_out import left_out

HEADER = "Qhronos-Partial"

Answer = TypeVar("Answer")

PARTIAL = {HEADER: {"$ref": "#/components/headers/Partial"}}
"""What documents the header."""


def reads_what_is_there(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Have a view that only reads do without a shard that is away."""

    @wraps(view)
    def wrapper(*values: Any, **names: Any) -> Answer:
        return shards().read(lambda: view(*values, **names))

    return wrapper


def may_be_partial(view: Callable[..., Response]) -> Callable[..., Response]:
    """Have a view that only reads answer what is there, and say of how many partitions it is not.

    What it answers must be read by the time that it returns.
    """

    @wraps(view)
    def wrapper(*values: Any, **names: Any) -> Response:
        answer = view(*values, **names)
        if missing := left_out():
            answer.headers[HEADER] = str(len(missing))
        return answer

    return reads_what_is_there(wrapper)
