"""Alerts: who is told when deliveries go wrong; make, change, test and delete one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.auth import access
from app.api.http.context import services
from app.api.schemas.alerts import AlertSchema, alert_members
from app.console import acts
from app.console.forms import problem_of
from app.domain.alerts import DEFAULT_LAG_MS, DEFAULT_PER_HOUR
from app.domain.durations import format_duration
from app.errors import Conflict, Forbidden, InvalidInput
from app.services.alerts import AlertView

NOT_DIGITS = "must be a whole number"
WORDS = {
    "failing": "an event begins to fail",
    "dead_letter": "an occurrence fails for good",
    "breaker_open": "a circuit breaker opens",
    "series_ended": "a series ends",
    "set_aside": "an event is set aside",
    "lag": "deliveries are late",
    "problem": "the instance has a problem",
    "slo_burn": "an error budget burns",
}
"""Conditions as the form and the list say them."""

KINDS = {"mail": "mail", "slack": "Slack", "teams": "Teams", "webhook": "a webhook"}


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    console.add_url_rule("/alerts", "alerts", show)
    console.add_url_rule("/alerts", "make_alert", make, methods=["POST"])
    console.add_url_rule("/alerts/<alert_id>", "alert", show_one)
    console.add_url_rule("/alerts/<alert_id>", "change_alert", change, methods=["POST"])
    console.add_url_rule("/alerts/<alert_id>/test", "test_alert", test, methods=["POST"])
    console.add_url_rule("/alerts/<alert_id>/delete", "delete_alert", delete, methods=["POST"])


def show(problem: InvalidInput | None = None) -> str:
    """The alerts that there are for who asks, and a form for another one."""
    return render_template(
        "console/alerts.html",
        found=services().alerts.list(access()),
        **_form(request.form or _empty(), problem),
    )


def show_one(alert_id: str, problem: InvalidInput | None = None, tested: str | None = None) -> str:
    """One alert: whether its notifications arrive, and a form of it."""
    view = services().alerts.get(alert_id, access())
    return render_template(
        "console/alert.html",
        view=view,
        tested=tested,
        **_form(request.form if problem else _filled(view), problem),
    )


def make() -> AnyResponse | tuple[str, int]:
    """Make an alert."""
    try:
        alert_id = acts.create_alert(AlertSchema.read(_body(request.form)))
    except (ValidationError, InvalidInput) as error:
        return show(problem_of(error)), 400
    except (Conflict, Forbidden) as error:
        return show(InvalidInput(error.message)), 409
    return redirect(url_for("console.alert", alert_id=alert_id), 303)


def change(alert_id: str) -> AnyResponse | tuple[str, int]:
    """Change it; a URL or a secret that is left empty stays."""
    view = services().alerts.get(alert_id, access())
    body = _body(request.form)
    if body["type"] == view.alert.kind != "mail":
        body = {name: value for name, value in body.items() if value is not None or name != "url"}
    try:
        acts.update_alert(alert_id, AlertSchema.read(body))
    except (ValidationError, InvalidInput) as error:
        return show_one(alert_id, problem_of(error)), 400
    except (Conflict, Forbidden) as error:
        return show_one(alert_id, InvalidInput(error.message)), 409
    return redirect(url_for("console.alert", alert_id=alert_id), 303)


def test(alert_id: str) -> str | tuple[str, int]:
    """Send a test now, and say what became of it."""
    try:
        error = services().alerts.test(alert_id, access())
    except Conflict as refused:
        return show_one(alert_id, InvalidInput(refused.message)), 409
    return show_one(alert_id, tested=error or "")


def delete(alert_id: str) -> AnyResponse:
    """Delete it."""
    acts.delete_alert(alert_id=alert_id)
    return redirect(url_for("console.alerts"), 303)


def _form(given: Mapping[str, Any], problem: InvalidInput | None) -> dict[str, Any]:
    chosen = given["on"] if isinstance(given.get("on"), list) else request.form.getlist("on")
    return {
        "given": given,
        "chosen": chosen,
        "words": WORDS,
        "kinds": KINDS,
        "problem": problem,
        "fields": (problem.fields or {}) if problem else {},
    }


def _empty() -> dict[str, Any]:
    return {
        "type": "slack" if not services().alerts.sending.notifier.can_mail else "mail",
        "on": ["failing", "dead_letter", "breaker_open"],
        "per_hour": str(DEFAULT_PER_HOUR),
        "lag": format_duration(DEFAULT_LAG_MS),
    }


def _filled(view: AlertView) -> dict[str, Any]:
    members = alert_members(view)
    return {
        "name": members["name"],
        "type": members["type"].value,
        "on": [one.value for one in members["on"]],
        "tags": ", ".join(members["tags"]),
        "to": "\n".join(members["to"]),
        "url": members["url"] or "",
        "secret": "",
        "per_hour": str(members["per_hour"]),
        "lag": members["lag"],
    }


def _body(form: Mapping[str, str]) -> dict[str, Any]:
    """What a form would send to the API; a field that goes with another type is left out."""
    kind, given = form.get("type", ""), {name: text.strip() for name, text in form.items()}
    body: dict[str, Any] = {
        "name": given.get("name", ""),
        "type": kind,
        "on": request.form.getlist("on"),
        "tags": given.get("tags", "").replace(",", " ").split(),
        "to": [],
        "url": None,
        "per_hour": _number(given, "per_hour"),
        "lag": given.get("lag") or None,
    }
    if kind == "mail":
        body["to"] = given.get("to", "").replace(",", " ").split()
    else:
        body["url"] = given.get("url") or None
    if kind == "webhook":
        body |= {"secret": given["secret"]} if given.get("secret") else {}
    else:
        body["secret"] = None
    return body


def _number(form: Mapping[str, str], name: str) -> int | None:
    text = form.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidInput.field(name, NOT_DIGITS)
    return int(text)
