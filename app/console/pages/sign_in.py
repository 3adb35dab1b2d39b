"""Sign in with a token or by a link, and sign out."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.answers import json_answer, json_text
from app.api.http.auth import access, bearer_token
from app.console import session
from app.errors import Unauthenticated

LONGEST = 16_000
"""Characters of a token or a link that are looked at."""


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    console.add_url_rule("/sign-in", "sign_in", show)
    console.add_url_rule("/sign-in", "sign_in_with", sign_in, methods=["POST"])
    console.add_url_rule("/sign-out", "sign_out", session.end, methods=["POST"])
    console.add_url_rule("/links", "make_link", make_link, methods=["POST"])


def show() -> str:
    """Ask for a token; by a link, only for a click, so that no program uses it up unasked."""
    return _form(None, link=request.args.get("link", "")[:LONGEST])


def sign_in() -> AnyResponse | tuple[str, int]:
    """Begin a session, or say why not."""
    session.require_own_form()
    following = request.form.get("next", "")
    token, link = (request.form.get(name, "").strip()[:LONGEST] for name in ("token", "link"))
    try:
        if link:
            return session.begin_by_link(link, following)
        return session.begin(token.encode("utf-8", "replace"), following)
    except Unauthenticated as error:
        return _form(error.message), 401


def make_link() -> Response:
    """Answer whose token comes in the header with an address that signs in with it, once."""
    access()
    return json_answer(json_text({"link": session.link_of(bearer_token())}), 201)


def _form(problem: str | None, link: str = "") -> str:
    following = request.values.get("next", "")
    return render_template("console/sign_in.html", following=following, problem=problem, link=link)
