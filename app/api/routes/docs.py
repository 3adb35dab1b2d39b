"""``/openapi.json`` and ``/docs``: the document that the schemas make, and a page to read it.

The page is made here, and everything that it loads is served beside it. So it works on a machine
that reaches nothing, under a policy that allows no script and no style in the page itself.
"""

from __future__ import annotations

from functools import cached_property
from html import escape
from pathlib import Path

from flask import Flask, Response, render_template, request

from app import __version__
from app.api.document.document import HERE, Document
from app.api.document.nodes import Node
from app.api.document.reader import Reader
from app.api.http.answers import json_answer, json_text
from app.api.http.auth import for_token_holders
from app.api.http.public_urls import absolute
from app.api.http.smorest import Api

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FILES = {"reader.css": "text/css", "reader.js": "text/javascript"}
"""What the page loads, and its type."""

_STATIC = Path(__file__).resolve().parents[1] / "static"


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
            ("/docs/<any('reader.css', 'reader.js'):name>", "docs_file", self._serve_file),
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
        return page_of(self._document.whole)

    @cached_property
    def _files(self) -> dict[str, bytes]:
        return {name: (_STATIC / name).read_bytes() for name in FILES}

    def _serve_json(self) -> Response:
        return json_answer(self._json.replace(HERE, absolute("")))

    def _serve_older(self) -> Response:
        return json_answer(self._older_json.replace(HERE, absolute("")))

    def _serve_page(self) -> Response:
        page = self._page.replace(HERE, escape(absolute("")))
        answer = Response(page, content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    def _serve_file(self, name: str) -> Response:
        answer = Response(self._files[name], content_type=f"{FILES[name]}; charset=utf-8")
        answer.headers["Cache-Control"] = "no-cache"  # ask each time whether it has changed
        answer.add_etag()
        answer.make_conditional(request)
        return answer


def page_of(document: Node) -> str:
    """Return a document as a page, in which every text is only text."""
    return render_template("docs.html", document=document, reader=Reader(document))
