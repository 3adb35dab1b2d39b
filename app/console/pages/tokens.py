"""Tokens: who holds one for what, and when it was last used; make one, revoke one."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.auth import require_admin
from app.api.http.context import services
from app.api.http.credentials import BADGE, FEED, METRICS
from app.api.schemas.tokens import TokenQuerySchema, TokenSchema
from app.console import acts
from app.console.forms import problem_of
from app.domain.access import LEVELS
from app.domain.times import to_rfc3339
from app.errors import InvalidInput, QhronosError

LIMIT = 50
DAY_MS = 86_400_000
DAYS = "90"
"""How long a token is good, unless somebody says otherwise."""


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    console.add_url_rule("/tokens", "tokens", show)
    console.add_url_rule("/tokens", "make_token", make, methods=["POST"])
    console.add_url_rule("/tokens/<jti>/revoke", "revoke_token", revoke, methods=["POST"])


def show(made: str | None = None, problem: InvalidInput | None = None) -> str:
    """The tokens that are good, newest first."""
    require_admin()
    given = {name: value for name, value in request.args.items() if value and name != "limit"}
    query = TokenQuerySchema().load({**given, "limit": str(LIMIT)})
    return render_template(
        "console/tokens.html",
        found=services().tokens.list(query.sub, query.limit, query.cursor),
        sub=query.sub or "",
        levels=LEVELS,
        feed=FEED,
        metrics=METRICS,
        badge=BADGE,
        given=request.form or {"days": DAYS, "access": "read"},
        made=made,
        problem=problem,
        fields=(problem.fields or {}) if problem else {},
    )


def make() -> str | tuple[str, int]:
    """Make a token and show it, once."""
    require_admin()
    try:
        return show(made=acts.create_token(TokenSchema().load(_body(request.form))))
    except (ValidationError, InvalidInput) as error:
        return show(problem=problem_of(error)), 400
    except QhronosError as error:
        return show(problem=InvalidInput(error.message)), 409


def revoke(jti: str) -> AnyResponse:
    """Revoke a token."""
    require_admin()
    acts.revoke_token(jti=jti)
    return redirect(url_for("console.tokens", sub=request.form.get("of") or None), 303)


def _body(form: Mapping[str, str]) -> dict[str, object]:
    level = form.get("access", "")
    kind = {"type": level} if level in (FEED, BADGE, METRICS) else {"type": "jwt", "access": level}
    days = form.get("days", "").strip()
    if not (days.isascii() and days.isdecimal() and len(days) <= 4):
        raise InvalidInput.field("expires_at", "say for how many days, as in 90")
    return {
        **kind,
        "sub": form.get("sub", "").strip(),
        "scope": form.get("scope", "").replace(",", " ").split(),
        "expires_at": to_rfc3339(services().clock.now_ms() + int(days) * DAY_MS),
    }
