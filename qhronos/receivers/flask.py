"""For Flask."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from qhronos.errors import InvalidSignature
from qhronos.receivers import REFUSAL, Secret, current
from qhronos.verification import verify


def deliveries(secret: Secret) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a view the ``Delivery`` of the request as its first argument, if its signature holds.

    ::

        @app.post("/webhooks")
        @deliveries(secret)
        def receive(delivery):
            return "", 204
    """
    from flask import jsonify, request

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def wrapper(*values: Any, **names: Any) -> Any:
            body = request.get_data()
            try:
                delivery = verify(request.headers.items(), body, current(secret))
            except InvalidSignature:
                return jsonify(REFUSAL), 401
            return view(delivery, *values, **names)

        return wrapper

    return decorate
