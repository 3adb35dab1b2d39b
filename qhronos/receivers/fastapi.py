"""For FastAPI and Starlette."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from qhronos.errors import InvalidSignature
from qhronos.receivers import REFUSAL, Secret, current
from qhronos.verification import Delivery, verify


def deliveries(secret: Secret) -> Callable[..., Awaitable[Delivery]]:
    """Make a dependency that answers the ``Delivery`` of the request, if its signature holds.

    ::

        @app.post("/webhooks", status_code=204)
        async def receive(delivery: Annotated[Delivery, Depends(deliveries(secret))]): ...
    """
    from fastapi import HTTPException, Request

    async def delivery(request: Any) -> Delivery:
        body = await request.body()
        try:
            return verify(request.headers.items(), body, current(secret))
        except InvalidSignature:
            raise HTTPException(401, REFUSAL["error"]) from None

    # FastAPI goes by the annotation itself, and can't look up names of this function.
    delivery.__annotations__["request"] = Request
    return delivery
