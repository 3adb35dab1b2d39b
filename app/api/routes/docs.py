"""``/openapi.json`` and ``/docs``: the document that the schemas make, and a page of it.

The page is made here, without scripts and without anything from elsewhere, so it works on a
machine that reaches nothing and under a policy that allows nothing.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cached_property

from flask import Flask, Response, render_template

from app import __version__
from app.api.document.document import HERE, Document
from app.api.http.answers import json_answer, json_text
from app.api.http.auth import for_token_holders
from app.api.http.public_urls import absolute
from app.api.http.smorest import Api

STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
code { font-family: ui-monospace, monospace } h2 { margin-top: 2.5rem }
table { border-collapse: collapse; width: 100% } th { text-align: left }
td, th { border-bottom: 1px solid #8884; padding: .3rem .6rem .3rem 0; vertical-align: top }
:root { color-scheme: light dark }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'"


def make_api(app: Flask) -> Api:
    """Begin the document of an application."""
    app.config.update(
        API_TITLE="Qhronos",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={"security": [{"bearer": []}]},
    )
    api = Api(app)
    for name, described in (
        ("bearer", "The master token or a JWT."),
        ("delivery", "The Qhronos-Ack-Token of the delivery."),
    ):
        scheme = {"type": "http", "scheme": "bearer", "description": described}
        api.spec.components.security_scheme(name, scheme)
    return api


class Documentation:
    """Serves the document; written once, when it is first asked for."""

    def __init__(self, api: Api) -> None:
        self._document = Document(api)

    def register(self, app: Flask, *, public: bool) -> None:
        """Serve all forms; unless they are public, to who has a token, whichever."""
        for path, name, view in (
            ("/openapi.json", "openapi_json", self._serve_json),
            ("/openapi-3.0.json", "openapi_older_json", self._serve_older),
            ("/docs", "docs", self._serve_page),
        ):
            app.add_url_rule(path, name, view if public else for_token_holders(view))

    @cached_property
    def _json(self) -> str:
        return json_text(self._document.whole)

    @cached_property
    def _older_json(self) -> str:
        return json_text(self._document.older)

    @cached_property
    def _page(self) -> str:
        return render_template("docs.html", document=self._document.whole, style=STYLE)

    def _serve_json(self) -> Response:
        return json_answer(self._json.replace(HERE, absolute("")))

    def _serve_older(self) -> Response:
        return json_answer(self._older_json.replace(HERE, absolute("")))

    def _serve_page(self) -> Response:
        headers = {"Content-Security-Policy": POLICY}
        return Response(self._page, headers=headers, content_type="text/html; charset=utf-8")
