"""Sign in, stay signed in, sign out: a cookie that holds the sealed token.

The cookie opens the console alone: the API takes no cookie, so no other site can have a browser
call it. Forms carry a value that only pages of the same session know, and the cookie is sent by
pages of this site alone (``SameSite=Strict``).
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.auth import READING, credentials
from app.api.http.context import services
from app.api.http.credentials import Bearer
from app.api.http.public_urls import absolute
from app.crypto.console_sessions import REMEMBERED_S, SESSION_S, ConsoleSessions
from app.errors import Forbidden, Unauthenticated

COOKIE = "qhronos_console"
FIELD = "form_token"
SIGN_OUT = "console.sign_out"
USED = "This link was used before or is older than ten minutes; sign in with a token."
STALE_FORM = "This form is from another session; load the page again and repeat what you did."
FOREIGN_FORM = "This form is from another site; sign in on the page of the console."


def require_session() -> AnyResponse | None:
    """Let pass who is signed in; lead everybody else to the page where one signs in."""
    asking = bearer_of_session()
    if asking is None:
        return _to_sign_in()
    value = request.cookies[COOKIE]
    g.bearer = asking
    g.session = value
    asker, is_reading = g.bearer.access, request.method in READING
    if not is_reading and not sessions().is_form_token(request.form.get(FIELD, ""), value):
        raise Forbidden(STALE_FORM)
    if request.endpoint == SIGN_OUT:  # open to whoever has a session
        return None
    if not asker.can_read:  # what an act answers is a page, which shows what there is
        raise Forbidden("This token may not read, so there is nothing that it may see here.")
    if not is_reading and not asker.can_write:
        raise Forbidden("This token may only read; sign in with one that may write.")
    return None


def bearer_of_session() -> Bearer | None:
    """Whose session a page of the console is asked for in; ``None``: it is not, or has ended.

    Looked up once for each request. Raises ``StoreUnavailable``.
    """
    if not request.path.startswith(url_for("console.now").removeprefix(request.script_root)):
        return None
    if "session_bearer" not in g:
        value = request.cookies.get(COOKIE, "")
        token = sessions().open(value, _now_s()) if value else None
        try:
            g.session_bearer = credentials().bearer_of(token) if token is not None else None
        except Unauthenticated:
            g.session_bearer = None
    found: Bearer | None = g.session_bearer
    return found


def require_own_form() -> None:
    """Refuse what a page of another site sends, before there is a session that could tell.

    Else such a page could sign somebody in with a token of its own, unseen. Browsers say where a
    request is from in ``Sec-Fetch-Site`` (W3C Fetch Metadata, section 2.3); programs need not.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise Forbidden(FOREIGN_FORM)


def begin(token: bytes, following: str) -> AnyResponse:
    """Sign in with a token, and go on; raises ``Unauthenticated``."""
    credentials().bearer_of(token)
    answer = redirect(local_path(following), 303)
    answer.set_cookie(
        COOKIE,
        sessions().seal(token, _now_s()),
        max_age=SESSION_S,
        path=url_for("console.now"),
        secure=_is_behind_tls(),
        httponly=True,
        samesite="Strict",
    )
    return answer


def link_of(token: bytes) -> str:
    """The address that signs in with a token, once and within ten minutes."""
    path: str = url_for("console.sign_in", link=sessions().seal_link(token, _now_s()))
    return absolute(path.removeprefix(request.script_root))


def begin_by_link(value: str, following: str) -> AnyResponse:
    """Sign in by a link, and go on; raises ``Unauthenticated``."""
    link = sessions().open_link(value, _now_s())
    if link is None or not services().tokens.use_once(link.name, REMEMBERED_S):
        raise Unauthenticated(USED)
    return begin(link.token, following)


def end() -> AnyResponse:
    """Sign out."""
    answer = redirect(url_for("console.sign_in"), 303)
    answer.delete_cookie(COOKIE, path=url_for("console.now"))
    return answer


def form_token() -> str:
    """What a form of this session sends along."""
    return sessions().form_token(g.session) if "session" in g else ""


def local_path(given: str) -> str:
    """A path of the console, for whoever has signed in; anything else leads to its first page."""
    start: str = url_for("console.now")
    parts = urlsplit(given)
    is_here = not parts.scheme and not parts.netloc and parts.path.startswith(start)
    is_here = is_here and ".." not in unquote(parts.path).split("/")
    return given if is_here and "\\" not in given and given.isprintable() else start


def sessions() -> ConsoleSessions:
    """What seals and opens sessions."""
    return services().crypto.console_sessions


def _now_s() -> int:
    return services().clock.now_ms() // 1000


def _is_behind_tls() -> bool:
    """Whether the browser came by HTTPS, as a proxy says, or as the settings say of this host."""
    public = urlsplit(services().settings.public_url)
    return request.is_secure or (public.scheme == "https" and public.netloc == request.host)


def _to_sign_in() -> AnyResponse:
    here = request.script_root + request.full_path.rstrip("?")
    following = here if request.method in READING else None
    return redirect(url_for("console.sign_in", next=following), 303)
