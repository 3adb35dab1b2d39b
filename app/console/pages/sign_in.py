"""Sign in with a token, and sign out."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.console import session
from app.errors import Unauthenticated

LONGEST = 8_000
"""Characters of a token that are looked at."""


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    console.add_url_rule("/sign-in", "sign_in", show)
    console.add_url_rule("/sign-in", "sign_in_with", sign_in, methods=["POST"])
    console.add_url_rule("/sign-out", "sign_out", session.end, methods=["POST"])


def show() -> str:
    """Ask for a token."""
    return _form(request.args.get("next", ""), None)


def sign_in() -> AnyResponse | tuple[str, int]:
    """Begin a session, or say why not."""
    token, following = request.form.get("token", "").strip(), request.form.get("next", "")
    try:
        return session.begin(token[:LONGEST].encode("utf-8", "replace"), following)
    except Unauthenticated as error:
        return _form(following, error.message), 401


def _form(following: str, problem: str | None) -> str:
    return render_template("console/sign_in.html", following=following, problem=problem)
