"""Proxies in front of the API, and what is believed of what they say.

Through a proxy that the settings name, the caller's address, the scheme and the host are those
that it tells. What anybody else says of them is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask

from app.api.http.public_urls import is_host
from app.config import Settings
from app.domain.addresses import Network
from app.domain.callers import caller, said_by


def register_proxies(app: Flask, settings: Settings) -> None:
    """Have requests be as they were before they came to the proxies of the settings.

    The path of ``QHRONOS_PUBLIC_URL`` is one that a proxy takes away: pages that name paths of
    their own put it before them.
    """
    proxies, mount = settings.trusted_proxies, urlsplit(settings.public_url).path
    if not proxies and not mount:
        return
    inner = app.wsgi_app

    def behind(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if mount:
            environ["SCRIPT_NAME"] = mount
        if proxies:
            _believe(environ, proxies)
        return inner(environ, start_response)

    app.wsgi_app = behind  # type: ignore[method-assign]


def _believe(environ: WSGIEnvironment, proxies: tuple[Network, ...]) -> None:
    peer, forwarded = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
    address, hops = caller(peer, forwarded, proxies)
    environ["REMOTE_ADDR"] = address
    scheme = said_by(hops, environ.get("HTTP_X_FORWARDED_PROTO", "")).lower()
    if scheme in ("http", "https"):
        environ["wsgi.url_scheme"] = scheme
    host = said_by(hops, environ.get("HTTP_X_FORWARDED_HOST", ""))
    if is_host(host):
        environ["HTTP_HOST"] = host
