"""``Qhronos-Durability``: a change is answered when it is where its caller wants it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from flask import Flask, Response, g, request

from app.api.http.auth import bearer
from app.api.http.context import services
from app.api.http.errors import RETRY_AFTER_SECONDS, error_answer
from app.domain.durability import HEADER, Durability, read_durability
from app.domain.once import HEADER as ONCE
from app.errors import InvalidInput
from app.store.durability import AnyFence

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_NOT_SAFE = (
    "The change is made, but it is not known to be {} yet; send the same request again, with the "
    f"same {ONCE}, and it is answered when it is."
)


def register_durability(app: Flask, for_token_holders: Collection[str]) -> None:
    """Hold back the answers to changes until they are as safe as was asked for.

    To the blueprints ``for_token_holders`` nobody comes without a token: who has none that is good
    learns that before anything is waited for, or such requests could keep all threads waiting.

    By the time it looks, all is done that a request does: its entry in the audit log is written,
    and its answer is kept for its idempotency key. So the same request, sent again, only waits.
    """

    def begin() -> None:
        if request.method in _CHANGING and request.routing_exception is None:
            _begin(needs_token=request.blueprint in for_token_holders)

    app.before_request(begin)
    app.after_request(_end)


def _begin(*, needs_token: bool) -> None:
    wanted = services().settings.durability
    if (text := request.headers.get(HEADER)) is not None:
        try:
            wanted = wanted | read_durability(text)
        except InvalidInput as error:
            raise InvalidInput(f"{HEADER} {error.message}.") from None
    if wanted:
        if needs_token:
            bearer()
        replicas = services().settings.durability_replicas
        g.fence = services().storage.client.fence(wanted, replicas)
        g.durability = wanted


def _end(answer: Response) -> Response:
    fence: AnyFence | None = g.pop("fence", None)
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
