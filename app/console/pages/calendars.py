"""Calendars: days on which nothing should happen; shown as a year, changed, read from a file."""

from __future__ import annotations

import json
from calendar import Calendar as Weeks
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from app.api.http.auth import access, require_admin
from app.api.http.context import services
from app.api.schemas.calendars import CalendarSchema
from app.console import acts
from app.console.forms import json_field, problem_of
from app.domain.calendar import WEEKDAYS
from app.domain.ical.days import read_definition
from app.errors import Conflict, Forbidden, InvalidInput
from app.services.calendars import CalendarView

YEARS = range(1970, 9999)


def add_to(console: Blueprint) -> None:
    """Add the paths."""
    console.add_url_rule("/calendars", "calendars", show)
    console.add_url_rule("/calendars", "make_calendar", make, methods=["POST"])
    console.add_url_rule("/calendars/<name>", "calendar", show_one)
    console.add_url_rule("/calendars/<name>", "change_calendar", change, methods=["POST"])
    console.add_url_rule("/calendars/<name>/delete", "delete_calendar", delete, methods=["POST"])


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day of a year; ``reason`` says why nothing should happen on it."""

    day: date
    reason: str | None


def show(problem: InvalidInput | None = None) -> str:
    """All calendars, by name."""
    return render_template(
        "console/calendars.html",
        found=services().calendars.list(access()),
        words={one.name: _words(one) for one in services().calendars.list(access())},
        given=request.form,
        weekdays=WEEKDAYS,
        problem=problem,
        fields=(problem.fields or {}) if problem else {},
    )


def show_one(name: str, problem: InvalidInput | None = None) -> str:
    """A year of one calendar, and a form of its days for who may change it."""
    view = services().calendars.get(name, access())
    today = datetime.fromtimestamp(services().clock.now_ms() / 1000, UTC).date()
    year = request.args.get("year", "")
    wanted = int(year) if len(year) == 4 and year.isascii() and year.isdecimal() else today.year
    wanted = wanted if wanted in YEARS else today.year
    days, trouble = [], None
    try:
        days = _days(view, wanted)
    except InvalidInput as error:
        trouble = error.message
    return render_template(
        "console/calendar.html",
        view=view,
        name=name,
        words=_words(view),
        year=wanted,
        today=today,
        months=[_month(wanted, month, days) for month in range(1, 13)] if days else [],
        off=sum(one.reason is not None for one in days),
        trouble=trouble,
        given=request.form or _filled(view.definition),
        chosen=request.form.getlist("weekdays") or view.definition.get("weekdays", ()),
        weekdays=WEEKDAYS,
        problem=problem,
        fields=(problem.fields or {}) if problem else {},
    )


def make() -> AnyResponse | tuple[str, int]:
    """Make a calendar, by its form or of a file."""
    require_admin()
    name = request.form.get("name", "").strip()
    try:
        if any(one.name == name for one in services().calendars.list(access())):
            raise InvalidInput.field("name", "is that of another calendar; change that one")
        acts.put_calendar(name, _definition())
    except (ValidationError, InvalidInput) as error:
        return show(problem_of(error)), 400
    except Conflict as error:
        return show(InvalidInput(error.message)), 409
    return redirect(url_for("console.calendar", name=name), 303)


def change(name: str) -> AnyResponse | tuple[str, int]:
    """Replace its days."""
    require_admin()
    services().calendars.get(name, access())  # an old page makes no calendar anew
    try:
        acts.put_calendar(name, _definition())
    except (ValidationError, InvalidInput) as error:
        return show_one(name, problem_of(error)), 400
    return redirect(url_for("console.calendar", name=name), 303)


def delete(name: str) -> AnyResponse | tuple[str, int]:
    """Delete a calendar that no event names."""
    try:
        acts.delete_calendar(name=name)
    except (Conflict, Forbidden) as error:
        return show_one(name, InvalidInput(error.message)), 409
    return redirect(url_for("console.calendars"), 303)


def _definition() -> Mapping[str, Any]:
    """The days of a file, if one was sent; else those of the form."""
    file = request.files.get("file")
    if file is not None and file.filename:
        description = request.form.get("description", "").strip()
        given = {"description": description} if description else {}
        try:
            return {**given, **read_definition(file.read())}
        except InvalidInput as error:
            raise InvalidInput.field("file", error.message) from None
    body = _body(request.form, request.form.getlist("weekdays"))
    return dict(CalendarSchema().load(body))


def _body(form: Mapping[str, str], weekdays: list[str]) -> dict[str, Any]:
    """What a form would send to the API: a line is a day, or a first and a last one."""
    dates, ranges = [], []
    for line in form.get("dates", "").replace(",", "\n").splitlines():
        first, to, last = line.partition("..")
        if to:
            ranges.append({"from": first.strip(), "to": last.strip()})
        elif first.strip():
            dates.append(first.strip())
    country, subdivision = (form.get(one, "").strip() for one in ("country", "subdivision"))
    body: dict[str, Any] = {"description": form.get("description", "").strip() or None}
    body |= {"dates": dates or None, "ranges": ranges or None, "weekdays": weekdays or None}
    if country:
        body["holidays"] = {"country": country}
        body["holidays"] |= {"subdivision": subdivision} if subdivision else {}
    if form.get("rules", "").strip():
        body["rules"] = json_field("rules", form["rules"])
    return body


def _filled(definition: Mapping[str, Any]) -> dict[str, str]:
    ranges = [f"{one['from']}..{one['to']}" for one in definition.get("ranges", ())]
    holidays = definition.get("holidays") or {}
    rules = definition.get("rules")
    return {
        "description": definition.get("description") or "",
        "dates": "\n".join([*definition.get("dates", ()), *ranges]),
        "country": holidays.get("country", ""),
        "subdivision": holidays.get("subdivision") or "",
        "rules": json.dumps(rules, indent=2, ensure_ascii=False) if rules else "",
    }


def _words(view: CalendarView) -> str:
    """What its days are, in words."""
    try:
        return services().calendars.words(view)
    except InvalidInput as error:
        return f"can't be read: {error.message}"


def _days(view: CalendarView, year: int) -> list[CalendarDay]:
    return [CalendarDay(day, reason) for day, reason in services().calendars.days(view, year)]


def _month(
    year: int, month: int, days: list[CalendarDay]
) -> tuple[date, list[list[CalendarDay | None]]]:
    """Its first day, and its weeks from Monday; ``None`` where a day is of another month."""
    known = {one.day: one for one in days}
    weeks = Weeks().monthdatescalendar(year, month)
    return (
        date(year, month, 1),
        [[known[day] if day.month == month else None for day in week] for week in weeks],
    )
