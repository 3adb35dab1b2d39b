"""Playground: a phrase, a cron line or a rule, explained and looked ahead; nothing is stored."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.console import forms
from app.console.pages.event_form import outlook_of_form

TRIES = (
    ("words", "every second Friday at 9"),
    ("words", "last workday of the month at 17:30"),
    ("cron", "*/15 9-17 * * MON-FRI"),
    ("rrule", "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=9"),
    ("every", "90m"),
)
"""What somebody may try with a click: kind and value."""

KINDS = {name: words for name, words in forms.KINDS.items() if name != "once"}


def add_to(console: Blueprint) -> None:
    """Add the path."""
    console.add_url_rule("/playground", "playground", show)


def show() -> str:
    """The form and, if something was asked, what it means."""
    given = {"kind": "words"} | {name: value for name, value in request.args.items() if value}
    outlook, problem = outlook_of_form(given) if given.get("value") else (None, None)
    return render_template(
        "console/playground.html",
        given=given,
        kinds=KINDS,
        examples=forms.EXAMPLES,
        tries=TRIES,
        outlook=outlook,
        difference=None,
        problem=problem,
        zone=given.get("timezone"),
    )
