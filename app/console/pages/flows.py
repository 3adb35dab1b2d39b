"""Flows and targets: what limits deliveries, and what waits for it; set limits, pause, resume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.auth import access
from app.api.http.context import services
from app.api.schemas.flows import FlowSchema
from app.console import acts
from app.console.forms import problem_of
from app.console.pages.now import breakers_of
from app.domain.flow import ORDERS
from app.errors import Conflict, InvalidInput, NotFound
from app.store.flows import StoredFlow

LIMIT = 50
NOT_DIGITS = "must be a whole number"


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    console.add_url_rule("/flows", "flows", show)
    console.add_url_rule("/flows/<key>", "flow", show_one)
    console.add_url_rule("/flows/<key>", "change_flow", change, methods=["POST"])
    console.add_url_rule("/flows/<key>/<act>", "act_on_flow", do, methods=["POST"])


def show() -> str:
    """The flows by key, and how targets fare."""
    asker = access()
    return render_template(
        "console/flows.html",
        found=services().flows.list(asker, LIMIT, request.args.get("cursor")),
        targets=services().overview.targets(asker),
        breakers=breakers_of(asker),
    )


def show_one(key: str, problem: InvalidInput | None = None) -> str:
    """One flow, with a form of its limits."""
    flow = services().flows.get(key, access(), _space())
    return render_template(
        "console/flow.html",
        flow=flow,
        key=key,
        space=_space() or "",
        given=request.form or _filled(flow),
        orders=ORDERS,
        problem=problem,
        fields=(problem.fields or {}) if problem else {},
    )


def change(key: str) -> AnyResponse | tuple[str, int]:
    """Set its limits; what is left empty is no limit."""
    services().flows.get(key, access(), _space())  # an old page makes no flow anew
    try:
        acts.put_flow(key, _space(), FlowSchema().load(_body(request.form)))
    except (ValidationError, InvalidInput) as error:
        return show_one(key, problem_of(error)), 400
    except Conflict as error:
        return show_one(key, InvalidInput(error.message)), 409
    return redirect(url_for("console.flow", key=key, space=_space()), 303)


def do(key: str, act: str) -> AnyResponse:
    """Pause or resume it."""
    if act not in ("pause", "resume"):
        raise NotFound("A flow can't be told to do this.")
    acts.pause_flow(key, _space(), paused=act == "pause")
    return redirect(url_for("console.flow", key=key, space=_space()), 303)


def _space() -> str | None:
    return request.args.get("space")


def _filled(flow: StoredFlow) -> dict[str, str]:
    limits = flow.limits
    return {
        "rate": limits.rate.text if limits.rate else "",
        "burst": str(limits.burst) if limits.burst > 1 else "",
        "concurrency": str(limits.concurrency or ""),
        "order": "strict" if limits.strict else "any",
    }


def _body(form: Mapping[str, str]) -> dict[str, Any]:
    return {
        "rate": form.get("rate", "").strip() or None,
        "burst": _number(form, "burst"),
        "concurrency": _number(form, "concurrency"),
        "order": form.get("order", "any"),
    }


def _number(form: Mapping[str, str], name: str) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidInput.field(name, NOT_DIGITS)
    return int(text)
