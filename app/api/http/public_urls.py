"""Where this service is for who asks: what ``Link`` and ``Location`` begin with, and redirects.

Below ``QHRONOS_PUBLIC_URL`` if that is set, else below the scheme and host that the request came
to. A redirect names neither (RFC 9110 section 10.2.2 allows that): it stays where the caller is,
whatever the headers of the request say.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.routing import RequestRedirect

from app.api.http.context import services
from app.errors import InvalidInput

_HOST = re.compile(r"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_WRONG_HOST = "The header Host must be a name or an address, as in example.com:8080."


def register_public_urls(app: Flask) -> None:
    """Refuse what names no host (RFC 9112 section 3.2), and serve a default under its path."""
    app.url_map.redirect_defaults = False
    app.before_request(_check_host)
    app.before_request(_redirect)


def absolute(path: str) -> str:
    """Return the URL of a path of this API, which may have a query."""
    base = services().settings.public_url or f"{request.scheme}://{request.host}"
    return base + path


def is_host(text: str) -> bool:
    """Whether a text is a host, with or without a port."""
    return _HOST.fullmatch(text) is not None


def _check_host() -> None:
    given = request.headers.get("Host")
    if given and not is_host(given):
        raise InvalidInput(_WRONG_HOST)


def _redirect() -> Response | None:
    """Lead to the path with a slash at its end, as seen from the path that was asked for."""
    error = request.routing_exception
    if not isinstance(error, RequestRedirect):
        return None
    parts = urlsplit(error.new_url)
    target = f"./{parts.path.split('/')[-2]}/"
    location = f"{target}?{parts.query}" if parts.query else target
    return Response(status=error.code, headers={"Location": location})
