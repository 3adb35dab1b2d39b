"""Who is asking, and whether they may: run before anything of the request is read."""

from __future__ import annotations

from typing import cast

from flask import current_app, g, request

from app.api.credentials import Credentials
from app.domain.access import Access
from app.errors import Forbidden, Unauthenticated

EXTENSION = "qhronos-credentials"
READING = frozenset({"GET", "HEAD"})
NO_TOKEN = "Send a token in the header 'Authorization: Bearer <token>'."  # noqa: S105 - a sentence


def credentials() -> Credentials:
    """Return the judge of tokens of this application."""
    return cast("Credentials", current_app.extensions[EXTENSION])


def access() -> Access:
    """Return what the request's token grants; raises ``Unauthenticated``."""
    if "access" not in g:
        g.access = credentials().access_of(_bearer())
    return cast("Access", g.access)


def require_right() -> None:
    """Let pass who may read (``GET``, ``HEAD``) or write (the other methods)."""
    if request.method == "OPTIONS":
        return
    if request.method in READING:
        if not access().can_read:
            raise Forbidden("This token may not read; use one whose access is read or read_write.")
    elif not access().can_write:
        raise Forbidden("This token may not write; use one whose access is write or read_write.")


def require_admin() -> None:
    """Let pass the master token and tokens of access ``admin``."""
    if request.method != "OPTIONS" and not access().is_admin:
        raise Forbidden("Only the master token or one whose access is admin may do this.")


def _bearer() -> bytes:
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(NO_TOKEN)
    # WSGI hands headers over as latin-1; these are the bytes that were sent.
    return token.strip().encode("latin-1", "replace")
