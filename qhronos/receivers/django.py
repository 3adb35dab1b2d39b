"""For Django."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from qhronos.errors import InvalidSignature
from qhronos.receivers import REFUSAL, Secret, current
from qhronos.verification import verify


def deliveries(secret: Secret) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a view the ``Delivery`` after the request, if it is a POST whose signature holds.

    Django's protection against forged forms is off for it: the signature is the protection.
    ::

        @deliveries(lambda: settings.WEBHOOK_SECRET)
        def receive(request, delivery):
            return HttpResponse(status=204)
    """
    from django.http import HttpResponseNotAllowed, JsonResponse

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def wrapper(request: Any, *values: Any, **names: Any) -> Any:
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            try:
                delivery = verify(request.headers.items(), request.body, current(secret))
            except InvalidSignature:
                return JsonResponse(REFUSAL, status=401)
            return view(request, delivery, *values, **names)

        wrapper.csrf_exempt = True  # type: ignore[attr-defined]
        return wrapper

    return decorate
