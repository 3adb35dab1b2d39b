"""Who is asking, and whether they may: run before anything of the request is read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import ParamSpec, cast

from flask import Response, current_app, g, request

from app.api.http.context import services
from app.api.http.credentials import BADGE, FEED, METRICS, NOT_VALID, Bearer, Credentials
from app.api.http.errors import answer_to
from app.domain.access import Access
from app.errors import Forbidden, QhronosError, Unauthenticated
from app.store.standing import Standing

_P = ParamSpec("_P")

EXTENSION = "qhronos-credentials"
READING = frozenset({"GET", "HEAD"})
NO_TOKEN = "Send a token in the header 'Authorization: Bearer <token>'."  # noqa: S105 - a sentence


def credentials() -> Credentials:
    """Return the judge of tokens of this application."""
    return cast("Credentials", current_app.extensions[EXTENSION])


def bearer() -> Bearer:
    """Return whose token came with the request; raises ``Unauthenticated``."""
    if "bearer" not in g:
        g.bearer = credentials().bearer_of(bearer_token())
    return cast("Bearer", g.bearer)


def known_bearer() -> Bearer | None:
    """Return whose token came with the request, if anything has asked for it."""
    return cast("Bearer | None", g.get("bearer"))


def claim() -> None:
    """Believe the request's token for now, if the view asks for its standing with what it writes.

    Until then, and after the view if it has not, ``confirm`` is what to call. A token whose use is
    to be noted is looked at here.
    """
    if "bearer" in g:
        return
    claimed = credentials().claimed_by(bearer_token())
    one = claimed.credential
    if one is None or not services().tokens.is_use_noted(one.jti):
        credentials().check(claimed)
    else:
        subject, check = claimed.access.subject, partial(credentials().check, claimed)
        g.standing = Standing(one.jti, subject, one.issued_s, check)
    g.bearer = claimed


def confirm(answer: Response) -> Response:
    """Let no answer out before the store has said that the request's token is good."""
    standing: Standing | None = g.get("standing")
    if standing is None:
        return answer
    try:
        standing.ask()
    except QhronosError as error:
        return answer_to(error)
    return answer


def access() -> Access:
    """Return what the request's token grants; raises ``Unauthenticated``."""
    return bearer().access


def require_right() -> None:
    """Let pass who may read (``GET``, ``HEAD``) or write (the other methods)."""
    if request.method == "OPTIONS":
        return
    if request.method in READING:
        if not access().can_read:
            raise Forbidden("This token may not read; use one whose access is read or read_write.")
    elif not access().can_write:
        raise Forbidden("This token may not write; use one whose access is write or read_write.")


def require_right_or_feed_token() -> None:
    """Let pass who may read, and who has a token for the feed in the query.

    Programs that read calendars send no headers.
    """
    _require_right_or_token_in_query(FEED)


def require_right_or_badge_token() -> None:
    """Let pass who may read, and who has a token for badges in the query: pages show pictures."""
    _require_right_or_token_in_query(BADGE)


def _require_right_or_token_in_query(purpose: str) -> None:
    # Other tokens have no business in an address, which is stored and shown in many places.
    tokens = request.args.getlist("token")
    if request.method in READING and tokens and "Authorization" not in request.headers:
        if len(tokens) > 1:
            raise Unauthenticated(NOT_VALID)
        g.bearer = credentials().bearer_of(tokens[0].encode("utf-8", "replace"), purpose)
    require_right()


def require_admin() -> None:
    """Let pass the master token and tokens of access ``admin``."""
    if request.method != "OPTIONS" and not access().is_admin:
        raise Forbidden("Only the master token or one whose access is admin may do this.")


def require_admin_or_metrics_token() -> None:
    """Let pass admins, and who has a token for the metrics, which is good for nothing else."""
    try:
        g.bearer = credentials().bearer_of(bearer_token(), METRICS)
    except Unauthenticated:
        require_admin()


def may_be_admin() -> bool:
    """Whether an admin asks; where nobody needs a token, one that does not hold is no error."""
    try:
        return access().is_admin
    except Unauthenticated:
        return False


def for_token_holders(view: Callable[_P, Response]) -> Callable[_P, Response]:
    """Wrap a view for who has a token, whatever it grants."""

    @wraps(view)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> Response:
        access()
        return view(*args, **kwargs)

    return guarded


def bearer_token() -> bytes:
    """Return the token of the request's header as it was sent; raises ``Unauthenticated``."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(NO_TOKEN)
    # WSGI hands headers over as latin-1; these are the bytes that were sent.
    return token.strip().encode("latin-1", "replace")
