"""Proxies in front of the API, and what is believed of what they say.

Only the caller's address is taken from them. Nothing here makes an address of its own, so neither
the scheme nor the host that a proxy was asked under matters.
"""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask

from app.domain.addresses import Network
from app.domain.callers import client_address


def register_proxies(app: Flask, proxies: tuple[Network, ...]) -> None:
    """Have ``request.remote_addr`` be the caller's behind these proxies."""
    if not proxies:
        return
    inner = app.wsgi_app

    def behind(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        peer, forwarded = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
        environ["REMOTE_ADDR"] = client_address(peer, forwarded, proxies)
        return inner(environ, start_response)

    app.wsgi_app = behind  # type: ignore[method-assign]
