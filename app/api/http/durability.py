"""``Qhronos-Durability``: a change is answered when it is where its caller wants it."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask, Response, g, request

from app.api.http.context import services
from app.api.http.errors import RETRY_AFTER_SECONDS, error_answer
from app.domain.durability import HEADER, Durability, read_durability
from app.domain.once import HEADER as ONCE
from app.errors import InvalidInput
from app.store.durability import Fence

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_NOT_SAFE = (
    "The change is made, but it is not known to be {} yet; send the same request again, with the "
    f"same {ONCE}, and it is answered when it is."
)


def register_durability(app: Flask) -> None:
    """Hold back the answers to changes until they are as safe as was asked for.

    By the time it looks, all is done that a request does: its entry in the audit log is written,
    and its answer is kept for its idempotency key. So the same request, sent again, only waits.
    """
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    if request.method not in _CHANGING:
        return
    wanted = services().settings.durability
    if (text := request.headers.get(HEADER)) is not None:
        try:
            wanted = wanted | read_durability(text)
        except InvalidInput as error:
            raise InvalidInput(f"{HEADER} {error.message}.") from None
    if wanted:
        replicas = services().settings.durability_replicas
        g.fence = services().storage.client.fence(wanted, replicas)
        g.durability = wanted


def _end(answer: Response) -> Response:
    fence: Fence | None = g.pop("fence", None)
    if fence is None or answer.status_code >= 400:
        return answer
    if fence.is_safe():
        answer.headers[HEADER] = ", ".join(sorted(g.durability))
        return answer
    refused = error_answer(503, _NOT_SAFE.format(_words(g.durability)))
    refused.headers["Retry-After"] = RETRY_AFTER_SECONDS
    return refused


def _words(wanted: Iterable[Durability]) -> str:
    meaning = {Durability.REPLICATED: "on replicas", Durability.FSYNC: "on disk"}
    return " and ".join(sorted(meaning[one] for one in wanted))
